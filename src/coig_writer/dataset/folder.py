"""A folder that appears whole: built aside, then swapped in, and never over somebody's other files.

What a folder is says `format` in its manifest; a release is replaced by a release only, a mixture by a mixture.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coig_writer.errors import StorageError
from coig_writer.files import storage_errors

FORMAT = "coig-writer release"
"""What `format` says in the manifest of a release; the last word is what people call it."""
MIXTURES = "coig-writer mixtures"
SPLIT = "coig-writer split"
LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}


def put_back(out: Path, kind: str = FORMAT) -> None:
    """Puts an earlier release back that a build, killed in the middle of the swap, has left aside.

    What else killed builds have left beside `out` is removed, so that nothing of what was taken down lies about.

    Raises:
        StorageError: the place cannot be written.
    """
    out = out.resolve()
    with storage_errors(out):
        left = _left_aside(out, kind)
        if left and not os.path.lexists(out):
            max(left, key=lambda path: path.stat().st_mtime).rename(out)
        for path in (*_left_aside(out, kind), *_half_built(out)):
            shutil.rmtree(path)


def folders_beside(out: Path) -> list[Path]:
    """Releases, mixtures and splits that lie in the same folder as `out`, by name."""
    out = out.resolve()
    found = (path for path in sorted(out.parent.iterdir()) if path != out and not path.name.startswith("."))
    return [path for path in found if any(_listed(path / "manifest.json", kind) for kind in (FORMAT, MIXTURES, SPLIT))]


def check_replaceable(out: Path, kind: str = FORMAT) -> None:
    """Refuses a place that holds anything but nothing, an empty folder or an earlier one of its `kind`.

    Raises:
        StorageError: the place is a file, a folder of something else, or one with files added by hand.
    """
    name = f"the {kind.rsplit(maxsplit=1)[-1]}"
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise StorageError(f"a file stands where {name} should go", where=str(out), remedy="Choose another --out.")
    found = {str(path.relative_to(out)) for path in out.rglob("*") if not path.is_dir()}
    found -= {name for name in found if Path(name).name in LEFT_BY_SYSTEMS}
    listed = _listed(out / "manifest.json", kind)
    if found and not listed:
        raise StorageError(
            f"the folder is not empty and does not hold {name} of an earlier run",
            where=str(out),
            remedy="Choose another --out, or empty the folder yourself.",
        )
    if foreign := sorted(found - listed):
        raise StorageError(
            f"the folder holds files that are not part of {name}: {', '.join(foreign[:5])}",
            where=str(out),
            remedy="Move them elsewhere; a new build replaces the whole folder.",
        )


def _listed(manifest: Path, kind: str) -> set[str]:
    """The files that a manifest of this kind names, itself included; empty when it is none."""
    try:
        value = json.loads(manifest.read_bytes())
        return {*value["files"], "manifest.json"} if value["format"] == kind else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


@contextmanager
def whole_folder(out: Path, kind: str = FORMAT) -> Iterator[Path]:
    """A new empty folder beside `out`; on success it takes the place of `out`, else it is removed.

    What stood at `out` is there until the swap, and is put back when the swap fails; `put_back` sees to it after
    a kill.

    Raises:
        StorageError: see `check_replaceable`; or the place cannot be written.
    """
    out = out.resolve()
    put_back(out, kind)
    check_replaceable(out, kind)
    building = out.parent / f".{out.name}.{os.getpid()}.part"
    try:
        with storage_errors(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            building.mkdir()
        with storage_errors(building):
            yield building
        with storage_errors(out):
            _swap(building, out, kind)
    except StorageError as error:  # the user knows `out`, not the hidden folder beside it
        raise StorageError(error.message, where=str(out), remedy=error.remedy) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _swap(building: Path, out: Path, kind: str) -> None:
    if not out.exists():
        building.rename(out)
        return
    earlier = out.parent / f".{out.name}.{os.getpid()}.old"
    out.rename(earlier)
    try:
        building.rename(out)
    except OSError:
        earlier.rename(out)
        raise
    earlier.rename(building)  # killed while it is removed, it is known for what it is, whatever of it is left
    for path in (building, *_left_aside(out, kind)):
        shutil.rmtree(path)


def _half_built(out: Path) -> list[Path]:
    """Folders for `out` that processes which are no longer there were building."""
    name = re.compile(rf"\.{re.escape(out.name)}\.(\d+)\.part")
    beside = out.parent.iterdir() if out.parent.is_dir() else ()
    return [path for path in beside if (found := name.fullmatch(path.name)) and not _alive(int(found[1]))]


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's, or no number of a process
        return True
    return True


def _left_aside(out: Path, kind: str) -> list[Path]:
    """Earlier releases of this very folder that killed builds have left beside it."""
    name = re.compile(rf"\.{re.escape(out.name)}\.\d+\.old")
    beside = out.parent.iterdir() if out.parent.is_dir() else ()
    return [path for path in beside if name.fullmatch(path.name) and _listed(path / "manifest.json", kind)]
