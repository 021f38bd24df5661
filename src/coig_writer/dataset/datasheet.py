"""The data sheet of a release: the questions that users of data ask, answered from the data.

After the questions of Gebru et al., "Datasheets for Datasets" (2021), in words of our own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from coig_writer.corpus.personal import find_personal_data
from coig_writer.dataset.card import escape_markdown
from coig_writer.dataset.contributors import contributors, source_licences
from coig_writer.dataset.counts import text_of
from coig_writer.dataset.release import Release
from coig_writer.dataset.statistics import statistics_of
from coig_writer.taxonomy import PARTS


def render_datasheet(release: Release) -> str:
    """The data sheet as Markdown. Text from the data is escaped, so that it cannot add markup."""
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters["md"] = escape_markdown
    template = (files("coig_writer.dataset") / "templates" / "datasheet.md").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        release=release,
        found=statistics_of(release.released),
        people=contributors(release),
        licences=source_licences(release),
        personal=_personal(release),
        missing=_missing(release),
    )


def _personal(release: Release) -> dict[str, int]:
    """Kind of personal data that a program recognises → triplets that have some."""
    found: Counter[str] = Counter()
    for triplet in release.released:
        found.update({spot.kind for part in PARTS for spot in find_personal_data(text_of(triplet, part))})
    return dict(sorted(found.items()))


def _missing(release: Release) -> dict[str, int]:
    """Field of an article → released triplets in which it is not recorded."""
    absent: dict[str, int] = defaultdict(int)
    for triplet in release.released:
        for name in ("title", "author", "url", "platform", "published", "language", "licence"):
            absent[name] += getattr(triplet.article, name) is None
    return {name: count for name, count in absent.items() if count}
