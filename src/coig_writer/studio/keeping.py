"""Keeping a studio safe and watched: checks, consistent backups, restoring, figures for monitoring."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.checks import run_checks
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from coig_writer.errors import InputError, ModelError, SettingError
from coig_writer.files import storage_errors, whole_file

DATABASE, DUMP, SECRET = "studio.sqlite3", "postgresql.dump", "secret.key"


@dataclass(frozen=True)
class Checked:
    """One thing that was looked at."""

    what: str
    fine: bool
    detail: str


def check(model: str | None = None) -> Iterator[Checked]:
    """Looks at settings, database, folder and, if one is named, the model."""
    for message in run_checks(include_deployment_checks=True):
        if message.id in _DECIDED or (not settings.HTTPS and message.id in _ONLY_WITH_HTTPS):
            continue
        yield Checked("settings", False, f"{message.id}: {message.msg}")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA quick_check")
            answer = cursor.fetchone()[0]
            cursor.execute("PRAGMA journal_mode")
            mode = cursor.fetchone()[0]
            yield Checked("database", answer == "ok" and mode == "wal", f"SQLite: {answer}, journal {mode}")
        else:
            cursor.execute("SELECT version()")
            yield Checked("database", True, str(cursor.fetchone()[0]).split(" on ")[0])
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    yield Checked("tables", not waiting, f"{waiting} changes wait; `studio serve` makes them" if waiting else "current")
    for what, name in (("secret key", SECRET), ("database file", DATABASE)):
        if name == SECRET or connection.vendor == "sqlite":
            open_to = (settings.FOLDER / name).stat().st_mode & 0o077
            yield Checked(what, not open_to, "others can read it" if open_to else "readable by its owner alone")
    free = shutil.disk_usage(settings.FOLDER).free / 2**30
    yield Checked("disk", free > 1, f"{free:.1f} GB free")
    if model:
        yield _model(model)


_ONLY_WITH_HTTPS = {"security.W004", "security.W008", "security.W012", "security.W016"}
"""What Django asks of a site that is reached by https; on one machine the studio is not."""


_DECIDED = {"security.W005", "security.W021"}
"""HSTS for subdomains and preload lists bind a whole domain; that is for its owner to say, at the proxy."""


def _model(name: str) -> Checked:
    from coig_writer.llm.embedded import serving
    from coig_writer.llm.probe import probe
    from coig_writer.llm.registry import resolve

    try:
        with serving(resolve(name)) as spec:
            found = asyncio.run(probe(spec))
    except (ModelError, SettingError) as error:
        return Checked("model", False, str(error))
    return Checked("model", found.structured, f"{name} answers; {found.structured_note}")


def backup(out: Path) -> None:
    """Writes database, secret key and releases into one archive; people may go on working meanwhile.

    Raises:
        StorageError: the archive cannot be written.
        SettingError: PostgreSQL's pg_dump is missing or fails.
    """
    with whole_file(out) as temporary, tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / (DATABASE if connection.vendor == "sqlite" else DUMP)
        if connection.vendor == "sqlite":
            with (
                closing(sqlite3.connect(settings.FOLDER / DATABASE)) as source,
                closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)  # one moment of the database, whatever is written meanwhile
        else:
            _postgresql("pg_dump", "--format=custom", f"--file={copy}", os.environ["DATABASE_URL"])
        temporary.chmod(0o600)  # it holds people's names and the hashes of their passwords
        with tarfile.open(temporary, "w:gz") as archive:
            archive.add(copy, copy.name)
            archive.add(settings.FOLDER / SECRET, SECRET)
            if (settings.FOLDER / "releases").is_dir():
                archive.add(settings.FOLDER / "releases", "releases")


def restore(archive: Path, folder: Path) -> None:
    """Makes a studio's folder from a backup; a PostgreSQL database is filled from it.

    Args:
        folder: one that does not exist or is empty: nothing is written over.

    Raises:
        InputError: the archive is missing or is none.
        SettingError: the folder is not empty, or pg_restore is missing or fails.
    """
    if folder.exists() and any(folder.iterdir()):
        raise SettingError("the folder is not empty", where=str(folder), remedy="Name a new one, and move it later.")
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive) as found:
            names = {name.split("/")[0] for name in found.getnames()}
            if SECRET not in names or not names & {DATABASE, DUMP}:
                raise InputError(
                    "not a backup of a studio", where=str(archive), remedy="Make one with `studio backup`."
                )
            found.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"cannot read: {error}", where=str(archive), remedy="Check the path.") from error
    for name in names & {SECRET, DATABASE, DUMP}:
        (folder / name).chmod(0o600)
    dump = folder / DUMP
    if dump.is_file():
        if "DATABASE_URL" not in os.environ:
            raise SettingError("this backup is PostgreSQL's", remedy="Name an empty database in DATABASE_URL.")
        _postgresql("pg_restore", "--no-owner", f"--dbname={os.environ['DATABASE_URL']}", str(dump))
        dump.unlink()


def _postgresql(program: str, *words: str) -> None:
    try:
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SettingError(f"{program} is missing", remedy="Install PostgreSQL's client programs.") from error
    if done.returncode:
        raise SettingError(f"{program} failed: {done.stderr.strip().splitlines()[-1]}", where="DATABASE_URL")


def metrics() -> str:
    """Figures of the whole studio in the text format of Prometheus; no names, no texts."""
    from coig_writer.studio.models import Assignment, AuditEntry, Item, Sheet

    lines = ["# TYPE studio_items gauge"]
    items = Item.objects.filter(exercise__isnull=True)
    for status, count in items.values_list("status").annotate(Count("id")).order_by("status"):
        lines.append(f'studio_items{{status="{status}"}} {count}')
    now = timezone.now()
    for name, rows in {
        "studio_assignments_open": Assignment.objects.filter(ended=None),
        "studio_assignments_overdue": Assignment.objects.filter(ended=None, due__lt=now),
        "studio_sheets_handed_in": Sheet.objects.exclude(submitted=None),
        "studio_actions_total": AuditEntry.objects.all(),
    }.items():
        lines += [f"# TYPE {name} {'counter' if name.endswith('total') else 'gauge'}", f"{name} {rows.count()}"]
    return "\n".join(lines) + "\n"
