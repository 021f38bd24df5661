"""What codes are called on a page, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from coig_writer.dataset.counts import OUTSIDE
from coig_writer.schema import Constraints, Finding
from coig_writer.taxonomy import categories, genres


class Label(NamedTuple):
    """One thing's name in both languages."""

    zh: str
    en: str


DIMENSIONS = {
    "article_quality": Label("作品质量", "Article quality"),
    "article_creativity": Label("作品创意", "Article creativity"),
    "prompt_quality": Label("提示质量", "Prompt quality"),
    "prompt_creativity": Label("提示创意", "Prompt creativity"),
    "reasoning_quality": Label("思路质量", "Reasoning quality"),
    "reasoning_creativity": Label("思路创意", "Reasoning creativity"),
}

PARTS = {
    "article": Label("作品", "Article"),
    "prompt": Label("提示", "Prompt"),
    "reasoning": Label("思路", "Reasoning"),
    "triplet": Label("整组", "Triplet"),
}

WITHHELD = {
    "retracted": Label("已撤下", "taken down"),
    "duplicate_id": Label("编号重复", "same id twice"),
    "open": Label("步骤未完", "steps still open"),
    "screened_out": Label("初筛未过", "screened out"),
    "held": Label("留待人工查看", "held for a person"),
    "error": Label("模型调用失败", "model call failed"),
    "incomplete": Label("缺少部分", "a part is missing"),
    "removed_by_review": Label("审阅剔除", "removed by review"),
    "sent_back_by_review": Label("审阅退回", "sent back by review"),
    "needs_refinement": Label("待修改", "needs refinement"),
    "unreviewed": Label("未经人工审阅", "not reviewed by a person"),
}

CORPUS_STAGES = {
    "read": Label("可读取", "Readable"),
    "clean": Label("清洗后", "After cleaning"),
    "assess": Label("五项评估后", "After assessment"),
    "dates": Label("日期合格", "Dates in order"),
    "personal": Label("个人信息处理后", "After personal data"),
    "engagement": Label("互动达标", "After engagement"),
    "sources": Label("来源不重复", "Sources distinct"),
    "duplicates": Label("去重后", "After de-duplication"),
}
"""What is left after each stage of the corpus."""

CORPUS_REASONS = {
    "unreadable-file": Label("文件打不开", "unreadable file"),
    "empty-file": Label("空文件", "empty file"),
    "binary-file": Label("不是文本", "not text"),
    "broken-record": Label("记录损坏", "broken record"),
    "too-large": Label("记录过大", "record too large"),
    "no-text-column": Label("无正文列", "no text column"),
    "no-text": Label("无正文", "no text"),
    "too-short": Label("过短", "too short"),
    "too-long": Label("过长", "too long"),
    "language": Label("语言不符", "other language"),
    "cut-off": Label("结尾残缺", "cut off"),
    "to-be-continued": Label("未完待续", "to be continued"),
    "paywall": Label("付费墙", "paywall"),
    "missing-head": Label("缺开头", "missing head"),
    "unsegmented": Label("不分段", "no paragraphs"),
    "markup": Label("残留标记", "leftover markup"),
    "boilerplate": Label("站点套话", "boilerplate"),
    "contents-page": Label("目录页", "table of contents"),
    "advertisement": Label("广告", "advertisement"),
    "replacement-characters": Label("解码丢字", "characters lost"),
    "lacunae": Label("缺字", "missing characters"),
    "garbled": Label("乱码", "garbled"),
    "repeated-run": Label("连续重复", "repeated run"),
    "unpaired-punctuation": Label("标点不成对", "unpaired punctuation"),
    "no-punctuation": Label("无标点", "no punctuation"),
    "wrong-punctuation": Label("标点不规范", "wrong punctuation"),
    "mixed-encodings": Label("编码混杂", "mixed encodings"),
    "repeated-paragraphs": Label("段落重复", "repeated paragraphs"),
    "chapter-order": Label("章次矛盾", "chapter order"),
    "partial-work": Label("只有后续章节", "partial work"),
    "cliches": Label("套语过密", "clichés"),
    "template": Label("未填的模板", "unfilled template"),
    "low-variety": Label("用字单调", "low variety"),
    "undated": Label("无日期", "undated"),
    "too-old": Label("早于期限", "too old"),
    "future-date": Label("日期在未来", "future date"),
    "dates-disagree": Label("日期互相矛盾", "dates disagree"),
    "personal-data": Label("含个人信息", "personal data"),
    "low-engagement": Label("互动过低", "low engagement"),
    "duplicate-url": Label("网址重复", "same URL"),
    "duplicate": Label("全文重复", "duplicate"),
    "near-duplicate": Label("近似重复", "near-duplicate"),
}

