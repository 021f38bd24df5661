"""The dataset card of a release: a README with the YAML header that the Hugging Face Hub reads."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from coig_writer.dataset.contributors import contributors, source_licences
from coig_writer.dataset.counts import Lengths, count_genres
from coig_writer.dataset.release import Release

HUB_LICENCES = frozenset({
    "apache-2.0", "mit", "unlicense", "cc0-1.0", "odbl", "odc-by", "pddl", "gfdl", "cdla-permissive-2.0",
    "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nd-4.0",
    "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0",
})  # fmt: skip
"""Identifiers that the Hub knows, of those that suit texts; anything else becomes `other` with its name."""
_SIZES = (("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6))


def render_card(release: Release) -> str:
    """The card as Markdown. Text from the data is escaped, so that it cannot add markup."""
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters |= {"md": escape_markdown, "span": _span, "people": _people}
    template = (files("coig_writer.dataset") / "templates" / "card.md").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        release=release,
        title=release.title,
        header=_header(release),
        genres=count_genres(release.released),
        published=_published(release),
        origin=_origin(release),
        drafters=_drafters(release),
        scorers=_scorers(release),
        review=_review(release),
        licence=_licence(release),
        licences=source_licences(release),
        people=contributors(release),
        notes=sum(bool(triplet.provenance.note) for triplet in release.released),
    )


def escape_markdown(text: str) -> str:
    """`text` on one line, with every character that Markdown or HTML could act on made harmless."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$&])", r"\\\1", " ".join(text.split()))


def size_category(count: int) -> str:
    """The Hub's name for a dataset of `count` records."""
    return next((name for name, limit in _SIZES if count < limit), "n>1M")


def _header(release: Release) -> str:
    from huggingface_hub import DatasetCardData

    licence = " ".join((release.licence or "unknown").split())
    known = licence.lower() in HUB_LICENCES or not release.licence
    return DatasetCardData(
        pretty_name=" ".join(release.title.split()),
        language=[code for code in release.languages if re.fullmatch(r"[a-z]{2,3}", code)] or ["zh"],
        license=licence.lower() if known else "other",
        license_name=None if known else licence,
        size_categories=[size_category(len(release.released))],
        task_categories=["text-generation"],
        tags=["creative-writing", "process-supervision", "reasoning"],
        configs=[
            {"config_name": "default", "data_files": "triplets.parquet"},
            {"config_name": "earlier", "data_files": "earlier.jsonl"},
        ]
        if release.gated
        else None,
    ).to_yaml()


def _span(lengths: Lengths) -> str:
    return f"{lengths.min:,} – {lengths.mean:,.0f} – {lengths.max:,}"


def _published(release: Release) -> str:
    dates = [triplet.article.published for triplet in release.released if triplet.article.published]
    undated = len(release.released) - len(dates)
    if not dates:
        return ""
    return f"{min(dates)} to {max(dates)}" + (f"; {undated} undated" if undated else "")


def _origin(release: Release) -> str:
    if release.corpus is None:
        return "Articles came in as they were; nothing is recorded about how they were chosen."
    return (
        f"{release.corpus.read:,} raw texts were read, cleaned, assessed, dated and de-duplicated; "
        f"{release.corpus.kept:,} were kept."
    )


def _tally(names: Counter[str]) -> str:
    return ", ".join(f"{escape_markdown(name)} ({count})" for name, count in names.most_common())


def _drafters(release: Release) -> str:
    found = Counter(triplet.provenance.drafted_by or "" for triplet in release.released)
    unknown = found.pop("", 0)
    if not found:
        return "Nothing is recorded about who wrote"
    return f"{_hands(found)} drafted" + (f" (not recorded for {unknown})" if unknown else "")


def _scorers(release: Release) -> str:
    found = Counter(triplet.deciding_scores.by for triplet in release.released if triplet.deciding_scores)
    return _hands(found) or "nobody"


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def _hands(by: Counter[str]) -> str:
    """Models by name, people by their number alone, each with their triplets: a card names nobody."""
    people = [count for name, count in by.items() if name.startswith("human:")]
    models = Counter({name: count for name, count in by.items() if not name.startswith("human:")})
    counted = f"{_people(len(people))} ({sum(people)})" if people else ""
    return ", ".join(part for part in (counted, _tally(models)) if part)


def _review(release: Release) -> str:
    total = len(release.released)
    if release.reviewed == total > 0:
        return "Every triplet was read and accepted by at least one person."
    if release.reviewed:
        return f"At least one person has read and accepted {release.reviewed} of {total} triplets, nobody the rest."
    return "No person has reviewed these triplets yet."


def _licence(release: Release) -> str:
    if release.licence:
        return f"The release as a whole: {escape_markdown(release.licence)}."
    return "Nobody has stated a licence for the release as a whole; ask before you use it beyond reading."
