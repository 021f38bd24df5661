"""What codes are called on a page, in Chinese and English."""

from __future__ import annotations

import re
from typing import NamedTuple

from coig_writer.schema import Finding
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
    "duplicate_id": Label("编号重复", "same id twice"),
    "open": Label("步骤未完", "steps still open"),
    "screened_out": Label("初筛未过", "screened out"),
    "held": Label("扣下待查", "held for a person"),
    "error": Label("模型调用失败", "model call failed"),
    "incomplete": Label("缺少部分", "a part is missing"),
    "removed_by_review": Label("审阅剔除", "removed by review"),
    "sent_back_by_review": Label("审阅退回", "sent back by review"),
    "needs_refinement": Label("待修改", "needs refinement"),
    "unreviewed": Label("未经人工审阅", "not reviewed by a person"),
}

CORPUS_STAGES = {
    "read": Label("读得出", "Readable"),
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


def why(text: str) -> Label:
    """The reason of a withheld record: one line, or several that semicolons part."""
    lines = [shortfall(line) for line in text.split("; ")]
    return Label("；".join(line.zh for line in lines), "; ".join(line.en for line in lines))


def sentence(text: str) -> Label:
    """A sentence that this software says in English, in Chinese too where the table below knows it."""
    for pattern, chinese in _IN_CHINESE:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return Label(chinese.format(*found.groups()), text)
    return Label(text, text)


_IN_CHINESE = (
    (r"quotes (\d+) characters of the article", "照抄原文 {} 字"),
    (r"(\S+) of its 8-grams stand in the article", "有 {} 的八字片段见于原文"),
    (r"(\S+) of its 8-grams repeat earlier ones", "有 {} 的八字片段重复前文"),
    (r"only (\S+) of its letters are Chinese", "只有 {} 的文字是中文"),
    (r"(\d+) characters; published range of (\w+): (.+)", "{} 字；已发表的范围（{}）为 {}"),
    (r"“(.+)” does not occur in the article", "“{}”在原文中没有出现"),
    (r"takes up (\S+) of the prompt's content words; missing: (.+)", "只回应了提示中 {} 的实词，缺：{}"),
    (r"speaks of a finished text; reasoning is written before the article", "把文章当成已经写成的；思路应写在成文之前"),
    (r"the text seems to instruct the model that reads it \((.+?)\): (.+)", "文中似有写给模型的指令（{}）：{}"),
    (r"judged unusable", "判为不宜使用"),
    (r"no person has accepted it", "没有人认可过"),
    (r"nobody has scored it", "没有打过分"),
    (r"no reason was recorded", "没有记下原因"),
    (r"the record at (.+) has the same id", "与 {} 处的记录编号相同"),
)
"""English sentences of `annotate` and `dataset` as patterns, with their Chinese; a test keeps the two in step."""


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


def group(slug: str) -> Label:
    """What published figures are about: a genre, a category, or `overall`."""
    if slug == "overall":
        return Label("全部已发表数据", "all published")
    found = categories().get(slug)
    return Label(found.name_zh, found.name_en) if found else genre(slug)
