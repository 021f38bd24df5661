"""Which folder, database and hosts a studio has: said once to the environment, which its worker processes inherit."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from coig_writer.errors import SettingError
from coig_writer.files import storage_errors

FOLDER = "COIG_STUDIO_FOLDER"
HOSTS = "COIG_STUDIO_HOSTS"
HTTPS = "COIG_STUDIO_HTTPS"
FETCH = "COIG_STUDIO_FETCH"
MODEL = "COIG_STUDIO_MODEL_SPEC"
"""The model that drafts, with its address, as JSON."""
DATABASE = "DATABASE_URL"


def configure(
    folder: Path,
    *,
    hosts: list[str] | None = None,
    https: bool = False,
    fetch: bool = False,
) -> None:
    """Makes the folder with its secret key if they are missing, and loads Django with these settings.

    Args:
        folder: holds `studio.sqlite3` unless DATABASE_URL names a database, the secret key, and releases.
        hosts: names under which browsers reach the studio; this machine alone if none are given.
        https: whether browsers come by https, through a proxy; cookies are then sent over nothing else.
        fetch: whether texts may be proposed by their address.

    Raises:
        SettingError: Django is not installed.
        StorageError: the folder cannot be written.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        make_private(folder / "secret.key", secrets.token_urlsafe(50))
        if DATABASE not in os.environ:
            make_private(
                folder / "studio.sqlite3", ""
            )  # SQLite fills an empty file, and gives its journals the same mode
    os.environ[FOLDER] = str(folder.resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = "coig_writer.studio.settings"
    if hosts:
        os.environ[HOSTS] = ",".join(hosts)
    for name, value in ((HTTPS, https), (FETCH, fetch)):
        if value:
            os.environ[name] = "1"
    try:
        import django
    except ImportError as error:
        raise SettingError(
            f"the studio needs {error.name}", remedy="Run: pip install 'coig-writer[studio]'."
        ) from error
    django.setup()


def make_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, unless there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def upgrade_database() -> None:
    """Brings the tables up to this version; does nothing where they are."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
