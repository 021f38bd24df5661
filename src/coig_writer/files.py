"""Files between rooms: JSON Lines in and out, whole or not at all.

Writers never leave half a file under its final name: text goes to a temporary file in the same
folder, is flushed to the disk, and is renamed. The one exception is an append-only journal
(`llm/ledger.py`), whose torn last line `read_journal` forgives.
"""

from __future__ import annotations

import codecs
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from coig_writer.errors import AGAIN, InputError, StorageError

Model = TypeVar("Model", bound=BaseModel)
LOCK = ".lock"
"""File in a folder that one process at a time has for itself."""


@contextmanager
def alone_in(folder: Path, who: str, remedy: str) -> Iterator[None]:
    """Makes a folder, and keeps other processes that ask for it alone out of it within the block.

    Args:
        who: what is told of another one, such as "another process trains here".
        remedy: what to do then.

    Raises:
        StorageError: another process is in it, or the folder cannot be written.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise StorageError(who, where=str(folder), remedy=remedy) from error
    try:
        yield
    finally:
        lock.release()


def dumps(record: Any) -> str:
    """One line of JSON; Chinese stays readable, NaN is refused."""
    if isinstance(record, BaseModel):
        record = record.model_dump(mode="json", exclude_none=True)
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns the operating system's refusals to write at `path` into a `StorageError` with a remedy.

    An error about another place, such as a file that is read meanwhile, passes through.
    """
    try:
        yield
    except OSError as error:
        if not _concerns(error, path):
            raise
        remedies = {
            "PermissionError": "Choose a folder you may write to, or change its permissions.",
            "NotADirectoryError": "A file stands where a folder is needed; choose another place.",
            "FileExistsError": "A file stands where a folder is needed; choose another place.",
            "IsADirectoryError": "A folder stands where a file is needed; choose another name.",
        }
        full = error.errno in (28, 122)  # ENOSPC, EDQUOT
        remedy = f"Free some space and run {AGAIN}: finished work is kept."
        raise StorageError(
            f"cannot write: {error.strerror or error}",
            where=str(path),
            remedy=remedy if full else remedies.get(type(error).__name__, f"Mend this and run {AGAIN}."),
        ) from error


def _concerns(error: OSError, path: Path) -> bool:
    """Whether the file an error names, if any, is `path`, lies around or below it, or is its temporary file."""
    if isinstance(error, ConnectionError | TimeoutError):
        return False
    if not isinstance(error.filename, str):
        return True
    named = Path(error.filename)
    return path.is_relative_to(named) or named.is_relative_to(path) or named.name.startswith(f".{path.name}.")


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path`; on success it is flushed and takes the name `path`, else it is removed.

    Raises:
        StorageError: the place cannot be written; what stood at `path` before is unharmed.
    """
    path = Path(path)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
        temporary.touch(exist_ok=False)
    try:
        with storage_errors(path):
            yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Writes a whole text file or nothing."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Writes a whole, indented JSON file or nothing."""
    write_text(path, json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n")


def write_jsonl(path: Path | str, records: Iterable[Any]) -> int:
    """Writes records one a line and returns their number; the whole file or nothing."""
    count = 0
    with whole_file(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for record in records:
            file.write(dumps(record) + "\n")
            count += 1
    return count


def read_jsonl(path: Path | str, model: type[Model]) -> Iterator[Model]:
    """The records of a JSON Lines file that this software wrote, validated.

    Raises:
        InputError: the file is missing, is not UTF-8, or a line is not such a record; names file, line and field.
    """
    path = Path(path)
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below, the open itself may fail
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error
    with file:
        for number, line in enumerate(file, 1):
            bare = line.removeprefix(codecs.BOM_UTF8).strip()
            if not bare:
                continue
            try:
                yield model.model_validate_json(bare)
            except ValidationError as error:
                first = error.errors()[0]
                field = ".".join(map(str, first["loc"])) or "line"
                raise InputError(
                    f"not a valid {model.__name__} record: {field}: {first['msg']}",
                    where=f"{path}:{number}",
                    remedy="Mend or remove this line.",
                ) from error


def read_journal(path: Path | str) -> Iterator[tuple[dict, int]]:
    """Each whole line of an append-only journal with the offset in bytes at which it ends.

    A writer killed in the middle of a line leaves a torn tail; it is not yielded, and the caller
    truncates the file to the last offset before appending.

    Raises:
        InputError: a line before the last is broken, which no interrupted writer does.
    """
    path = Path(path)
    end = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                row = json.loads(line)
            except ValueError as error:
                if file.read(1):
                    raise InputError(
                        f"broken line in a journal: {error}",
                        where=f"{path}:{number}",
                        remedy="Something else wrote into this file; remove the line and run again.",
                    ) from error
                return
            end += len(line)
            yield row, end
