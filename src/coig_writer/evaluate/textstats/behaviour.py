"""Reasoning behaviour along a text: normal writing, deep reasoning, self-exploration, self-reflection (paper, appendix C).

The paper names the four kinds and does not say how segments were classed; these are our rules. A segment is a sentence.
It is looked at with its quotations taken out, for what a character says is not what the writer thinks:

- **self-reflection**: looks back at what was written or thought, doubts or corrects it (`不对`, `回头看`, `on second thought`);
- **self-exploration**: weighs what could be done, several ways open (`或者`, `要不要`, `what if`, `another option`), or, in
  a reasoning, asks itself a question;
- **deep reasoning**: plans, with a reason or an aim (`先`, `为了`, `应该`, `because`, `so that`) for something of the craft
  (`开头`, `读者`, `结构`, `the reader`, `the ending`);
- **normal writing**: everything else.

The first that fits in this order counts. In a reasoning one cue is enough, for deep reasoning a cue of either list. In a
response cues are words of stories as well, so there each class asks for a word of the craft in the same sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

Class = Literal["normal_writing", "deep_reasoning", "self_exploration", "self_reflection"]
CLASSES: tuple[Class, ...] = ("normal_writing", "deep_reasoning", "self_exploration", "self_reflection")
TENTHS = 10

_THOUGHT = re.compile(r"<think(?:ing)?>(.*?)(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_SENTENCE = re.compile(r"[^。！？!?\n.]*(?:[。！？!?…]+[”」』’\"]*|\n+|\.(?=\s|$)[”\"’]*\s*|\.)|[^。！？!?\n.]+")
_QUOTATION = re.compile(r"“[^”\n]*”|「[^」\n]*」|『[^』\n]*』|\"[^\"\n]*\"|《[^》\n]*》")

REFLECTION = {
    "zh": r"不对[，,。！]|等等[，,。]|等一下|回头(?:再)?看|回过头|重新(?:想|考虑|看|审视|调整)|再(?:想想|检查|核对|看一遍|读一遍)|检查一(?:下|遍)"
    r"|核对一(?:下|遍)|推敲|自问|反思|反省|刚才(?:写|想|说|那)|前面(?:写|说|提)(?:的|到|过)|上面(?:写|说)的|写(?:得|到这里).{0,6}(?:太|过|够)"
    r"|是不是(?:太|过于|有点)|会不会(?:太|过于|显得)|(?:太|过于)(?:直白|俗|刻意|煽情|平淡|啰嗦|抽象|笼统).{0,8}(?:改|换|删|不行|不好)"
    r"|(?:得|要|该|需要|应该)(?:改|删|重写|修改|调整)(?!变)|改成|删掉|不够(?:好|具体|自然|准确|有力)|我(?:发现|意识到).{0,10}(?:问题|不妥|不行|不合)",
    "en": r"\bwait\b[,—-]|\bhmm\b|\bon second thought|\blet me (?:re|check|double|revis)|\breconsider|\blooking back\b|\bre-?read"
    r"|\bactually,|\bi (?:should|need to|must) (?:check|revise|fix|rework|reconsider|cut|trim)|\btoo (?:obvious|neat|sentimental|clich"
    r"|generic|on the nose)|\bthat (?:doesn't|does not|won't) work|\bis (?:this|that|it) too\b|\bi realis?z?e (?:that )?(?:i|this|the)\b"
    r"|\bnot quite right\b|\bdouble-check|\bdid i\b|\bhave i\b",
}
EXPLORATION = {
    "zh": r"或者|要不要|要不[，,]|不如|还是说|也许(?:可以|应该|该|能)|可能(?:可以|会更)|可以(?:考虑|试|尝试|用|从|让|写|设|安排|是)|试试|尝试"
    r"|如果(?:把|用|让|写|从|换)|假如|假设|另一种|另一个(?:角度|思路|办法|写法|可能)|换(?:个|一种|一个)(?:角度|思路|写法|说法|方式)|能不能|怎么(?:写|办|处理|安排)"
    r"|写什么|选哪|哪一?种|有(?:几|两|三)(?:种|个)(?:选择|办法|写法|可能|方案)|比如说?(?:可以|让|写)|灵感|联想到|想到",
    "en": r"\bwhat if\b|\bmaybe\b|\bperhaps\b|\balternatively\b|\banother (?:option|angle|way|idea|approach|possibility)"
    r"|\b(?:i|we|it) could\b|\bcould (?:be|use|start|open|end)\b|\blet(?:'s| me) (?:try|explore|imagine|think|consider|brainstorm)"
    r"|\bone (?:option|idea|way)\b|\bor (?:maybe|perhaps|else)\b|\bhow about\b|\bpossibilit|\bexplor|\bbrainstorm",
}
REASONING = {
    "zh": r"因为|所以|因此|于是要|为了|以便|从而|这样(?:一来|才|就|能)|先|其次|首先|然后再|最后(?:再|要|用)|必须|应该|应当|需要|关键|重点|目的|意味着|要(?:写|让|把|用|有|避免|注意|突出|体现)"
    r"|不能|不要|不该|避免|打算|决定|考虑到|大忌|才(?:能|好|对|像)|正好|既.{1,12}又|不是.{1,14}而是",
    "en": r"\bbecause\b|\bso that\b|\btherefore\b|\bin order to\b|\bfirst(?:ly)?\b|\bthen\b|\bfinally\b|\bshould\b|\bmust\b|\bneeds? to\b"
    r"|\bthe (?:key|goal|aim|point|challenge)\b|\bwhich means\b|\bthis (?:way|means|lets|allows|makes)\b|\bi(?:'ll| will| want| plan)\b"
    r"|\bavoid\b|\bsince\b|\brather than\b|\binstead of\b",
}
CRAFT = {
    "zh": r"开头|开篇|结尾|收尾|结局|读者|主题|立意|结构|情节|铺垫|伏笔|悬念|叙事|叙述|视角|人称|文风|风格|语气|口吻|笔调|意象|修辞|篇幅|字数|段落|节奏|高潮|细节描写|人物(?:形象|塑造|设定)"
    r"|题目要求|用户|提示词|全篇|通篇|这篇|本文|文章|全文|写作|构思|创作|素材|押韵|平仄",
    "en": r"\breaders?\b|\bopening\b|\bending\b|\btheme\b|\bstructure\b|\bplot\b|\bpacing\b|\btone\b|\bvoice\b|\bpoint of view\b|\bnarrat(?:or|ive|ion)\b"
    r"|\bcharacters?\b|\bthe (?:user|prompt|brief|query|task)\b|\bthis (?:piece|story|poem|essay)\b|\bword (?:count|limit)\b|\bstanzas?\b|\brhym|\bimagery\b"
    r"|\bdialogue\b|\bforeshadow|\bdraft\b|\bwrit(?:e|ing)\b",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence with its class."""

    text: str
    kind: Class


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Shares of the four classes, in the order of `CLASSES`, each 0–1, weighed by characters."""

    shares: tuple[float, ...]
    along: tuple[tuple[float, ...], ...]
    """The same for each tenth of reasoning and response together; their mean is `shares`."""
    reasoned: bool
    """Whether there is a reasoning, apart from the response or marked in it."""


def parts(response: str, reasoning: str | None) -> list[tuple[str, bool]]:
    """The text in the order in which it was generated, in pieces; each with whether it is reasoning.

    Reasoning is what stands apart from the response, and what a response marks with `<think>`.
    """
    found: list[tuple[str, bool]] = [(reasoning, True)] if reasoning else []
    end = 0
    for thought in _THOUGHT.finditer(response):
        found += [(response[end : thought.start()], False), (thought.group(1), True)]
        end = thought.end()
    found.append((response[end:], False))
    return [(text, is_reasoning) for text, is_reasoning in found if text.strip()]


def segments(text: str, language: str, *, is_reasoning: bool) -> Iterator[Segment]:
    """The sentences of a text, classed; joined, they are the text."""
    craft, *cues = _patterns("zh" if language == "zh" else "en")
    if text and not is_reasoning and not craft.search(text):  # as in most stories
        yield Segment(text, "normal_writing")
        return
    for sentence in _SENTENCE.findall(text):
        yield Segment(sentence, _class_of(sentence, craft, cues, is_reasoning))


def _class_of(sentence: str, craft: re.Pattern, cues: list[re.Pattern], is_reasoning: bool) -> Class:
    bare = _QUOTATION.sub("", sentence)
    named = craft.search(bare) is not None
    if not is_reasoning and not named:
        return "normal_writing"
    reflection, exploration, reasoning = cues
    if reflection.search(bare):
        return "self_reflection"
    if exploration.search(bare) or (is_reasoning and bare.rstrip().endswith(("？", "?"))):
        return "self_exploration"
    if reasoning.search(bare):
        return "deep_reasoning"
    return "deep_reasoning" if is_reasoning and named else "normal_writing"


def behaviour(response: str, reasoning: str | None, language: str) -> Behaviour:
    """The shares of the four classes in one answer, all of it and in each tenth of its length."""
    pieces = parts(response, reasoning)
    runs = [
        (len(segment.text), CLASSES.index(segment.kind))
        for text, is_reasoning in pieces
        for segment in segments(text, language, is_reasoning=is_reasoning)
    ]
    along = _tenths(runs)
    return Behaviour(
        shares=tuple(float(value) for value in along.mean(axis=0)),
        along=tuple(tuple(float(value) for value in tenth) for tenth in along),
        reasoned=any(is_reasoning for _, is_reasoning in pieces),
    )


def _tenths(runs: list[tuple[int, int]]) -> np.ndarray:
    """Share of each class in each tenth, shape (10, 4); a run that crosses a border counts on both sides.

    Args:
        runs: (characters, class) in order.
    """
    total = sum(length for length, _ in runs)
    found = np.zeros((TENTHS, len(CLASSES)))
    if not total:
        found[:, 0] = 1
        return found
    place = 0.0
    for length, kind in runs:
        start, place = place, place + length * TENTHS / total
        for tenth in range(int(start), min(TENTHS, int(np.ceil(place - 1e-9)))):
            found[tenth, kind] += max(0.0, min(place, tenth + 1) - max(start, tenth))
    return found / found.sum(axis=1, keepdims=True)


def _patterns(language: str) -> list[re.Pattern]:
    """Craft, reflection, exploration, reasoning."""
    return [re.compile(each[language], re.IGNORECASE) for each in (CRAFT, REFLECTION, EXPLORATION, REASONING)]
