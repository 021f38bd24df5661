"""Words in two languages, side by side where they are used, so that neither can be forgotten."""

from __future__ import annotations

from html import escape
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token, kwarg_re
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()


def chinese() -> bool:
    """Whether the page that is being made is in Chinese."""
    return (get_language() or "zh").startswith("zh")


def pick(zh: str, en: str) -> str:
    """The wording for the page's language."""
    return zh if chinese() else en


class Say(template.Node):
    def __init__(self, zh: SafeString, en: SafeString, values: dict[str, FilterExpression]) -> None:
        self.zh, self.en, self.values = zh, en, values

    def render(self, context: template.Context) -> SafeString:
        text = self.zh if chinese() else self.en
        if self.values:
            values = {name: conditional_escape(value.resolve(context)) for name, value in self.values.items()}
            text = text.format(**values)
        return mark_safe(text)  # the wording is the template's own, and what it is filled with is escaped


@register.tag
def say(parser: Parser, token: Token) -> Say:
    """`{% say "我的任务" "My work" %}`; `{% say "{n} 字" "{n} characters" n=length %}`."""
    _, zh, en, *rest = token.split_contents()
    for wording in (zh, en):
        if wording[0] not in "\"'" or wording[-1] != wording[0]:
            raise template.TemplateSyntaxError(f"say takes two quoted wordings, not {wording}")
    values = {}
    for bit in rest:
        match = kwarg_re.match(bit)
        if not match or not match[1]:
            raise template.TemplateSyntaxError(f"say takes name=value after the wordings, not {bit}")
        values[match[1]] = parser.compile_filter(match[2])
    return Say(mark_safe(zh[1:-1]), mark_safe(en[1:-1]), values)


@register.simple_tag
def scale(name: str, numbers: range, given: int | None) -> SafeString:
    """A button for each number. Made here, since the template's own loop took half of the workbench's time."""
    field = conditional_escape(name)
    return mark_safe(  # numbers, and a name that is escaped
        "".join(
            f'<label><input type="radio" name="{field}" value="{n:d}"{" checked" if n == given else ""}>'
            f"<span>{n:d}</span></label>"
            for n in numbers
        )
    )


@register.simple_tag
def lines(paragraphs: Any) -> SafeString:
    """An article's paragraphs, with their numbers and places; a long one has hundreds, as an outline has entries."""
    made = (
        f'<p id="p{p.number:d}" data-n="{p.number:d}" data-start="{p.start:d}"{SPACED * p.spaced}>{escape(p.text)}</p>'
        for p in paragraphs
    )
    return mark_safe("\n".join(made))  # numbers, and texts that are escaped


SPACED = ' class="spaced"'


@register.simple_tag
def places(outline: Any, verse: bool) -> SafeString:
    """The entries of an outline, with lengths in characters where the text is prose."""
    unit = pick("字", "characters")
    entries = []
    for p in outline:
        opening = escape(p.text if len(p.text) <= 24 else p.text[:23] + "…")
        length = "" if verse else f' <span class="quiet">{len(p.text)} {unit}</span>'
        entries.append(
            f'<li><a href="#p{p.number:d}"><span class="quiet">¶{p.number:d}</span> {opening}</a>{length}</li>'
        )
    return mark_safe("".join(entries))


@register.filter
def label(value: Any) -> str:
    """What a role, a status or any `Label` is called in the page's language."""
    from coig_writer.studio.words import label_of

    found = label_of(value)
    return pick(found.zh, found.en)


@register.filter
def thousands(number: float) -> str:
    return f"{number:,.0f}"


@register.filter
def percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f}\N{NO-BREAK SPACE}%"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    return mapping.get(key) if mapping else None


@register.filter
def share(pair: tuple[int, int]) -> str:
    """A count and what it is out of, as per cent."""
    return percent(pair[0] / pair[1] if pair[1] else None)


@register.filter
def reason(code: str) -> str:
    """What a finding or dimension of the pre-analysis is called."""
    from coig_writer.report import labels
    from coig_writer.studio.words import ASSESSED

    found = ASSESSED.get(code) or labels.named(labels.CORPUS_REASONS, code)
    return pick(found.zh, found.en)


@register.filter
def detail(text: str | None) -> str:
    """What stands beside a reason of the pre-analysis, in the page's language."""
    from coig_writer.studio.words import detail_zh

    return detail_zh(text or "") if chinese() else text or ""


@register.filter
def told(reject: Any) -> str:
    """Where a file has what could not be read or kept, and why, in the page's language."""
    from coig_writer.studio.told import of_reject

    return label(of_reject(reject))


@register.filter
def signer(by: str | None) -> str:
    """The model that signed something, without the template that it was asked by."""
    return (by or "").removeprefix("llm:").partition("@")[0]


@register.filter
def lesson(html: str) -> SafeString:
    """A text of the course, which comes with this package and was cleaned when it was rendered."""
    return mark_safe(html)
