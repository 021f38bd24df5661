"""Checks, backups that are consistent while people work, restoring, figures for monitoring."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tarfile

import pytest
from django.test import Client

from coig_writer.errors import InputError, SettingError
from coig_writer.studio import keeping
from support.postgresql import PostgreSQL, binaries
from support.served_studio import ServedStudio
from support.studio_client import StudioClient

pytestmark = pytest.mark.long


def test_a_backup_taken_while_people_write_is_whole_and_can_be_served(tmp_path, starter):
    served = ServedStudio(tmp_path / "studio")
    data = tmp_path / "one.jsonl"
    data.write_text(json.dumps(starter[0], ensure_ascii=False) + "\n", encoding="utf-8")
    password = served.account("writer", "backed up", "annotator")
    served.command("import", str(data), "--project", "backed up")

    async def write_and_back_up():
        async with StudioClient(served.address, "writer", password) as client:
            await client.page("/projects/1/")
            item = await client.claim()
            backup = asyncio.create_task(asyncio.to_thread(served.command, "backup", str(tmp_path / "b.tar.gz")))
            number = 1
            while not backup.done():
                status, told = await client.save(item, number, prompt=f"第 {number} 稿")
                assert status == 200, told
                number = json.loads(told)["version"]
            await backup
            return number

    with served:
        last = asyncio.run(write_and_back_up())
    assert last > 1
    restored = ServedStudio(tmp_path / "restored")
    restored.command("restore", str(tmp_path / "b.tar.gz"))
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0
    for name in ("secret.key", "studio.sqlite3"):
        assert (restored.folder / name).stat().st_mode & 0o077 == 0, name
    with sqlite3.connect(restored.folder / "studio.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert 1 <= database.execute("SELECT max(number) FROM studio_version").fetchone()[0] <= last

    async def sign_in_again():
        async with StudioClient(restored.address, "writer", password) as client:
            assert "backed up" in await client.page("/projects/1/")

    with restored:
        asyncio.run(sign_in_again())
    assert "ok   database" in served.command("check")


def test_restoring_writes_nothing_over(tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").touch()
    with pytest.raises(SettingError, match="not empty"):
        keeping.restore(tmp_path / "b.tar.gz", full)
    with pytest.raises(InputError):
        keeping.restore(tmp_path / "missing.tar.gz", tmp_path / "new")
    with tarfile.open(tmp_path / "odd.tar.gz", "w:gz") as archive:
        archive.add(full / "something", "something")
    with pytest.raises(InputError, match="not a backup"):
        keeping.restore(tmp_path / "odd.tar.gz", tmp_path / "newer")


def test_figures_for_monitoring_hold_no_names(project, item, person):
    one, user = item(), person("annotator")
    text = Client().get("/metrics").content.decode()
    assert 'studio_items{status="candidate"}' in text
    assert one.title not in text
    assert user.username not in text
    assert user.client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404


def test_the_demo_has_an_account_for_each_role(tmp_path):
    served = ServedStudio(tmp_path / "demo")
    lines = [line.split() for line in served.command("demo").splitlines()[:-1]]
    assert [line[0] for line in lines] == [
        "annotator",
        "reviewer",
        "reviewer",
        "inspector",
        "evaluator",
        "manager",
        "admin",
    ]
    assert len({line[2] for line in lines}) == len(lines)
    again = [line.split()[2] for line in served.command("demo").splitlines()[:-1]]
    assert set(again).isdisjoint(line[2] for line in lines)


def test_commands_about_a_studio_make_none(tmp_path):
    from typer.testing import CliRunner

    from coig_writer.cli import app

    missing = tmp_path / "typo"
    for words in (["check"], ["backup", str(tmp_path / "b.tar.gz")], ["new-password", "lin"]):
        done = CliRunner().invoke(app, ["studio", *words, "--folder", str(missing)])
        assert "no studio" in str(done.exception) + done.output, words
    assert list(tmp_path.iterdir()) == []


def test_a_new_password_by_command_works(tmp_path):
    served = ServedStudio(tmp_path / "studio")
    first = served.account("lin", "p", "annotator")
    second = served.command("new-password", "lin").split()[-1]
    assert first != second
    with sqlite3.connect(served.folder / "studio.sqlite3") as database:
        stored = database.execute("SELECT password FROM auth_user").fetchone()[0]
    from django.contrib.auth.hashers import check_password

    assert check_password(second, stored)


def test_a_backup_on_postgresql_fills_another_database(tmp_path, starter):
    psycopg = pytest.importorskip("psycopg")
    if binaries() is None:
        pytest.skip("*** PostgreSQL is missing (apt-get install postgresql): its tests are skipped ***")
    data, archive, first, second = (tmp_path / name for name in ("some.jsonl", "kept.tar.gz", "first", "second"))
    data.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in starter[:3]), encoding="utf-8")

    def studio(address, *words):
        environment = {**os.environ, "DATABASE_URL": address}
        words = [sys.executable, "-m", "coig_writer", "studio", *map(str, words)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr

    def titles(address):
        with psycopg.connect(address) as connection:
            return connection.execute("SELECT title, article_json FROM studio_item ORDER BY id").fetchall()

    with PostgreSQL() as address:
        studio(address, "import", data, "--project", "甲", "--folder", first)
        studio(address, "backup", archive, "--folder", first)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE other")
        other = address.removesuffix("postgres") + "other"
        studio(other, "restore", archive, "--folder", second)
        assert titles(other) == titles(address)
        assert len(titles(other)) == 3
        studio(other, "check", "--folder", second)
    assert (second / "secret.key").read_bytes() == (first / "secret.key").read_bytes()
    assert not (second / "postgresql.dump").exists()
