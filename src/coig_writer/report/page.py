"""What all pages are: one HTML file each that needs nothing else, in Chinese and English.

Text from the data is escaped by Jinja2, and a page's content security policy admits only the one
script and the one style sheet that are in it, by their hashes, and no network at all.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from coig_writer import __version__
from coig_writer.report import labels


def render_page(template: str, *, more: str | None = None, **context: Any) -> str:
    """The page that a template of this room makes of `context`; the same context gives the same page.

    Args:
        more: name of a script, a style sheet or both that the page has besides the common ones.
    """
    script, style = _asset("release.js"), _asset("release.css")
    if more:
        script, style = f"{script}\n{_asset(f'{more}.js', '')}", f"{style}\n{_asset(f'{more}.css', '')}"
    return (
        environment()
        .get_template(template)
        .render(
            version=__version__,
            script=Markup(script),
            style=Markup(style),
            policy=policy(script, style),
            labels=labels,
            **context,
        )
    )


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("coig_writer.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "thousands": lambda number: f"{number:,.0f}",
        "counted": lambda number, one, more: f"{number:,} {one if number == 1 else more}",
        "percent": lambda share: f"{share * 100:.1f}\N{NO-BREAK SPACE}%",
        "paragraphs": paragraphs,
        "web_address": web_address,
    }
    return made


def _asset(name: str, otherwise: str | None = None) -> str:
    file = files("coig_writer.report") / "templates" / name
    return otherwise if otherwise is not None and not file.is_file() else file.read_text(encoding="utf-8")


def policy(script: str, style: str) -> str:
    """Nothing may be loaded but pictures that the page itself holds, and only these two texts may run or style."""

    def allowed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    sources = f"script-src {allowed(script)}; style-src {allowed(style)}; img-src data:"
    return f"default-src 'none'; {sources}; base-uri 'none'"


def paragraphs(text: str) -> list[str]:
    """The lines of prose without blank ones and without indents, which the page sets itself."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def web_address(url: str | None) -> str | None:
    """`url` if a browser may be sent there: an http or https address; None for anything else."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
