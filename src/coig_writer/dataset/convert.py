"""From any file of triplets to any other, one block of records at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from coig_writer.dataset.formats import FORMATS
from coig_writer.dataset.read import Reject
from coig_writer.dataset.sets import TripletSet
from coig_writer.dataset.tables import Row, check_target, write_records
from coig_writer.errors import InputError, SettingError
from coig_writer.files import dumps, whole_file
from coig_writer.schema import Triplet

KEPT = 1_000
"""Rejects that are told to the caller; the file beside the output has all."""


@dataclass(frozen=True)
class Converted:
    """What became of the records of some files."""

    out: Path
    written: int
    unread: int
    """Records that are not in the output."""
    lost: int
    """Fields that are not, of records that are."""
    rejects: Path | None
    """JSON Lines with the place, the field and the reason of each; None when there are none."""
    first: list[Reject]


def convert(
    sources: Sequence[Path],
    out: Path,
    form: str,
    *,
    genre: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Converted:
    """Writes the triplets of some files in a form.

    Args:
        sources: files of any kind and shape that `read` knows.
        out: its suffix says the kind of file.
        form: a name in `formats.FORMATS`.
        genre: for records that name none.
        progress: called with the number of records so far, from time to time.

    Raises:
        InputError: a file cannot be read, or none of the records can; in that case the list of them is written.
        SettingError: form and suffix do not fit, or the list would take the place of a source.
        StorageError: the place cannot be written; what stood there is unharmed.
    """
    check_target(out, form)
    rejects = out.with_name(f"{out.stem}.rejects.jsonl")
    if any(rejects.resolve() == path.resolve() for path in sources):
        raise SettingError(
            "what cannot be read would be listed in the place of a source",
            where=str(rejects),
            remedy="Give OUT another name.",
        )
    triplets = TripletSet(sources, genre)
    first: list[Reject] = []
    counts = {True: 0, False: 0}
    with whole_file(rejects) as temporary, open(temporary, "w", encoding="utf-8") as file:

        def rows() -> Iterator[Row]:
            number = 0
            for block in triplets.in_blocks(partial(_records, form=form)):
                for reject in triplets.told:
                    counts[reject.whole] += 1
                    file.write(dumps(asdict(reject)) + "\n")
                    first.extend([reject] if len(first) < KEPT else [])
                triplets.told.clear()
                yield from block
                number += len(block)
                if progress:
                    progress(number)

        records = rows()
        one = next(records, None)  # an output without any replaces nothing
        written = write_records(out, chain([one], records), form) if one else 0
    if not first:
        rejects.unlink()
    if not one:
        raise _nothing(sources, first, rejects)
    return Converted(out, written, counts[True], counts[False], rejects if first else None, first)


def _records(read: Sequence[tuple[str, Triplet]], form: str) -> list[Row]:
    record = FORMATS[form]
    return [record(triplet) for _, triplet in read]


def _nothing(sources: Sequence[Path], first: Sequence[Reject], rejects: Path) -> InputError:
    where = ", ".join(map(str, sources))
    if not first:
        return InputError("there are no records", where=where, remedy="Give a file with triplets.")
    return InputError(
        f"not one record can be read as a triplet; {first[0].where}: {first[0].reason}",
        where=where,
        remedy=f"{rejects} says why of each; docs/formats.md shows the records that can be read.",
    )