STEPS = {
    "screen": Label("初筛", "Screen"),
    "analyse": Label("分析作品", "Analyse the article"),
    "draft_prompt": Label("起草提示", "Draft the prompt"),
    "match": Label("对读提示与作品", "Match prompt and article"),
    "draft_reasoning": Label("起草思路", "Draft the reasoning"),
    "check": Label("核对三者", "Check coherence"),
    "score_article": Label("给作品打分", "Score the article"),
    "score_prompt": Label("给提示打分", "Score the prompt"),
    "score_reasoning": Label("给思路打分", "Score the reasoning"),
}

RULES = {
    "quoted-span": Label("照抄原文", "quotes the article"),
    "overlap": Label("与原文重合过多", "overlaps the article"),
    "not-in-article": Label("原文没有的事物", "not in the article"),
    "length": Label("篇幅", "length"),
    "language": Label("语言", "language"),
    "task-echo": Label("照搬起草的指示", "repeats the drafting task"),
    "chat-talk": Label("对提问人说的客套话", "talks like a chat model"),
    "past-tense": Label("把作品当成已写成", "speaks of the article as written"),
    "repetition": Label("自我重复", "repeats itself"),
    "unmet-requirements": Label("没有回应提示的要求", "leaves requirements unanswered"),
}


def named(names: dict[str, Label], code: str) -> Label:
    """The label of `code`, or the code itself where it has none."""
    return names.get(code, Label(code.replace("-", " ").replace("_", " "), code.replace("-", " ").replace("_", " ")))


def finding(found: Finding) -> Label:
    """Which rule a finding breaks, and in which part."""
    part, rule = named(PARTS, found.part), named(RULES, found.rule)
    return Label(f"{part.zh}：{rule.zh}", f"{part.en}: {rule.en}")


def shortfall(line: str) -> Label:
    """A line of `Scores.shortfalls` or of a screening with its dimension named; any other line as `sentence`."""
    short = re.fullmatch(r"(\w+) (\d+) < (\d+)", line)
    if not short or short[1] not in _MEASURED:
        return sentence(line)
    label, value, least = _MEASURED[short[1]], short[2], short[3]
    return Label(f"{label.zh} {value}，门槛 {least}", f"{label.en} {value}, needs {least}")


_MEASURED = {
    **DIMENSIONS,
    "sum": Label("六项之和", "Sum of six"),
    "quality": Label("初筛质量", "Quality at screening"),
    "creativity": Label("初筛创意", "Creativity at screening"),
}


def rater(by: str) -> Label:
    """Who gave a score, readable: `llm:MODEL@HASH` or `human:HANDLE`."""
    kind, _, name = by.partition(":")
    if kind == "human":
        return Label(f"人工审阅者 {name}", f"Person {name}")
    model, _, template = name.rpartition("@")
    return Label(f"模型 {model}（模板 {template[:8]}）", f"Model {model} (template {template[:8]})")


def genre(slug: str) -> Label:
    """A genre's name; an unknown slug stays as it is."""
    found = genres().get(slug)
    return Label(found.name_zh, found.name_en) if found else Label(slug, slug)


ALL = Label("合计", "All")


def group(slug: str) -> Label:
    """What published figures are about: a genre, a category, or `overall`."""
    if slug == "overall":
        return Label("全部已发表数据", "all published")
    if slug == OUTSIDE.slug:
        return Label(OUTSIDE.name_zh, OUTSIDE.name_en)
    found = categories().get(slug)
    return Label(found.name_zh, found.name_en) if found else genre(slug)


def why(text: str) -> Label:
    """The reason of a withheld record: one line, or several that semicolons part."""
    lines = [shortfall(line) for line in re.split(r"; (?!missing: )", text)]
    return Label("；".join(line.zh for line in lines), "; ".join(line.en for line in lines))


def sentence(text: str) -> Label:
    """A sentence that this software says in English, in Chinese too where the table below knows it."""
    for pattern, chinese in _IN_CHINESE:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return _filled(found, chinese)
    return Label(text, text)


