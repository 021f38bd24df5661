"""Taking something down: out of every file of a release, with a tombstone so that it does not come back."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from coig_writer.dataset.build import write_release
from coig_writer.dataset.existing import read_release
from coig_writer.dataset.folder import check_replaceable, put_back, whole_folder
from coig_writer.dataset.release import Reason, Release, Withheld
from coig_writer.dataset.sets import FULL
from coig_writer.dataset.tombstones import Tombstone, Tombstones, united
from coig_writer.errors import InputError, SettingError


@dataclass(frozen=True)
class RetractSummary:
    """What `retract` did."""

    out: Path
    removed: list[str]
    """Ids of the triplets that were taken out."""
    left: int
    """Triplets that remain."""
    tombstones: int
    """Take-downs that the release remembers in all."""


def retract(
    folder: Path,
    *,
    ids: Sequence[str] = (),
    urls: Sequence[str] = (),
    reason: str,
    report: Callable[[Release], str],
    in_advance: bool = False,
) -> RetractSummary:
    """Takes triplets out of a release and writes all its files anew, whole or not at all.

    Card, data sheet, page and manifest are made again from what remains. A tombstone with the reason and the day stays
    in `retracted.jsonl`; a later build into this folder, or one that is given that list, leaves the items out.

    Args:
        ids: of triplets or of their articles.
        urls: addresses of articles, in any spelling.
        reason: what people may read about why.
        report: draws the page, see `build.build_release`.
        in_advance: keeps a tombstone also for what is not in this release.

    Raises:
        InputError: the folder is no release, or holds none of the items and `in_advance` is off.
        SettingError: neither an id nor an address is given.
        StorageError: the folder cannot be written; the release is as it was.
    """
    put_back(folder)
    check_replaceable(folder)
    stones = [Tombstone(id=name, reason=reason, at=_today()) for name in ids]
    stones += [Tombstone(url=url, reason=reason, at=_today()) for url in urls]
    if not stones:
        raise SettingError("nothing to take down", remedy="Give --id or --url.")
    release = read_release(folder)
    wanted = Tombstones(stones)
    gone = {triplet.id: stone for triplet in release.released if (stone := wanted.over(triplet))}
    named = [each.id for each in release.withheld if wanted.of_id(each.id)]
    if not gone and not named and not in_advance:
        raise InputError(
            "the release holds nothing of that id or address",
            where=str(folder),
            remedy="Check the spelling; --in-advance keeps a tombstone all the same, for later builds.",
        )
    remaining = _without(release, gone, set(named), stones)
    with whole_folder(folder) as building:
        write_release(building, remaining, report)
    return RetractSummary(folder, list(gone), len(remaining.released), len(remaining.tombstones))


def _without(release: Release, gone: dict[str, Tombstone], named: set[str], stones: Sequence[Tombstone]) -> Release:
    """The release without what is gone, and without the titles of what was withheld anyway and is taken down too."""
    added = [Withheld(id=name, reason=Reason.RETRACTED, why=stone.reason, where=FULL) for name, stone in gone.items()]
    withheld = [
        Withheld(id=each.id, reason=Reason.RETRACTED, why=stones[0].reason, where=each.where)
        if each.id in named
        else each
        for each in release.withheld
    ]
    by_id = [Tombstone(id=name, url=stone.url, reason=stone.reason, at=stone.at) for name, stone in gone.items()]
    unmatched = [stone for stone in stones if stone not in gone.values()]
    return replace(
        release,
        released=tuple(triplet for triplet in release.released if triplet.id not in gone),
        withheld=(*withheld, *added),
        tombstones=united(release.tombstones, by_id, unmatched),
    )


def _today() -> date:
    """The day of the take-down: `SOURCE_DATE_EPOCH` where that is set, else the clock's."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return (datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)).date()
