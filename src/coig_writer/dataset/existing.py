"""A release as its folder tells it, or as much of one as plain files of triplets tell."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from coig_writer.corpus.summary import Summary
from coig_writer.dataset.folder import FORMAT
from coig_writer.dataset.inputs import Call, Source, as_released
from coig_writer.dataset.release import Release, Rules, Withheld
from coig_writer.dataset.sets import FULL, TripletSet
from coig_writer.dataset.tombstones import read_tombstones
from coig_writer.errors import InputError
from coig_writer.files import read_jsonl
from coig_writer.schema import Triplet


def read_release(folder: Path) -> Release:
    """A release as its folder tells it: what was released, what was left out and why, take-downs, settings.

    Texts of what was left out are not in the folder, so a page that is made from it does not show them.

    Raises:
        InputError: the folder is no release, or a file of it cannot be read.
    """
    manifest = _manifest(folder)
    created = manifest.get("created")
    try:
        return Release(
            title=manifest["title"],
            licence=manifest["licence"],
            rules=Rules(**manifest["settings"]),
            sources=tuple(Source(**each) for each in manifest["inputs"]),
            released=tuple(read_jsonl(folder / FULL, Triplet)),
            withheld=tuple(read_jsonl(folder / "not_released.jsonl", Withheld)),
            created=datetime.fromisoformat(created) if created else None,
            tombstones=tuple(read_tombstones(folder)),
            corpus=Summary.model_validate(manifest["corpus"]) if manifest.get("corpus") else None,
            calls=tuple(Call(**each) for each in manifest.get("calls", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"not the manifest of a release of this version: {error}",
            where=str(folder / "manifest.json"),
            remedy="Build the release again.",
        ) from error


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError("not the folder of a release", where=str(folder), remedy="Give a release folder.") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError("not the manifest of a release", where=str(path), remedy="Give a release folder.")
    return value


def release_of(triplets: TripletSet, title: str, licence: str | None) -> Release:
    """Any set of triplets as a release that nobody has gated, so that a card can be written for it."""
    read = tuple(as_released(triplet) for triplet in triplets)
    released = tuple(each for each in read if isinstance(each, Triplet))
    return Release(title, licence, Rules(), tuple(triplets.sources()), released, (), gated=False)


def read_any(data: Path, *, title: str | None = None, licence: str | None = None) -> Release:
    """The release of a folder, or a set of triplets as if it were one; title and licence if given are taken instead.

    Raises:
        InputError: see `read_release`; or the file cannot be read.
    """
    if data.is_dir():
        release = read_release(data)
        return replace(release, title=title or release.title, licence=licence or release.licence)
    return release_of(TripletSet([data]), title or data.stem, licence)
