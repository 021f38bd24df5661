"""Data sets on the Hugging Face Hub: found, fetched and put there by `huggingface_hub`, whose settings all hold.

`HF_ENDPOINT` names a mirror, `HF_TOKEN` a token, `HF_HOME` the cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coig_writer.errors import InputError, SettingError, StorageError, first_line

_ADDRESS = re.compile(r"(?:hf:)?(?P<repo>[\w.-]+/[\w.-]+?)(?:@(?P<revision>[^/\s]+))?(?:/(?P<file>\S+))?")
_DATA = (".jsonl", ".json", ".parquet", ".csv", ".xlsx", ".jsonl.gz", ".json.gz", ".jsonl.zst")
_PREFERRED = "full.jsonl"
_ASIDE = re.compile(r"manifest|croissant|datasheet|not_released|tombstones|dataset_infos|config|settings|rejects")


@dataclass(frozen=True)
class Address:
    """A data set of the Hub: `owner/name`, with a revision or a file where one is named."""

    repo: str
    revision: str | None = None
    file: str | None = None

    @classmethod
    def of(cls, text: str) -> Address | None:
        """The address that `hf:owner/name@revision/file` or `owner/name` is; None where it is none."""
        match = _ADDRESS.fullmatch(text)
        return cls(match["repo"], match["revision"], match["file"]) if match else None

    def __str__(self) -> str:
        return f"hf:{self.repo}{f'@{self.revision}' if self.revision else ''}{f'/{self.file}' if self.file else ''}"


def fetch(address: Address) -> list[Path]:
    """The data files of a data set on this machine, fetched where they are not in the cache.

    Without a named file: `full.jsonl` if it is there, which a release of ours has; else all files of the kind that
    comes first among JSON Lines, JSON, Parquet, CSV and XLSX.

    Raises:
        InputError: the Hub cannot be reached, shows no such data set, or it holds no file that can be read.
    """
    from huggingface_hub import HfApi, hf_hub_download

    with _hub_errors(address):
        files = (
            [address.file]
            if address.file
            else HfApi().list_repo_files(address.repo, repo_type="dataset", revision=address.revision)
        )
        chosen = files if address.file else _data_files(files)
        if not chosen:
            raise InputError(
                f"no file with triplets among {len(files)}", where=str(address), remedy=f"Name one: {address}/FILE."
            )
        return [
            Path(hf_hub_download(address.repo, file, repo_type="dataset", revision=address.revision)) for file in chosen
        ]


def _data_files(files: list[str]) -> list[str]:
    """Those that may hold triplets, of one kind: a data set often carries the same records in several."""
    full = [file for file in files if Path(file).name == _PREFERRED]
    if full:
        return full[:1]
    rest = [file for file in sorted(files) if not _ASIDE.search(Path(file).name)]
    kinds = ([file for file in rest if file.lower().endswith(kind)] for kind in _DATA)
    return next((kind for kind in kinds if kind), [])


def push(source: Path, repo: str, *, public: bool = False, message: str | None = None) -> str:
    """Puts a release folder, or one file, into a data set of the Hub, which is made if there is none.

    A release goes as it is: its data card becomes the data set's page. One commit, so that nobody sees half of it.
    Hidden files and folders, such as `.git` or `.env`, stay here.

    Args:
        public: whether a data set that is made now can be seen by everybody; one that exists stays as it is.

    Returns:
        The address of the commit.

    Raises:
        SettingError: `repo` is not `OWNER/NAME`.
        InputError: there is nothing at `source`.
        StorageError: the Hub cannot be reached or refuses.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    address = Address.of(repo)
    if address is None or address.file or address.revision:
        raise SettingError(f"not the name of a data set: {repo!r}", remedy="Give OWNER/NAME.")
    if not source.exists():
        raise InputError("nothing is there", where=str(source), remedy="Give a release folder or a file.")
    root = source if source.is_dir() else source.parent
    names = {path: path.relative_to(root) for path in (sorted(source.rglob("*")) if source.is_dir() else [source])}
    files = [path for path, name in names.items() if path.is_file() and (path == source or not _hidden(name))]
    if not files:
        raise InputError("no files in the folder", where=str(source), remedy="Give a release folder or a file.")
    operations = [CommitOperationAdd(names[path].as_posix(), path) for path in files]
    with _hub_errors(address, writing=True):
        api = HfApi()
        api.create_repo(address.repo, repo_type="dataset", private=not public, exist_ok=True)
        made = api.create_commit(
            address.repo,
            operations,
            repo_type="dataset",
            commit_message=message or f"{source.name}: {len(files)} files",
        )
        return str(made.commit_url)


def _hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


@contextmanager
def _hub_errors(address: Address, writing: bool = False) -> Iterator[None]:
    """The library's errors as ours, with what to do."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        LocalTokenNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    kind = StorageError if writing else InputError
    where = str(address)
    try:
        yield
    except (InputError, StorageError):
        raise
    except LocalTokenNotFoundError as error:
        raise kind("no token", where=where, remedy="Log in with `hf auth login`, or set HF_TOKEN.") from error
    except LocalEntryNotFoundError as error:
        raise _unreachable(kind, error, where) from error
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError, HFValidationError) as error:
        what = "revision" if isinstance(error, RevisionNotFoundError) else "data set"
        what = "file" if isinstance(error, EntryNotFoundError) else what
        remedy = "Check the name; a private or gated data set needs HF_TOKEN."
        raise kind(f"the Hub shows no such {what}", where=where, remedy=remedy) from error
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        remedy = "Set HF_TOKEN to a token that may write there." if status in (401, 403) else "Try again later."
        raise kind(f"the Hub refuses: {first_line(error)}", where=where, remedy=remedy) from error
    except Exception as error:  # of the library's HTTP client, which changes with its version, or of the disk
        raise _unreachable(kind, error, where) from error


def _unreachable(kind: type[InputError] | type[StorageError], error: BaseException, where: str) -> Exception:
    reason = first_line(error.__cause__ or error)
    return kind(
        f"the Hub cannot be reached: {reason}",
        where=where,
        remedy="Check the network or set HF_ENDPOINT to a mirror; a local file needs no network.",
    )
