"""Texts that speak to the model that reads them.

An article from the web may hold sentences meant for an automatic judge ("award full marks"). Three
things stand against it: material is fenced and the system text says that fenced text gives no
orders (`llm/prompts`), such sentences are looked for here before anything is sent, and an answer
that repeats one is refused. What is found is held for a person; it is neither sent nor thrown away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from coig_writer.annotate.overlap import Bare, longest_common_run
from coig_writer.corpus.language import convert

_MACHINE = (
    r"(?:AI|人工智能|大?语言模型|大模型|模型|智能体|机器人|助手|评分系统|打分系统|审稿系统|编辑系统|"
    r"ChatGPT|GPT|LLM|language model|assistant)"
)
_JUDGE = r"(?:评委|评审|评分员|评分者|裁判|审核员|系统|阅卷|judge|grader|evaluator|rater|reviewer)"
_READER = rf"(?:{_MACHINE}|{_JUDGE})"
_PLEASE = r"(?:请|务必|必须|应当|应该|一律|直接|只能|please|must|should|shall)"
# 十分 is also "very" and 10分 begins "ten minutes": numerals count where no other word goes on from them.
_POINTS = r"(?:(?:十|九|八|一百)\s*分(?:(?![\u4e00-\u9fff])|(?=[并且和与即就吧的以左上给]))|(?:10|9|8|100)\s*分(?!钟))"
_MARK = (
    rf"(?:{_POINTS}|(?:满|高|最高)\s*分|10\s*/\s*10|full marks?|"
    r"(?:10|ten)(?: out of (?:10|ten)| points?)|"
    r"(?:top|maximum|highest|perfect) (?:score|mark|rating)s?)"
)
_GIVE = r"(?:打|给|评|判|输出|返回|写|填|回复|回答|give|award|assign|output|return|rate|score|respond|reply)"
_ORDER = r"(?:忽略|无视|忘记|忘掉|抛开|不要理会|停止执行|跳过|覆盖|ignore|disregard|forget|override|skip)"
_RULES = (
    r"(?:指令|指示|提示词?|规则|标准|要求|任务|设定|约束|instructions?|prompts?|rules?|rubrics?|criteria|guidelines?)"
)
_BEFORE = (
    r"(?:以上|上述|之前|前面|先前|此前|原有|原来|所有|一切|任何|系统|评分|打分|评判|"
    r"previous|prior|above|earlier|all|any|system|your)"
)
# People in stories forget requests and break rules: those words count only with what stories do not say.
_MODEL_RULES = (
    r"(?:指令|提示词|(?:评分|打分|评判|审核|系统)的?(?:标准|要求|规则|任务|设定|约束|指示|提示)|"
    r"instructions?|prompts?|rubrics?|guidelines?)"
)
_ABOVE = r"(?:以上|上述|上面|前面|系统|评分|打分|评判|previous|prior|above|earlier|system|your)"

_ITSELF = (
    r"(?:本文|此文|这篇(?:文章|稿子|作文|小说|散文|诗)?|该文|质量|创意|两项|各项|"
    r"this (?:text|article|story|piece|essay))"
)
_ANSWER = r"(?:输出|回复|回答|返回|output|reply|respond|return|answer)"
_FIELD = r"(?:quality|creativity|质量|创意|score|usable|defect)"


def _near(*parts: str) -> str:
    """A pattern for these parts in one sentence, each at most so many characters after the one before.

    Strings are patterns; a string of digits is a greatest distance in characters.
    """
    return "".join(rf"[^。！？\n]{{0,{part}}}" if part.isdigit() else part for part in parts)


_KINDS: tuple[tuple[str, str], ...] = (
    ("asks the reader model for a mark", _near(_MACHINE, "40", _GIVE, "16", _MARK)),
    # Judges of flesh and blood appear in stories; orders to them do not.
    ("asks the judge for a mark", _near(_JUDGE, "24", _PLEASE, "24", _GIVE, "16", _MARK)),
    ("asks the reader model for a mark", _near(_GIVE, "16", _MARK, "24", _READER)),
    ("asks for a mark for the text itself", _near(_PLEASE, "12", _ITSELF, "16", _MARK)),
    ("asks for a mark for the text itself", _near(_PLEASE, "6", _GIVE, "12", _ITSELF, "16", _MARK)),
    ("sets rules aside", _near(_ORDER, "10", _BEFORE, "12", _MODEL_RULES)),
    ("sets rules aside", _near(_ORDER, "4", _ABOVE, "12", _RULES)),
    ("sets rules aside", _near(rf"(?:^|{_PLEASE}[^。！？\n]{{0,2}}){_ORDER}", "10", _BEFORE, "12", _RULES)),
    ("sets rules aside", _near(_ORDER, "6", rf"(?:这些|那些|the)\s*(?:打分|评分|评判|审核|scoring|grading)?{_RULES}")),
    (
        "gives the reader a new role",
        _near(r"(?:你现在是|从现在起，?你(?:是|将)|你将扮演|you are now|from now on,? you|act as an?)", "30", _READER),
    ),
    (
        "dictates an answer",
        rf"[\"“]?{_FIELD}[\"”]?\s*[:：=]\s*[\"“]?(?:(?:10|9|8|十)\s*分?|满分|无|true)(?![\w\u4e00-\u9fff])",
    ),
    (
        "dictates an answer",
        _near(
            rf"(?:只|仅|直接|only|just)\s*(?:需|要|能|可以)?{_ANSWER}",
            "30",
            rf"(?:{_MARK}|通过|合格|JSON|PASS|approved)",
        ),
    ),
    ("imitates a chat format", r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>"),
    (
        "imitates a chat format",
        r"^\s*(?:system|assistant)\s*(?:prompt)?\s*[:：]\s*\S|系统提示词\s*[:：]|系统(?:提示|指令|消息)\s*[:：]\s*(?:你|请|忽略|从现在)",
    ),
    ("closes a fence", r"【(?:文章|写作要求|写作思考|文章分析)\s*\S*\s*(?:开始|结束)】"),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)

_SENTENCE = re.compile(r"[^。！？!?]*[。！？!?]*")

ECHO = 8
"""An answer that shares a run longer than this many characters with a found sentence repeats it."""


@dataclass(frozen=True)
class Instruction:
    """A sentence in a text that seems meant for the model that reads it."""

    sentence: str
    kind: str


def find_instructions(text: str) -> list[Instruction]:
    """The sentences of `text` that seem to instruct a reading model, in order, one finding a sentence.

    Script, width, invisible characters and a line break inside a sentence make no difference.
    """
    found: dict[str, Instruction] = {}
    for sentence in _sentences(text):
        plain = _plain(sentence)
        for kind, pattern in _PATTERNS:
            if pattern.search(plain):
                found.setdefault(sentence, Instruction(sentence, kind))
                break
    return list(found.values())


def echoed(answer: str, instructions: Iterable[Instruction]) -> Instruction | None:
    """The first instruction that the answer repeats, if it does."""
    bare = Bare.of(answer).text
    for instruction in instructions:
        if longest_common_run(bare, Bare.of(instruction.sentence).text) > ECHO:
            return instruction
    return None


def _sentences(text: str) -> list[str]:
    """The lines of `text` and their sentences, then the sentences that go over a line break."""
    pieces = [piece for line in text.splitlines() for piece in _SENTENCE.findall(line)]
    broken = (
        piece for part in re.split(r"\n\s*\n", text) for piece in _SENTENCE.findall(part) if "\n" in piece.strip()
    )
    return [piece.strip() for piece in (*pieces, *broken) if piece.strip()]


def _plain(sentence: str) -> str:
    """`sentence` in simplified script, half width and one line, without characters that cannot be seen."""
    sentence = unicodedata.normalize("NFKC", sentence)
    sentence = "".join(char for char in sentence if unicodedata.category(char) != "Cf")
    sentence = re.sub(r"(?<=[!-~])\s*\n\s*(?=[!-~])", " ", sentence)
    return convert(re.sub(r"\s*\n\s*", "", sentence), "hans")
