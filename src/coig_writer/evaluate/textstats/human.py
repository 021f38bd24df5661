"""Texts that people wrote, from files of any kind that the corpus reader knows, or from triplets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coig_writer.corpus.inventory import take_inventory
from coig_writer.corpus.read import read_file
from coig_writer.corpus.rows import Row
from coig_writer.corpus.settings import CorpusSettings
from coig_writer.errors import InputError

_TRIPLETS = CorpusSettings(map={"text": "article.text"})


def read_texts(paths: Sequence[Path]) -> list[str]:
    """The texts of these files and folders: plain text, HTML, CSV, JSON Lines, Parquet; of triplets the article.

    Raises:
        InputError: a file is missing, or has no text.
    """
    found = []
    for file in take_inventory(paths).files:
        rows = [row for row in read_file(file, CorpusSettings()) if row.text and not row.problem]
        rows = rows or [row for row in read_file(file, _TRIPLETS) if row.text and not row.problem]
        if not rows:
            why = next((_why(row) for row in read_file(file, CorpusSettings())), "nothing in it")
            raise InputError(
                f"no text can be read: {why}", where=file.path, remedy="Give texts, or records with a column text."
            )
        found += [row.text for row in rows if row.text]
    return found


def _why(row: Row) -> str:
    return row.detail or row.problem or "no text"
