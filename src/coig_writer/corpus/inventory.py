"""The sources a user named, as a list of files: what each is, how large, and its content's hash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coig_writer.errors import InputError

KINDS = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    ".parquet": "parquet",
    **dict.fromkeys((".txt", ".text", ".md", ".markdown"), "plain"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "page"),
}
"""File name ending → reader."""
PACKINGS = (".gz", ".zst")
_ABOUT = ("readme", "license", "licence", "copying", "notice")
"""Files that talk about a folder's texts and are none."""


@dataclass(frozen=True, slots=True)
class File:
    """An input file; `number` is its place in the order of reading."""

    number: int
    path: str
    """As the user reaches it: relative if the source was named so."""
    kind: str
    packing: str
    size: int
    digest: str
    """BLAKE2b of the bytes as they lie on disk; empty when the file cannot be read."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All input files, and those in folders that were passed over because they hold no texts."""

    files: list[File]
    passed_over: list[str]


def take_inventory(sources: Iterable[str | Path]) -> Inventory:
    """Finds the files behind `sources`, folders recursively and in the order of their names.

    Raises:
        InputError: a source does not exist, or is a folder without text files.
    """
    found: dict[str, tuple[str, str]] = {}
    passed_over: list[str] = []
    for source in map(Path, sources):
        if source.is_dir():
            found |= _texts_in(source, passed_over)
        elif source.is_file():
            kind, packing = _kind(source)
            found[str(source)] = (kind or "unknown", packing)
        else:
            what = "neither a file nor a folder" if source.exists() else "no such file or folder"
            raise InputError(what, where=str(source), remedy="Check the path.")
    files = [
        File(number, path, kind, packing, *_measure(Path(path)))
        for number, (path, (kind, packing)) in enumerate(found.items())
    ]
    return Inventory(files, passed_over)


def _texts_in(folder: Path, passed_over: list[str]) -> dict[str, tuple[str, str]]:
    found = {}
    for path in _walk(folder):
        kind, packing = _kind(path)
        if kind and not path.name.lower().startswith(_ABOUT):
            found[str(path)] = (kind, packing)
        else:
            passed_over.append(str(path))
    if not found:
        raise InputError(
            "no texts found in this folder",
            where=str(folder),
            remedy=f"Texts are files named {', '.join(sorted(KINDS))}, plain or with .gz or .zst added.",
        )
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise InputError(
        f"cannot read the folder: {error.strerror}", where=error.filename, remedy="Change its permissions."
    ) from error


def _kind(path: Path) -> tuple[str | None, str]:
    packing = path.suffix.lower() if path.suffix.lower() in PACKINGS else ""
    bare = path.with_suffix("") if packing else path
    return KINDS.get(bare.suffix.lower()), packing


def _measure(path: Path) -> tuple[int, str]:
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
            return file.tell(), digest.hexdigest()
    except OSError:
        return 0, ""  # the reader meets the same refusal and reports it as a row
