"""Taking something down: out of every file of a release, with a tombstone so that it does not come back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic_core import to_json

from coig_writer.dataset.build import write_release
from coig_writer.dataset.existing import read_release
from coig_writer.dataset.folder import check_replaceable, folders_beside, put_back, whole_folder
from coig_writer.dataset.release import Reason, Release, Withheld
from coig_writer.dataset.sets import FULL
from coig_writer.dataset.tombstones import Tombstone, Tombstones, united
from coig_writer.errors import InputError, SettingError

LISTS = frozenset({"not_released.jsonl", "retracted.jsonl", "left_out.jsonl"})
"""Files that name what is not there."""


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
    unmatched: list[str]
    """Ids and addresses of which the release held nothing; each has a tombstone all the same."""
    still_in: list[Path]
    """Mixtures, splits and releases beside this one whose files still name what was taken down."""


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
    in `retracted.jsonl`; a later build into this folder, or one that is given that list, leaves the items out. Other
    folders are not touched: a mixture has to be mixed again, since what is near a triplet is left out of it.

    Args:
        ids: of triplets or of their articles.
        urls: addresses of articles, in any spelling.
        reason: what people may read about why.
        report: draws the page, see `build.build_release`.
        in_advance: keeps a tombstone also for what is not in this release.

    Raises:
        InputError: the folder is no release, or holds none of the items and `in_advance` is off.
        SettingError: neither an id nor an address is given, or one of them or the reason is blank.
        StorageError: the folder cannot be written; the release is as it was.
    """
    stones = _stones(ids, urls, reason)
    put_back(folder)
    release = read_release(folder)
    check_replaceable(folder)
    wanted = Tombstones(stones)
    gone = {triplet.id: stone for triplet in release.released if (stone := wanted.over(triplet))}
    left_out = [each for each in release.withheld if each.reason is not Reason.RETRACTED]
    named = {each.id: stone for each in left_out if (stone := wanted.of(each.id, each.url))}
    if not gone and not named and not in_advance:
        known = Tombstones(release.tombstones)
        if all(known.of(stone.id or "", stone.url) for stone in stones):
            raise InputError("it has been taken down already", where=str(folder), remedy="Nothing is left to do.")
        raise InputError(
            "the release holds nothing of that id or address",
            where=str(folder),
            remedy="Check the spelling; --in-advance keeps a tombstone all the same, for later builds.",
        )
    remaining = _without(release, gone, named, stones)
    with whole_folder(folder) as building:
        write_release(building, remaining, report)
    matched = [*gone.values(), *named.values()]
    return RetractSummary(
        folder,
        removed=list(gone),
        left=len(remaining.released),
        tombstones=len(remaining.tombstones),
        unmatched=[stone.id or stone.url or "" for stone in stones if stone not in matched],
        still_in=[each for each in folders_beside(folder) if _names_any(each, gone)],
    )


def _stones(ids: Sequence[str], urls: Sequence[str], reason: str) -> list[Tombstone]:
    if not ids and not urls:
        raise SettingError("nothing to take down", remedy="Give --id or --url.")
    if not all(name.strip() for name in (*ids, *urls)):
        raise SettingError("an id or an address is empty", remedy="Give each --id and --url a value.")
    if not reason.strip():
        raise SettingError("the reason is empty", remedy="Say in --reason why; everybody can read it.")
    day = _today()
    by_id = [Tombstone(id=name, reason=reason, at=day) for name in dict.fromkeys(ids)]
    return by_id + [Tombstone(url=url, reason=reason, at=day) for url in dict.fromkeys(urls)]


def _names_any(folder: Path, ids: Iterable[str]) -> bool:
    """Whether a file of data in the folder has a record of one of these ids."""
    wanted = [b'"id":' + to_json(name) for name in ids]
    for path in sorted(folder.glob("*.jsonl")):
        if path.name in LISTS:
            continue
        with open(path, "rb") as file:
            if any(mark in line for line in file for mark in wanted):
                return True
    return False


def _without(
    release: Release, gone: dict[str, Tombstone], named: dict[str, Tombstone], stones: Sequence[Tombstone]
) -> Release:
    """The release without what is gone, and without the titles of what was withheld anyway and is taken down too."""
    added = [Withheld(id=name, reason=Reason.RETRACTED, why=stone.reason, where=FULL) for name, stone in gone.items()]
    withheld = [
        Withheld(id=each.id, reason=Reason.RETRACTED, why=named[each.id].reason, where=each.where)
        if each.id in named
        else each
        for each in release.withheld
    ]
    by_id = [
        Tombstone(id=name, url=stone.url, reason=stone.reason, at=stone.at) for name, stone in (gone | named).items()
    ]
    kept = [stone for stone in stones if stone not in (gone | named).values() or stone.id not in (None, *gone, *named)]
    return replace(
        release,
        released=tuple(triplet for triplet in release.released if triplet.id not in gone),
        withheld=(*withheld, *added),
        tombstones=united(release.tombstones, by_id, kept),  # an article's own id is kept beside its triplet's
    )


def _today() -> date:
    """The day of the take-down: `SOURCE_DATE_EPOCH` where that is set, else the clock's."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return (datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)).date()
