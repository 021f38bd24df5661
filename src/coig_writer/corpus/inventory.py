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
"""Names, up to the first dot, of files that talk about a folder's texts and are none."""


@dataclass(frozen=True, slots=True)
class File:
    """An input file; `number` is its place in the order of reading."""

    number: int
    path: str
    """Absolute, so that every process and machine that sees the file finds it."""
    name: str
    """The path from the source on, which is what rows are told: it says nothing of the machine."""
    kind: str
    packing: str
    size: int
    digest: str
    """BLAKE2b of the bytes as they lie on disk; empty when the file cannot be read."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All input files, and the names of those in folders that were passed over; a folder's name ends in `/`."""

    files: list[File]
    passed_over: list[str]

    def path_of(self, source: str) -> str:
        """A row's `source` with the whole path of its file, for a person who wants to open it."""
        known = [file for file in self.files if source == file.name or source.startswith(f"{file.name}:")]
        if not known:
            return source
        file = max(known, key=lambda each: len(each.name))
        return file.path + source.removeprefix(file.name)


def take_inventory(sources: Iterable[str | Path], out: str | Path | None = None) -> Inventory:
    """Finds the files behind `sources`, folders recursively and in the order of their names.

    Args:
        sources: files and folders.
        out: the folder that the results go to; it is passed over where it lies in a source.

    Raises:
        InputError: a source does not exist, is a folder without text files, or is `out` itself.
    """
    named = list(map(Path, sources))
    found: dict[str, tuple[str, str, str]] = {}
    passed_over: list[str] = []
    for source, label in zip(named, _labels(named), strict=True):
        if source.is_dir():
            texts = _texts_in(source, None if out is None else Path(out), label, passed_over)
            found |= {path: text for path, text in texts.items() if path not in found}
        elif source.is_file():
            kind, packing = _kind(source)
            found.setdefault(os.path.abspath(source), (label, kind or "unknown", packing))
        else:
            what = "neither a file nor a folder" if source.exists() else "no such file or folder"
            raise InputError(what, where=str(source), remedy="Check the path.")
    files = [
        File(number, path, name, kind, packing, *_measure(Path(path)))
        for number, (path, (name, kind, packing)) in enumerate(found.items())
    ]
    return Inventory(files, passed_over)


def _labels(sources: list[Path]) -> list[str]:
    """The sources' names; of different sources with the same name, with as many folders before as tell them apart."""
    paths = [os.path.abspath(source).strip("/") for source in sources]
    depth = dict.fromkeys(paths, 1)
    while True:
        bearers: dict[str, list[str]] = {}
        for path, folders in depth.items():
            bearers.setdefault("/".join(path.split("/")[-folders:]), []).append(path)
        ambiguous = [path for sharing in bearers.values() if len(sharing) > 1 for path in sharing]
        if not ambiguous:
            label = {path: name for name, (path,) in bearers.items()}
            return [label[path] for path in paths]
        for path in ambiguous:
            depth[path] += 1


def _texts_in(folder: Path, out: Path | None, label: str, passed_over: list[str]) -> dict[str, tuple[str, str, str]]:
    """Absolute path → name, kind and packing of the texts in a folder."""
    if out is not None and _is_same(folder, out):
        raise InputError(
            "the results would lie among the texts they are made from",
            where=str(folder),
            remedy="Choose another folder for --out; one inside the source will do.",
        )
    found = {}
    for path, is_folder in _walk(folder, out):
        name = f"{label}/{path.relative_to(folder).as_posix()}"
        kind, packing = (None, "") if is_folder or not _is_text(path) else _kind(path)
        if kind:
            found[os.path.abspath(path)] = (name, kind, packing)
        else:
            passed_over.append(name + "/" * is_folder)
    if not found:
        raise InputError(
            "no texts found in this folder",
            where=str(folder),
            remedy=f"Texts are files named {', '.join(sorted(KINDS))}, plain or with .gz or .zst added.",
        )
    return found


def _walk(folder: Path, out: Path | None) -> Iterator[tuple[Path, bool]]:
    """Files below `folder`, then the folders not gone into (hidden, linked, and `out`); True with the latter."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        here = Path(place)
        inside = [
            name
            for name in sorted(folders)
            if not name.startswith(".")
            and not (here / name).is_symlink()
            and (out is None or not _is_same(here / name, out))
        ]
        yield from ((here / name, False) for name in sorted(names))
        yield from ((here / name, True) for name in sorted(set(folders) - set(inside)))
        folders[:] = inside


def _is_text(path: Path) -> bool:
    """Whether a file in a folder may be one of its texts; a link that leads nowhere may, so that it is reported."""
    about = path.name.lower().partition(".")[0] in _ABOUT
    return not path.name.startswith(".") and not about and (path.is_file() or not path.exists())


def _is_same(folder: Path, other: Path) -> bool:
    try:
        return folder.samefile(other)
    except OSError:
        return False  # one of them does not exist yet


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
