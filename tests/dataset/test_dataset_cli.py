"""`coig-writer dataset build` as a user meets it: a process, its exit code, what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from support.drafts import DRAFTS


@pytest.fixture
def build(tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "coig_writer", "dataset", "build", str(DRAFTS), "--out", "release", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100"},
        )

    return run


def test_a_release_is_summed_up_with_what_to_open(build, tmp_path):
    done = build("--include-unreviewed")
    assert done.returncode == 0, done.stderr
    assert "left out: needs refinement" in done.stdout
    assert "Reviewed by nobody, and marked so: 7 of 7 released triplets." in done.stdout
    assert (tmp_path / "release" / "report.html").is_file()


def test_what_is_to_be_opened_can_be_pasted_into_a_shell(build):
    done = build("--include-unreviewed", "--out", "my release")
    assert done.stdout.splitlines()[-1] == "Next: open 'my release/report.html'"


def test_json_is_all_that_stands_on_standard_output(build):
    found = json.loads(build("--include-unreviewed", "--json").stdout)
    assert found["released"] == 7
    assert found["read"] == found["released"] + sum(found["withheld"].values())


def test_without_reviews_the_command_fails_and_says_what_to_do(build, tmp_path):
    done = build()
    assert done.returncode == 1
    assert "--include-unreviewed" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "release").exists()
