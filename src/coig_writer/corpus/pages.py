"""Texts in HTML pages: main text, title, author and dates, taken from the page alone."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from coig_writer.corpus.rows import Row, Stamp, unreadable

if TYPE_CHECKING:
    from lxml.html import HtmlElement

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it cannot read becomes a rejected row

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.I)
_AUTHOR = "//meta[@name='author']/@content"
"""The page's word for it: trafilatura passes over names of two characters, which are whole names in Chinese."""
_LICENCE = "//link[@rel='license']/@href | //a[@rel='license']/@href"
_SITE_SUFFIX = re.compile(r"\s*[_|｜]\s*[^_|｜]{1,20}$|\s+[-–—]\s+[^-–—]{1,20}$")


def declared_encoding(head: bytes) -> str | None:
    """The encoding a page names for itself; `gb2312` and `gbk` are read as GB18030, which contains them.

    None also for a name that means nothing: one that is no encoding, or in which its own declaration could not have
    been found, as UTF-16 in a page of single bytes.
    """
    match = _CHARSET.search(head[:4096])
    name = match[1].decode("ascii").lower() if match else ""
    if name in ("gb2312", "gbk", "gb_2312-80"):
        return "gb18030"
    try:
        return name if name and "<meta".encode(name) == b"<meta" else None
    except (LookupError, UnicodeError):
        return None


def row_from_page(html: str, source: str) -> Row:
    """The row of a page; its `problem` says so when there is no main text."""
    from trafilatura import bare_extraction
    from trafilatura.utils import load_html

    tree = load_html(html)
    if tree is None:
        return unreadable(source, "no-text", "not an HTML page", html)
    author, licence, date = _first(tree, _AUTHOR), _first(tree, _LICENCE), _published(tree)
    found = bare_extraction(tree, with_metadata=True, include_comments=False, include_tables=False)
    if found is None or isinstance(found, dict) or not (found.text or "").strip():
        return unreadable(source, "no-text", "no main text found in the page", html)
    title = _SITE_SUFFIX.sub("", found.title) if found.title else None
    return Row(
        source,
        text=_without_heading(found.text or "", title),
        title=title,
        author=author or found.author,
        url=found.url,
        licence=licence or found.license,
        genre=next(iter(found.categories or []), None),
        stamps=[Stamp("page", date)] if date else [],
    )


def _first(tree: HtmlElement, path: str) -> str | None:
    return next((value.strip() for value in tree.xpath(path) if value.strip()), None)


def _published(tree: HtmlElement) -> str | None:
    """The date of publication in the page's own data; its URL is looked at elsewhere."""
    from htmldate import find_date

    return find_date(tree, original_date=True, extensive_search=False, deferred_url_extractor=True)


def _without_heading(text: str, title: str | None) -> str:
    """`text` without a first line that only repeats the title; a page that holds nothing else keeps it."""
    first, _, rest = text.partition("\n")
    return rest.lstrip("\n") if title and rest.strip() and first.strip("#《》 ") == title.strip("《》 ") else text
