"""Creativity, as far as it shows cheaply: stock phrases, forms with blanks, and how varied the wording is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from coig_writer.corpus.findings import PLAIN, SERIOUS, Finding, Text, any_of, quote
from coig_writer.corpus.settings import CorpusSettings

_CLICHES = any_of(
    r"""
    随着(?:社会|时代|科技|经济|互联网|生活水平)的?(?:不断|快速|飞速|高速)?(?:发展|进步|提高)
    在当今(?:社会|时代|这个) 众所周知 综上所述 总而言之 总的来说 由此可见 毋庸置疑 光阴似箭 岁月如梭 时光荏苒
    白驹过隙 日月如梭 转眼之间 不忘初心 砥砺前行 携手共进 共创(?:美好|辉煌) 谱写[^，。]{0,8}篇章 再创(?:佳绩|辉煌)
    迈上新(?:的)?台阶 取得了(?:显著|优异|可喜|丰硕)的?(?:成绩|成效|成果) 具有(?:重要|深远|重大)的?(?:意义|作用|影响)
    发挥(?:着)?(?:重要|积极)的?作用 起到了?(?:重要|关键|积极)的?作用 (?:不可或缺|必不可少)的(?:一)?部分
    让我们(?:一起|携手|共同) 相信(?:在)?不久的将来 (?:明天|未来)(?:一定)?会更(?:加)?美好 值得(?:一提|注意)的是
    五味杂陈 百感交集 热泪盈眶 心潮澎湃 意味深长 耐人寻味 给(?:我)?留下了?(?:深刻|难忘)的?印象
    使我(?:受益匪浅|深受启发|明白了) 从中(?:学到|懂得|明白)了?(?:很多|许多)? 不仅仅是[^，。]{1,15}[，,]?更是 小编
    一起来(?:看看|了解) 那么(?:问题来了|到底) (?:全面|大力|切实|不断)(?:推进|加强|提升|落实|深化) 高度重视
    统筹(?:推进|兼顾) 赋能|抓手|闭环 奠定了?(?:坚实)?的?基础 注入(?:了)?新的?(?:活力|动力)
    (?:宝贵|巨大)的?(?:财富|贡献)
    """
)
_BLANKS_TO_FILL = any_of(
    r"""
    [XxＸ×]{2,}(?:公司|学校|市|省|县|先生|女士|同学|老师|部门|单位|年|月|日|大学|同志)
    [（(\[【](?:姓名|公司名?称?|日期|地址|填写|此处|你的名字|品牌名?)[^)）\]】]{0,10}[)）\]】] _{4,} 某某某?
    """
)
_WINDOW = 500
_REFRAINS = 0.7
"""Songs may repeat themselves: their least variety is this part of the setting."""


def findings(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    """What makes a text read like many others."""
    yield from _cliches(text, settings)
    yield from _template(text)
    yield from _monotony(text, settings)


def variety(text: str) -> float:
    """Share of distinct character pairs among all pairs, 0–1: the mean over windows of 500 characters.

    Equal windows make long and short texts comparable; a text of less than one window is taken as it is.
    """
    bare = "".join(text.split())
    windows = [bare[at : at + _WINDOW] for at in range(0, max(1, len(bare) - _WINDOW + 1), _WINDOW)]
    shares = [len(set(pairwise(part))) / max(1, len(part) - 1) for part in windows]
    return sum(shares) / len(shares)


def _cliches(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    found = list(_CLICHES.finditer(text.text))
    density = text.density(len(found))
    if len(found) < 4 or density < settings.cliche_density / 2:
        return
    weight = SERIOUS if density >= settings.cliche_density else PLAIN
    examples = "、".join(dict.fromkeys(match[0] for match in found[:5]))
    detail = f"{len(found)} stock phrases, {density:.1f} per 1,000 characters: {examples}"
    yield Finding("cliches", weight, detail, quote(text.text, *found[0].span()))


def _template(text: Text) -> Iterator[Finding]:
    found = list(_BLANKS_TO_FILL.finditer(text.text))
    if len(found) >= 2:
        weight = SERIOUS if len(found) >= 3 and text.density(len(found)) >= 3 else PLAIN
        detail = f"{len(found)} blanks to fill in, such as “{found[0][0]}”"
        yield Finding("template", weight, detail, quote(text.text, *found[0].span()))


def _monotony(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    found = variety(text.text)
    least = settings.min_variety * (_REFRAINS if text.shape == "verse" else 1)
    if found < least and len(text.text) >= 100:
        detail = f"{found:.0%} of character pairs are distinct; at least {least:.0%} are asked"
        yield Finding("low-variety", SERIOUS, detail)