def _filled(found: re.Match[str], chinese: str) -> Label:
    """Both wordings of a sentence, each with the parts that have names of their own called by them."""
    names = {number: name for name, number in found.re.groupindex.items()}
    parts = [
        _PARTS_OF_SENTENCES[names[number]](part) if number in names else Label(part, part)
        for number, part in enumerate(found.groups(), 1)
    ]
    english, end = "", 0
    for number, part in enumerate(parts, 1):
        english += found.string[end : found.start(number)] + part.en
        end = found.end(number)
    return Label(chinese.format(*(part.zh for part in parts)), english + found.string[end:])


INSTRUCTIONS = {
    "asks the reader model for a mark": Label("向读它的模型要分", "asks the reader model for a mark"),
    "asks the judge for a mark": Label("向评审要分", "asks the judge for a mark"),
    "asks for a mark for the text itself": Label("替文章自己要分", "asks for a mark for the text itself"),
    "sets rules aside": Label("要求抛开规则", "sets rules aside"),
    "gives the reader a new role": Label("给模型另派角色", "gives the reader a new role"),
    "dictates an answer": Label("规定答案", "dictates an answer"),
    "imitates a chat format": Label("冒充对话格式", "imitates a chat format"),
    "closes a fence": Label("冒充材料的界线", "closes a fence"),
}
"""Kinds of sentences that instruct the model."""

DEFECTS = {
    "广告": Label("广告", "an advertisement"),
    "残篇": Label("残篇", "a fragment"),
    "套话": Label("套话", "stock phrases"),
}
"""What the screen finds wrong with an unusable text."""

_LACKING = {"prompt": PARTS["prompt"], "reasoning": PARTS["reasoning"], "genre": Label("体裁", "genre")}


def _lacking(text: str) -> Label:
    names = [named(_LACKING, name) for name in text.split(" and no ")]
    return Label("、".join(name.zh for name in names), text)


_PARTS_OF_SENTENCES: dict[str, Callable[[str], Label]] = {
    "part": lambda text: named(PARTS, text),
    "step": lambda text: named(STEPS, text),
    "kind": lambda text: named(INSTRUCTIONS, text),
    "defect": lambda text: named(DEFECTS, text),
    "group": group,
    "lacking": _lacking,
    "rest": sentence,
}
"""What the named groups of the patterns below hold; a group without a name stays as it is."""

_IN_CHINESE = (
    # checks and gate of `annotate`
    (r"quotes (\d+) characters of the article", "照抄原文 {} 字"),
    (r"repeats (\d+) characters of the task it was drafted by", "照搬起草的指示 {} 字"),
    (r"talks to the person who asked, as a chat model does", "对提问人说客套话"),
    (r"(\S+) of its 8-grams stand in the article", "有 {} 的八字片段见于原文"),
    (r"(\S+) of its (\d)-grams repeat earlier ones", "有 {} 的 {} 字片段重复前文"),
    (r"only (\S+) of its letters are Chinese", "只有 {} 的文字是中文"),
    (r"(\d+) characters; published range of (?P<group>\w+): (.+)", "{} 字；已发表的范围（{}）为 {}"),
    (r"“(.+)” does not occur in the article", "“{}”在原文中没有出现"),
    (r"takes up (\S+) of the prompt's content words; missing: (.+)", "只回应了提示中 {} 的实词，缺：{}"),
    (r"speaks of a finished text; reasoning is written before the article", "把文章当成已经写成的；思路应写在成文之前"),
    (r"the model finds that the triplet does not hold together: (.+)", "模型认为三者不相合：{}"),
    # screen
    (r"the text seems to instruct the model that reads it \((?P<kind>.+?)\)", "文中似有写给模型的指令（{}）"),
    (r"the text seems to instruct the model that reads it \((?P<kind>.+?)\): (.+)", "文中似有写给模型的指令（{}）：{}"),
    (r"judged unusable", "判为不宜使用"),
    (r"judged unusable \((?P<defect>.+)\)", "判为不宜使用（{}）"),
    # `dataset`
    (r"no person has accepted it", "没有人认可过"),
    (r"nobody has scored it", "没有打过分"),
    (r"no reason was recorded", "没有记下原因"),
    (r"the record at (.+) has the same id", "与 {} 处的记录编号相同"),
    (r"the draft has no (?P<lacking>.+)", "草稿缺{}"),
    (r"unknown genre ['\"](.+?)['\"]\. .+", "体裁表里没有“{}”"),
    (r"(\S+) decided so in round (\d+)", "{} 在第 {} 轮如此决定"),
    # calls that failed
    (r"the answer was cut off at the token limit", "答案超出词元上限，被截断"),
    (r"the answer is empty", "答案是空的"),
    (r"the answer repeats an instruction from the text", "答案重复了文中写给模型的指令"),
    (r"no JSON object in the answer", "答案里没有 JSON"),
    (r"(\d+) different JSON objects where one was asked for", "只要一个 JSON 对象，却给了 {} 个不同的"),
    (r"the JSON in the answer is broken beyond repair", "答案里的 JSON 残缺，无法修复"),
    (r"(\w+): named twice,? .+", "答案把 {} 说了两遍"),
    (
        r"([\w.]+): ((?:Input|String|List|Value) should .+|Field required|Extra inputs .+)",
        "答案的 {} 不合要求（{}）",
    ),
    (r"no answer within (\S+) s", "{} 秒内没有答复"),
    (r"cannot connect: (.+)", "连接不上：{}"),
    (r"the host name (.+) is not known", "找不到主机 {}"),
    (r"the connection broke: (.+)", "连接中断：{}"),
    (r"the server closed the connection before the answer was whole", "服务器没有答完就断开了连接"),
    (r"the stream ended before the answer did", "答案没有传完"),
    (r"half a response: its JSON is broken", "答复残缺，JSON 不完整"),
    (r"the response (?:is not a JSON object|holds no answer)", "答复里没有答案"),
    (r"the server answered with a web page", "服务器答复的是网页"),
    (r"the server answered (\d+): (.+)", "服务器答复 {}：{}"),
    (r"the server refused: (.+)", "服务器拒绝回答：{}"),
    # where a sentence is about a part or a step
    (r"(?P<part>prompt|reasoning|triplet): (?P<rest>.+)", "{}：{}"),
    (rf"(?P<step>{'|'.join(STEPS)}): (?P<rest>.+)", "{}：{}"),
)
"""English sentences of `annotate`, `dataset` and `llm` as patterns, with their Chinese; tests keep them in step."""

