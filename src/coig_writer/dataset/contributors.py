"""How many people a release rests on, never who, and under which licences its articles came."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from coig_writer.dataset.audit import author_of
from coig_writer.dataset.release import Release


@dataclass(frozen=True)
class Contributors:
    """How many people took part; never who."""

    authors: int
    """Different names of authors."""
    unnamed: int
    """Articles without one."""
    reviewers: int
    """Different people who reviewed."""
    raters: int
    """Different people who scored."""
    writers: int
    """Different people who drafted prompts and reasonings."""
    models: int
    """Different models that drafted."""


@dataclass(frozen=True)
class SourceLicence:
    """Articles from one place under one licence."""

    platform: str
    licence: str
    count: int
    note: str


def contributors(release: Release) -> Contributors:
    """Counts of the people behind the released triplets."""
    triplets = release.released
    authors = [author_of(triplet) for triplet in triplets]
    drafters = {triplet.provenance.drafted_by or "" for triplet in triplets}
    return Contributors(
        authors=len({name for name in authors if name}),
        unnamed=sum(name is None for name in authors),
        reviewers=len({r.by for triplet in triplets for r in triplet.reviews if r.by.startswith("human:")}),
        raters=len({s.by for triplet in triplets for s in triplet.scores if s.by.startswith("human:")}),
        writers=sum(name.startswith("human:") for name in drafters),
        models=sum(name.startswith("llm:") for name in drafters),
    )


def source_licences(release: Release) -> list[SourceLicence]:
    """For each platform and licence the number of articles and what it means for those who use them."""
    found = Counter((t.article.platform or "not recorded", t.article.licence or "") for t in release.released)
    return [
        SourceLicence(platform, licence or "not recorded", count, _note(licence))
        for (platform, licence), count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _note(licence: str) -> str:
    """What a licence asks for, as far as its name says; no legal advice."""
    name = licence.casefold().replace(" ", "-")
    if not name:
        return "No licence is recorded: all rights stay with the author; ask before passing it on."
    if "cc0" in name or "public-domain" in name or name in ("pd", "公有领域"):
        return "In the public domain, as far as its source says."
    asks = [text for mark, text in _TERMS if f"-{mark}" in f"-{name}-" and name.startswith("cc")]
    return f"Asks for: {', '.join(asks)}." if asks else "Read the terms of this licence before passing the text on."


_TERMS = (
    ("by", "naming the author"),
    ("nc", "no commercial use"),
    ("nd", "no changed versions"),
    ("sa", "the same licence for changed versions"),
)
