"""What the findings of an audit say, in plain words: what it is, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from coig_writer.dataset.findings import AuditFinding, Severity
from coig_writer.report import labels
from coig_writer.report.labels import Label

SEVERITIES = {
    Severity.SERIOUS: Label("严重", "serious"),
    Severity.WEAK: Label("薄弱", "weak"),
    Severity.NOTE: Label("提请注意", "note"),
}
NAMES = {
    "platform": Label("平台", "platform"),
    "month": Label("发表月份", "month of publication"),
    "author": Label("作者", "author"),
}
ATTRIBUTES = {
    "gender": Label("性别", "gender"),
    "sexuality": Label("性取向", "sexuality"),
    "ethnicity": Label("民族与种族", "ethnicity"),
    "religion": Label("宗教", "religion"),
    "region": Label("地域与户籍", "regional origin"),
    "disability": Label("残障", "disability"),
    "health": Label("疾病与心理", "illness"),
    "age": Label("年龄", "age"),
    "class": Label("贫富与阶层", "class"),
}


class Words(NamedTuple):
    """One finding as people read it."""

    what: Label
    why: Label
    remedy: Label


def words(finding: AuditFinding) -> Words:
    """The finding in plain words."""
    return _RULES[finding.rule](finding.figures)


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _category_short(f: Mapping[str, Any]) -> Words:
    name = labels.group(f["category"])
    return Words(
        Label(
            f"“{name.zh}”类只有 {f['count']} 个三元组，应当至少 {f['least']} 个。",
            f"The category {name.en} has {f['count']} triplets and should have at least {f['least']}.",
        ),
        Label(
            "类别太小，在它上面得出的任何结论都站不住。", "With so few, nothing can be concluded about this category."
        ),
        Label(f"再收 {f['missing']} 个。", f"Collect {f['missing']} more."),
    )


def _genres_short(f: Mapping[str, Any]) -> Words:
    none = f["absent"]
    absent = Label(f"，其中 {none} 种一个也没有", f", {none} of them none at all") if none else Label("", "")
    return Words(
        Label(
            f"{f['genres']} 种体裁不到 {f['least']} 个{absent.zh}。",
            f"{f['genres']} genres have fewer than {f['least']} triplets{absent.en}.",
        ),
        Label(
            "论文只要求每一类够数，不要求每种体裁；这里列出来供选题参考。",
            "The paper asks it of categories, not of genres; the list helps to choose what to collect.",
        ),
        Label(
            f"若要每种都够，共缺 {f['missing']} 个；明细见“体裁”一节。",
            f"To fill all of them takes {f['missing']} more; the section on genres lists them.",
        ),
    )


def _unrecorded(f: Mapping[str, Any]) -> Words:
    name = NAMES[f["of"]]
    return Words(
        Label(
            f"{percent(f['share'])} 的作品没有记下{name.zh}。",
            f"For {percent(f['share'])} of the articles no {name.en} is recorded.",
        ),
        Label("不知道来源，就看不出数据是否偏于一处。", "What is not recorded cannot be shown to be balanced."),
        Label(
            f"补上{name.zh}，或在数据卡里写明缺失。", f"Record the {name.en}, or say in the card that it is missing."
        ),
    )


def _concentrated(f: Mapping[str, Any]) -> Words:
    name = NAMES[f["of"]]
    return Words(
        Label(
            f"一个{name.zh}（{f['name']}）占了 {percent(f['share'])}，上限是 {percent(f['limit'])}。",
            f"One {name.en} ({f['name']}) holds {percent(f['share'])}; the limit is {percent(f['limit'])}.",
        ),
        Label(
            f"共 {f['names']} 个{name.zh}，实际相当于均匀的 {f['effective']:.1f} 个（基尼系数 {f['gini']:.2f}）。",
            f"There are {f['names']} in all, worth {f['effective']:.1f} even ones (Gini {f['gini']:.2f}).",
        )
        if f["names"] > 1
        else Label("别的一个也没有。", "There is no other."),
        Label("补充别处的作品，或从这一处少取。", "Add articles from elsewhere, or take fewer from there."),
    )


def _uniform_genre(f: Mapping[str, Any]) -> Words:
    name = labels.genre(f["genre"])
    return Words(
        Label(
            f"“{name.zh}”的 {f['count']} 篇作品用字很相近（平均距离 {f['distance']:.3f}）。",
            f"The {f['count']} articles of {name.en} are much alike in wording (mean distance {f['distance']:.3f}).",
        ),
        Label(f"不同体裁之间的平均距离是 {f['across']:.3f}。", f"Between different genres it is {f['across']:.3f}."),
        Label(
            "看看是否出自同一模板或同一作者，换进写法不同的。",
            "See whether they share a template or an author; add some written otherwise.",
        ),
    )


def _near_copies(f: Mapping[str, Any]) -> Words:
    part = labels.PARTS[f["part"]]
    return Words(
        Label(
            f"{f['triplets']} 个三元组的{part.zh}彼此近似，分成 {f['clusters']} 组，最大一组 {f['largest']} 个。",
            f"{f['triplets']} triplets share nearly the same {part.en.lower()} with another "
            f"(groups: {f['clusters']}, the largest of {f['largest']}).",
        ),
        Label(
            "近似的文本会让模型背诵，也会使训练集与测试集相互泄漏。",
            "Near copies are learnt by heart, and leak from training into test sets.",
        ),
        Label("每组留一个，其余删去或改写。", "Keep one of each group; drop or rewrite the others."),
    )


def _shared_openings(f: Mapping[str, Any]) -> Words:
    return Words(
        Label(
            f"{percent(f['share'])} 的思路用了别的思路也用的开头（前十字相同，至少 {f['least']} 篇）。",
            f"{percent(f['share'])} of the reasonings begin as at least {f['least'] - 1} others do, "
            "by their first ten characters.",
        ),
        Label(
            "千篇一律的开头说明思路是套出来的，不是想出来的。",
            "A common opening shows that the reasoning was poured into a form, not thought.",
        ),
        Label("改写这些开头，或换一种起草的提示。", "Rewrite these openings, or draft with another template."),
    )


def _repeated_wording(f: Mapping[str, Any]) -> Words:
    return Words(
        Label(
            f"平均每篇思路有 {percent(f['share'])} 的字句（十二字以上）也见于另外至少 {f['least'] - 1} 篇。",
            f"On average {percent(f['share'])} of a reasoning, in runs of twelve characters, "
            f"also stands in at least {f['least'] - 1} others.",
        ),
        Label("模型会学到这些套话，而不是怎样思考。", "A model learns these phrases instead of how to think."),
        Label("删去或改写下列套话。", "Remove or reword the phrases below."),
    )


def _derogatory(f: Mapping[str, Any]) -> Words:
    name = ATTRIBUTES[f["attribute"]]
    return Words(
        Label(
            f"{f['derogatory']} 个三元组里有涉及{name.zh}的贬称。",
            f"{f['derogatory']} triplets have words that put people down for {name.en}.",
        ),
        Label(
            "人物可以这样说话，但叙述者与思路不该这样。", "A character may speak so; narrator and reasoning should not."
        ),
        Label("逐一读过，再决定留改。", "Read each, then keep or change it."),
    )


def _sensitive(f: Mapping[str, Any]) -> Words:
    name = ATTRIBUTES[f["most"]]
    return Words(
        Label(
            f"文中提到 {f['attributes']} 类敏感属性，最多的是{name.zh}（{f['triplets']} 个三元组）。",
            f"Sensitive attributes spoken of: {f['attributes']}, the most often {name.en} ({f['triplets']} triplets).",
        ),
        Label(
            "提到并不是毛病；数目供人决定要读哪些。",
            "To speak of them is no fault; the counts help to decide what to read.",
        ),
        Label("抽读，看有没有成见。", "Read a sample and look for stereotypes."),
    )


_RULES: dict[str, Callable[[Mapping[str, Any]], Words]] = {
    "category_short": _category_short,
    "genres_short": _genres_short,
    "unrecorded": _unrecorded,
    "concentrated": _concentrated,
    "uniform_genre": _uniform_genre,
    "near_copies": _near_copies,
    "shared_openings": _shared_openings,
    "repeated_wording": _repeated_wording,
    "derogatory": _derogatory,
    "sensitive": _sensitive,
}