FLAGS = {
    "empty": ("空", "empty"),
    "refusal": ("拒答", "refusal"),
    "cut-off": ("被截断", "cut off"),
    "repetition": ("结尾打转", "endless repetition"),
}
"""What is odd about an answer."""

CHALLENGES = {
    "meta_commentary": ("点评名篇", "commentary on a known story"),
    "rhyme": ("押韵", "rhyme"),
    "tonal_pattern": ("平仄", "tonal pattern"),
    "fixed_narrator": ("限定口吻", "fixed narrator"),
    "forbidden_word": ("禁用字词", "forbidden words"),
    "prepared_twist": ("有伏笔的转折", "a prepared twist"),
    "wordplay": ("谐音双关", "wordplay"),
    "crazy_literature": ("发疯文学", "a rant out of hand"),
    "dialect": ("方言", "dialect"),
    "exact_sections": ("节数限定", "exact sections"),
    "mixed_registers": ("语体混用", "mixed registers"),
}


def constraint_labels(asked: Constraints) -> list[tuple[str, str]]:
    """A query's constraints in words, one each."""
    made: list[tuple[str, str]] = []
    if (length := asked.length) is not None:
        span = f"{length.min or 0}–{length.max}" if length.max else f"≥ {length.min}"
        zh, en = ("字", "characters") if length.unit == "characters" else ("词", "words")
        made.append((f"{span} {zh}", f"{span} {en}"))
    if (form := asked.form) is not None:
        numbers = [
            (form.sections, "节", "sections"),
            (form.lines, "行", "lines"),
            (form.line_length, "字一行", "a line"),
        ]
        parts = [(f"{number} {zh}", f"{number} {en}") for number, zh, en in numbers if number]
        parts += [("押韵", "rhymed")] if form.rhyme else []
        parts += [("合平仄", "tonal")] if form.tones else []
        made.append(
            ("，".join([form.name, *(zh for zh, _ in parts)]), ", ".join([form.name, *(en for _, en in parts)]))
        )
    made += [(f"风格：{asked.style}", f"style: {asked.style}")] if asked.style else []
    made += [(f"主题：{asked.theme}", f"theme: {asked.theme}")] if asked.theme else []
    made += [(f"须有“{word}”", f"with “{word}”") for word in asked.must_include]
    made += [(f"不得有“{word}”", f"without “{word}”") for word in asked.must_avoid]
    return made
