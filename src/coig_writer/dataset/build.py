"""Builds the folder of a release from drafts and triplets."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coig_writer import __version__
from coig_writer.dataset.card import render_card
from coig_writer.dataset.counts import count_genres
from coig_writer.dataset.croissant import croissant
from coig_writer.dataset.datasheet import render_datasheet
from coig_writer.dataset.folder import FORMAT, check_replaceable, put_back, whole_folder
from coig_writer.dataset.formats import earlier, published
from coig_writer.dataset.inputs import Call, Item, read_calls, read_items, read_summary
from coig_writer.dataset.release import Reason, Release, Rules, sort_out
from coig_writer.dataset.tables import write_triplets
from coig_writer.dataset.tombstones import RETRACTED, read_tombstones, united
from coig_writer.errors import InputError, SettingError
from coig_writer.files import write_json, write_jsonl, write_text
from coig_writer.schema import GATE_EACH, GATE_SUM, Draft

TITLE = "创作三元组 Creative-writing triplets"


@dataclass(frozen=True)
class ReleaseSummary:
    """What `build_release` did, for people and programs."""

    out: Path
    read: int
    """Records read; `released` and the values of `withheld` add up to it."""
    released: int
    reviewed: int
    """Of the released ones, how many a person has accepted."""
    withheld: dict[str, int]
    """Reason → count."""
    genres: dict[str, int]
    """Slug → released triplets."""
    files: dict[str, int]
    """File of the release → bytes."""


def build_release(
    inputs: Sequence[Path],
    out: Path,
    *,
    report: Callable[[Release], str],
    include_unreviewed: bool = False,
    corpus: Path | None = None,
    title: str = TITLE,
    licence: str | None = None,
    gate_sum: int = GATE_SUM,
    gate_each: int = GATE_EACH,
    allow_empty: bool = False,
    retracted: Sequence[Path] = (),
) -> ReleaseSummary:
    """Writes a release into `out`, whole or not at all, and says what went into it.

    The same inputs and options give the same bytes. The release's time is `SOURCE_DATE_EPOCH` where that is
    set, else the latest time of a score or review in the data, else absent; the clock is never read.

    Args:
        inputs: JSON Lines files of drafts or triplets. Where an id occurs twice, the record that went
            further is taken: one that a person has judged, then a triplet, then a draft that passed.
            `X.calls.jsonl` beside `X.jsonl` is read for what the model calls took.
        out: a folder that does not exist, is empty, or holds an earlier release, which is replaced.
        report: draws the release's page, such as `coig_writer.report.release.render_report`. It is handed in
            because data flows from here to `report/`, and a room does not import what lies to its right.
        include_unreviewed: lets triplets in that no person has accepted, marked so. Those that a person
            has refused stay out all the same.
        corpus: folder that `corpus build` wrote, so that the report shows the way from the raw texts.
        licence: of the release as a whole, best as the Hub spells it (`cc-by-4.0`).
        gate_sum, gate_each: what the six scores must reach (6–60 and 1–10).
        allow_empty: writes a release without triplets, whose report shows what is short.
        retracted: lists of take-downs, or releases that have one, besides that of the release at `out`.

    Raises:
        InputError: an input cannot be read, or nothing qualifies and `allow_empty` is off.
        SettingError: the gate or `SOURCE_DATE_EPOCH` makes no sense.
        StorageError: `out` holds something else or cannot be written; what was there is unharmed.
    """
    put_back(out)
    check_replaceable(out)
    rules = Rules(include_unreviewed, gate_sum, gate_each)
    items, sources = read_items(inputs)
    tombstones = united(read_tombstones(out) if out.is_dir() else [], *map(read_tombstones, retracted))
    released, withheld = sort_out(items, rules, tombstones)
    release = Release(
        title=title,
        licence=licence,
        rules=rules,
        sources=tuple(sources),
        released=tuple(released),
        withheld=tuple(withheld),
        created=_created(items),
        corpus=read_summary(corpus) if corpus else None,
        tombstones=tombstones,
        calls=tuple(call for path in inputs for call in read_calls(path)),
    )
    if not released and not allow_empty:
        raise _nothing_to_release(release)
    with whole_folder(out) as folder:
        write_release(folder, release, report)
        sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    genres = {each.genre.slug: each.count for each in count_genres(released)}
    return ReleaseSummary(out, release.read, len(released), release.reviewed, release.reasons, genres, sizes)


def _created(items: Sequence[Item]) -> datetime | None:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        try:
            return datetime.fromtimestamp(int(epoch), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise SettingError(
                f"not a time: {epoch!r}",
                where="SOURCE_DATE_EPOCH",
                remedy="Set it to seconds since 1970 or unset it.",
            ) from error
    times = [time for item in items for time in _times(item)]
    return max((time if time.tzinfo else time.replace(tzinfo=UTC) for time in times), default=None)


def _times(item: Item) -> list[datetime]:
    record = item.record
    if isinstance(record, Draft):
        return [record.scores.at] if record.scores and record.scores.at else []
    return [mark.at for marks in (record.scores, record.reviews) for mark in marks if mark.at]


def _nothing_to_release(release: Release) -> InputError:
    where = ", ".join(source.name for source in release.sources)
    if unreviewed := release.reasons.get(Reason.UNREVIEWED.value):
        return InputError(
            f"nothing to release: {unreviewed} of {release.read} records pass the gate, "
            "but no person has reviewed them",
            where=where,
            remedy="Review them first, or add --include-unreviewed to release them marked as unreviewed.",
        )
    reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in release.reasons.items())
    return InputError(
        f"nothing to release: of {release.read} records none passes ({reasons})",
        where=where,
        remedy="Refine or annotate them further; --allow-empty writes the report that shows what each lacks.",
    )


def write_release(folder: Path, release: Release, report: Callable[[Release], str]) -> None:
    """Writes every file of a release into an empty folder.

    Raises:
        StorageError: the folder cannot be written.
    """
    triplets = release.released
    write_jsonl(folder / "triplets.jsonl", map(published, triplets))
    write_triplets(folder / "triplets.parquet", triplets, "published")
    write_jsonl(folder / "earlier.jsonl", map(earlier, triplets))
    write_jsonl(folder / "full.jsonl", triplets)
    write_jsonl(folder / "not_released.jsonl", release.withheld)
    if release.tombstones:
        write_jsonl(folder / RETRACTED, release.tombstones)
    write_text(folder / "README.md", render_card(release))
    write_text(folder / "DATASHEET.md", render_datasheet(release))
    write_text(folder / "report.html", report(release))
    write_json(folder / "croissant.json", croissant(release, folder))
    write_json(folder / "manifest.json", _manifest(folder, release))


def _manifest(folder: Path, release: Release) -> dict[str, Any]:
    import pyarrow

    return {
        "format": FORMAT,
        "format_version": 1,
        "title": release.title,
        "licence": release.licence,
        "created": release.created.isoformat() if release.created else None,
        "settings": asdict(release.rules),
        "versions": {
            "coig_writer": __version__,
            "python": platform.python_version(),
            "pyarrow": pyarrow.__version__,
        },
        "inputs": [asdict(source) for source in release.sources],
        "counts": _counts(release),
        "templates": _templates(release),
        "corpus": _corpus(release),
        "calls": _calls(release),
        "files": {
            path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
            for path in sorted(folder.iterdir())
        },
    }


def _counts(release: Release) -> dict[str, Any]:
    return {
        "read": release.read,
        "released": len(release.released),
        "reviewed": release.reviewed,
        "withheld": len(release.withheld),
        "withheld_by_reason": release.reasons,
        "released_by_genre": {each.genre.slug: each.count for each in count_genres(release.released)},
    }


def _corpus(release: Release) -> dict[str, Any] | None:
    """The way through the corpus in figures; which files it came from is nobody's business."""
    if release.corpus is None:
        return None
    bare = release.corpus.model_copy(update={"passed_over": [], "settings": {}, "inputs": [], "outputs": {}})
    return bare.model_dump(mode="json")


def _calls(release: Release) -> list[dict[str, Any]]:
    """What the model calls of each step took together, in the order of first use."""
    steps: dict[str, list[Call]] = {}
    for call in release.calls:
        steps.setdefault(call.step, []).append(call)
    figures = [each.name for each in fields(Call) if each.name != "step"]
    return [
        {"step": step, **{name: sum(getattr(call, name) for call in calls) for name in figures}}
        for step, calls in steps.items()
    ]


def _templates(release: Release) -> dict[str, list[str]]:
    """Prompt template → every hash of it that the released triplets were made with."""
    found: dict[str, set[str]] = {}
    for triplet in release.released:
        for name, digest in triplet.provenance.templates.items():
            found.setdefault(name, set()).add(digest)
    return {name: sorted(digests) for name, digests in sorted(found.items())}
