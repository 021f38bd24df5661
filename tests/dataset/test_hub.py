"""Data sets go to the Hub in one commit and come back from it, against a stand-in of its HTTP API."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from coig_writer.dataset.hub import Address, push
from coig_writer.dataset.tables import write_triplets
from coig_writer.errors import InputError
from coig_writer.packaged import load_starter
from support.dataset_hub import DatasetHub


@pytest.fixture
def hub():
    with DatasetHub() as running:
        yield running


def command(hub: DatasetHub, home, *arguments: str, token: str | None = "hf_test") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, since the library reads its environment when it is imported."""
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    environment |= {"HF_TOKEN": token} if token else {}
    return subprocess.run(
        [sys.executable, "-m", "coig_writer", "dataset", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )


def test_a_release_goes_there_and_comes_back(hub, tmp_path):
    release = tmp_path / "release"
    release.mkdir()
    some = load_starter()[:3]
    write_triplets(release / "full.jsonl", some, "triplet")
    write_triplets(release / "triplets.parquet", some, "published")
    (release / "README.md").write_text("---\nlicence: cc-by-4.0\n---\n")
    (release / ".env").write_text("HF_TOKEN=secret")
    (release / ".git").mkdir()
    (release / ".git" / "config").write_text("hidden files stay here")
    done = command(hub, tmp_path / "home", "push", str(release), "lab/stories", "--message", "Three stories")
    assert done.returncode == 0, done.stderr
    assert sorted(hub.files["lab/stories"]) == ["README.md", "full.jsonl", "triplets.parquet"]
    assert (hub.messages, hub.private["lab/stories"]) == (["Three stories"], True)

    back = tmp_path / "back.jsonl"
    done = command(hub, tmp_path / "home", "convert", "lab/stories", str(back), "--to", "triplet")
    assert done.returncode == 0, done.stderr
    assert back.read_bytes() == (release / "full.jsonl").read_bytes()
    done = command(hub, tmp_path / "home", "convert", "hf:lab/stories/triplets.parquet", str(back), "--to", "published")
    assert done.returncode == 0, done.stderr
    assert len(back.read_text().splitlines()) == 3


def test_one_file_goes_into_a_data_set_that_is_there(hub, tmp_path):
    hub.files["lab/old"], hub.private["lab/old"] = {"README.md": b"old"}, False
    write_triplets(tmp_path / "new.jsonl", load_starter()[:1], "published")
    done = command(hub, tmp_path / "home", "push", str(tmp_path / "new.jsonl"), "lab/old")
    assert done.returncode == 0, done.stderr
    assert sorted(hub.files["lab/old"]) == ["README.md", "new.jsonl"]


def test_refusals_say_what_to_do(hub, tmp_path):
    write_triplets(tmp_path / "new.jsonl", load_starter()[:1], "published")
    done = command(hub, tmp_path / "home", "push", str(tmp_path / "new.jsonl"), "lab/x", token="hf_wrong")
    assert done.returncode == 1
    assert "HF_TOKEN" in done.stderr
    done = command(hub, tmp_path / "home", "convert", "hf:lab/none", str(tmp_path / "out.jsonl"))
    assert done.returncode == 1
    assert "no such data set" in done.stderr
    hub.files["lab/empty"] = {"README.md": b""}
    done = command(hub, tmp_path / "home", "convert", "lab/empty", str(tmp_path / "out.jsonl"))
    assert "no file with triplets" in done.stderr
    done = command(hub, tmp_path / "home", "push", str(tmp_path / "new.jsonl"), "no-owner")
    assert (done.returncode, "OWNER/NAME" in done.stderr) == (2, True)


def test_an_empty_folder_is_refused_before_the_hub_is_asked(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("")
    with pytest.raises(InputError, match="no files"):
        push(tmp_path, "lab/stories")


def test_addresses():
    assert Address.of("hf:a/b@main/c/d.jsonl") == Address("a/b", "main", "c/d.jsonl")
    assert Address.of("a/b") == Address("a/b")
    assert Address.of("a") is None
    assert str(Address("a/b", "v1", "c.json")) == "hf:a/b@v1/c.json"
