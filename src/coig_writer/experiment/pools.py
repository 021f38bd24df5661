"""The triplets that each mixture of an experiment draws on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from coig_writer.corpus.language import identify
from coig_writer.dataset.general import Example, read_general
from coig_writer.dataset.sets import TripletSet
from coig_writer.errors import InputError
from coig_writer.experiment.settings import STARTER, Cell, Experiment, located
from coig_writer.files import dumps, write_text
from coig_writer.packaged import load_starter
from coig_writer.schema import Triplet


def write_pools(experiment: Experiment, folder: Path, beside: Path) -> dict[str, Path]:
    """Writes the triplets of each pool as JSON Lines into `folder`, and returns the files by the pools' names.

    A smaller pool lies within a larger one of the same languages. A file that is right already is left alone.

    Raises:
        InputError: there are fewer triplets than a pool wants.
    """
    triplets = list(read_triplets(experiment.data.creative, beside))
    pools = {cell.pool: cell for cell in experiment.cells()}
    files = {}
    for name, cell in pools.items():
        text = "".join(dumps(triplet) + "\n" for triplet in pool_of(triplets, cell))
        files[name] = folder / f"{name}.jsonl"
        if not files[name].is_file() or files[name].read_text(encoding="utf-8") != text:
            write_text(files[name], text)
    return files


def read_triplets(names: Iterable[str], beside: Path) -> Iterable[Triplet]:
    """The triplets of releases and files, each id once; `starter` names the packaged ones."""
    seen: set[str] = set()
    for name in names:
        for triplet in load_starter() if name == STARTER else TripletSet([Path(located(name, beside))]):
            if triplet.id not in seen:
                seen.add(triplet.id)
                yield triplet


def check_general(experiment: Experiment, beside: Path) -> None:
    """Makes sure that mixtures differ: with too few general examples, several would hold all of them.

    Raises:
        InputError: two mixtures would be the same, or the examples cannot be read.
    """
    paths = [Path(located(name, beside)) for name in experiment.data.general]
    there = sum(isinstance(found, Example) for path in paths for found in read_general(path))
    same = [f"{count:,}" for count in experiment.data.counts if count >= there]
    if len(same) > 1:
        raise InputError(
            f"there are {there:,} general examples, so that mixtures with {' and '.join(same)} would be the same",
            where="data.general",
            remedy="Give more general examples, or other general_counts.",
        )


def pool_of(triplets: Iterable[Triplet], cell: Cell) -> list[Triplet]:
    """The triplets that a cell draws on, chosen by language and by the hash of their ids.

    Raises:
        InputError: there are too few.
    """
    found = [triplet for triplet in triplets if not cell.languages or language_of(triplet) in cell.languages]
    wanted = cell.creative if cell.creative is not None else 1
    if len(found) < wanted:
        raise InputError(
            f"there are {len(found):,} triplets in {' and '.join(cell.languages) or 'any language'}, "
            f"and {wanted:,} are wanted",
            where="data.creative",
            remedy="Give more triplets, or ask for fewer.",
        )
    if cell.creative is None:
        return found
    return sorted(found, key=lambda each: hashlib.blake2b(each.id.encode(), digest_size=16).digest())[: cell.creative]


def language_of(triplet: Triplet) -> str:
    """The article's language as it is recorded, else as it reads."""
    return triplet.article.language or identify(triplet.article.text) or "unknown"
