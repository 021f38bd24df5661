"""Large files are read by several processes: the same comes out, and a script that forgets its guard is told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from coig_writer.dataset.convert import convert
from coig_writer.dataset.formats import published
from coig_writer.packaged import load_starter

STARTER = load_starter()
SCRIPT = """
from pathlib import Path
from coig_writer.dataset import parallel
from coig_writer.dataset.convert import convert

parallel._WORTH = 1
convert([Path("some.jsonl")], Path("out.jsonl"), "trl")
"""


def write(path, times):
    lines = [json.dumps({**published(each), "mood": "calm"}, ensure_ascii=False) for each in STARTER]
    broken = ['{"prompt": 1}', '{"prompt": "a", "prompt": "b"}', "{"]
    path.write_text("\n".join(line for number in range(times) for line in [*lines, broken[number % 3]]), "utf-8")
    return path


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet"])
def test_two_processes_convert_as_one_does(tmp_path, monkeypatch, name):
    source = write(tmp_path / "some.jsonl", 12)
    alone = convert([source], tmp_path / name, "published")
    files = [tmp_path / name, alone.rejects]
    before = [path.read_bytes() for path in files]
    monkeypatch.setattr("coig_writer.dataset.sets.processes_for", lambda size: 2)
    monkeypatch.setattr("coig_writer.dataset.sets.PART", 300_000)
    assert convert([source], tmp_path / name, "published") == alone
    assert [path.read_bytes() for path in files] == before
    assert alone.written == 12 * len(STARTER)
    assert (alone.unread, alone.lost) == (12, 1)  # the column without a place is told once


def test_a_script_without_its_guard_is_told_what_to_do(tmp_path):
    write(tmp_path / "some.jsonl", 1)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert 'begin what it does with `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out.jsonl").exists()
