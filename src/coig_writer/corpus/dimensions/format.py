"""Format: paragraphs there, markup and site furniture not, and a text rather than a list or a sales pitch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coig_writer.corpus.findings import PLAIN, SERIOUS, SLIGHT, Finding, Text, any_of, quote
from coig_writer.corpus.personal import MARKS
from coig_writer.corpus.settings import CorpusSettings

_MARKUP = re.compile(
    r"</?(?:p|div|span|br|a|img|b|i|u|em|strong|font|script|style|table|t[dhr]|tbody|ul|ol|li|h[1-6]|section|iframe|input|form)\b[^<>]{0,300}>"
    r"|&(?:nbsp|lt|gt|amp|quot|ldquo|rdquo|hellip|mdash|#\d{2,6}|#x[0-9a-f]{2,6});"
    r"|\[/?(?:url|img|size|color|quote|font|align)\b[^\]]{0,100}\]"
    r"|\b(?:function\s*\w*\s*\([^)]{0,60}\)\s*\{|document\.\w+|window\.\w+|var\s+\w+\s*=)|\{\{[^}]{1,60}\}\}|<!--|-->",
    re.I,
)
_FURNITURE = any_of(
    r"""
    ^[<«‹\s]*(?:上|下)一(?:篇|章|页|则|条) 返回(?:目录|首页|顶部|列表|书页) 加入书(?:签|架) 责任编辑[:：]
    ^\s*来源[:：].{0,20}$ 版权(?:所有|声明) copyright|©|all\srights\sreserved
    转载(?:请|须|时)?(?:注明|联系|授权) 分享(?:到|至) (?:相关|推荐|热门|猜你喜欢|延伸)(?:阅读|文章|推荐|新闻|内容)
    关注(?:公众号|我们|微信)
    ^\s*(?:点赞|打赏|收藏|举报|评论|分享|转发|登录|注册|首页|搜索|目录|设置|夜间|字体|更多)(?:\s*[|·/\d（(]|\s|$)
    (?:阅读|浏览|点击)(?:量|数|次数)?\s*[:：(（]?\s*\d ICP备 扫(?:一扫|码|描)[^。\n]{0,10}(?:关注|二维码)
    ^\s*首页\s*[>»] 当前位置[:：] 本站(?:提供|声明|所有) 字号\s*[:：]?\s*[大小]
    """
)
_FURNITURE_LINE = 60
_LEADER = re.compile(r"(?:\.{5,}|…{3,}|·{5,})\s*\S{1,20}\s*$")

_MASKED = f"〔(?:{'|'.join(MARKS[kind] for kind in ('mobile', 'landline', 'wechat', 'qq'))})〕"
_CONTACT = any_of(
    rf"""
    (?<!\d)1[3-9]\d{{9}}(?!\d) (?<!\d)400-?\d{{3,4}}-?\d{{3,4}}
    (?:微信|薇信|VX|QQ|扣扣|V信)\s*(?:号|群)?\s*[:：]?\s*(?:[\w-]{{5,}}|{_MASKED})
    (?:加|添加|咨询)(?:我|老师|客服|小编|顾问)?(?:的)?(?:微信|V信?|薇|QQ|VX)(?![\w])(?:\s*[:：]?\s*{_MASKED})?
    扫(?:码|描)[^。\n]{{0,8}}(?:添加|加|进群|领取|咨询|二维码) (?:热线|电话|客服)\s*[:：]\s*[\d-]{{7,}}
    {_MASKED}
    """
)
"""Numbers and handles, and the marks that `personal.mask` puts in their places."""
_SALES = any_of(
    r"""
    限时 优惠 折扣|[\d一二三四五六七八九]\s*折 抢购|秒杀|拼团 立减|满减|返现|返利 仅(?:剩|需|限) 名额(?:有限|仅)
    先到先得 免费(?:领取|试|赠|送|体验) (?:立即|马上|赶快|赶紧|速来|火速)(?:下单|购买|咨询|抢|报名|加|联系|领取)?
    点击(?:链接|下方|购买|领取) 私(?:信|聊)(?:我|领)? 包(?:邮|过|教|会) 日(?:赚|入)\s*\d|月(?:赚|入)(?:过)?[万\d]
    代理|加盟|招商 原价|现价|特价|低价|底价 [￥¥]\s*\d|\d+\s*元 无需(?:经验|押金|垫付)|零门槛|零风险 稳赚|暴利|躺赚
    正品(?:保证)?|假一赔 爆款|热销|销量 下单|报名|领取|咨询|秒批|放款|贷款|刷单|兼职
    """
)
_MAY_SELL = ("advertising_copy", "slogan", "product_review")
_ADVERT_SALES = 4


def findings(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    """What does not belong into a text, or how it is not laid out as one."""
    yield from _unsegmented(text, settings)
    yield from _markup(text, settings)
    yield from _furniture(text, settings)
    yield from _contents(text, settings)
    yield from _advertisement(text, settings)


def _unsegmented(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    longest = max(text.lines, key=len, default="")
    if len(longest) <= settings.unsegmented_characters or text.shape == "verse":
        return
    share = len(longest) / len(text.text)
    detail = f"a paragraph of {len(longest):,} characters, {share:.0%} of the text"
    yield Finding("unsegmented", SERIOUS if share > 0.6 else SLIGHT, detail, quote(longest, 0, 30))


def _markup(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    if not any(mark in text.text for mark in "<&[{("):
        return
    found = list(_MARKUP.finditer(text.text))
    if not found:
        return
    density = text.density(len(found))
    weight = SERIOUS if density >= settings.markup_density and len(found) >= 3 else SLIGHT
    detail = f"{len(found)} tags or entities, {density:.1f} per 1,000 characters"
    yield Finding("markup", weight, detail, quote(text.text, *found[0].span()))


def _furniture(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    found = [line for line in text.lines if len(line) <= _FURNITURE_LINE and _FURNITURE.search(line)]
    if not found:
        return
    share = len(found) / len(text.lines)
    serious = share >= settings.boilerplate_share and len(found) >= 3
    weight = SERIOUS if serious else min(PLAIN, SLIGHT * len(found))
    yield Finding("boilerplate", weight, f"{len(found)} of {len(text.lines)} lines", " ⏎ ".join(found[:3])[:80])


def _contents(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    found = [line for line in text.lines if _LEADER.search(line)]
    if len(found) >= 3 and len(found) >= settings.contents_share * len(text.lines):
        yield Finding(
            "contents-page", SERIOUS, f"{len(found)} of {len(text.lines)} lines lead to a page", found[0][:80]
        )


def _advertisement(text: Text, settings: CorpusSettings) -> Iterator[Finding]:
    """Sales talk beside a contact. Advertising as a genre is welcome: there it takes more of both to refuse a text."""
    contacts = list(_CONTACT.finditer(text.text))
    if not contacts:
        return
    sales = list(_SALES.finditer(text.text))
    density = text.density(len(sales))
    kinds = len({match[0] for match in sales})
    if kinds < _ADVERT_SALES or density < settings.advertisement_density:
        return
    welcome = text.genre in _MAY_SELL and (len(contacts) < 2 or density < 2 * settings.advertisement_density)
    detail = f"{len(contacts)} contacts and {len(sales)} sales phrases, {density:.0f} per 1,000 characters"
    yield Finding("advertisement", SLIGHT if welcome else SERIOUS, detail, quote(text.text, *contacts[0].span()))
