"""What is taken down is gone from every file, stays gone in later builds, and leaves a reason behind."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.dataset.build import build_release
from coig_writer.dataset.existing import read_release
from coig_writer.dataset.folder import check_replaceable
from coig_writer.dataset.retract import retract
from coig_writer.dataset.sets import file_hash
from coig_writer.dataset.tombstones import Tombstone, Tombstones, read_tombstones
from coig_writer.errors import InputError, SettingError
from coig_writer.files import write_jsonl
from coig_writer.report.release import render_report
from support.drafts import drafts, triplet

PAGE = "https://www.example.com/p/1?utm_source=feed"


@pytest.fixture
def inputs(tmp_path) -> Path:
    """Seven drafts that pass, the first with an address."""
    passed = [draft for draft in drafts() if draft.status == "passed"]
    article = passed[0].article.model_copy(update={"url": PAGE})
    write_jsonl(tmp_path / "in.jsonl", [passed[0].model_copy(update={"article": article}), *passed[1:]])
    return tmp_path / "in.jsonl"


@pytest.fixture
def release(inputs) -> Path:
    build(inputs, inputs.parent / "release")
    return inputs.parent / "release"


def build(inputs: Path, out: Path, **more):
    return build_release([inputs], out, report=render_report, include_unreviewed=True, **more)


def take_down(folder: Path, **what):
    return retract(folder, reason="作者要求撤下", report=render_report, **what)


def everything(folder: Path) -> str:
    """All that the files of a release say, the Parquet file row by row."""
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix != ".parquet"]
    return "\n".join([*texts, str(pq.read_table(folder / "triplets.parquet").to_pylist())])


@pytest.mark.parametrize("what", ["id", "url"])
def test_it_is_gone_from_every_file(release, what):
    gone = read_release(release).released[0]
    named = {"ids": [gone.id]} if what == "id" else {"urls": ["http://example.com/p/1/"]}
    summary = take_down(release, **named)
    assert (summary.removed, summary.left) == ([gone.id], 6)
    left = everything(release)
    for text in (gone.article.text, gone.prompt, gone.reasoning, gone.article.title):
        assert text not in left
        assert json.dumps(text, ensure_ascii=False)[1:-1] not in left
    for name in ("triplets.jsonl", "earlier.jsonl", "full.jsonl"):
        lines = (release / name).read_text(encoding="utf-8").splitlines()
        assert (len(lines), [line for line in lines if gone.id in line]) == (6, [])
    assert pq.read_table(release / "triplets.parquet").num_rows == 6


def test_a_tombstone_stays_and_the_manifest_is_true(release):
    gone = read_release(release).released[0]
    take_down(release, ids=[gone.id])
    assert [(stone.id, stone.reason) for stone in read_tombstones(release)] == [(gone.id, "作者要求撤下")]
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["counts"]["withheld_by_reason"] == {"retracted": 1}
    assert manifest["counts"]["read"] == manifest["counts"]["released"] + manifest["counts"]["withheld"] == 7
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == file_hash(release / name)
    check_replaceable(release)
    assert "作者要求撤下" in (release / "DATASHEET.md").read_text(encoding="utf-8")


def test_later_builds_honour_it_there_and_where_the_list_is_given(release, inputs):
    gone = read_release(release).released[0]
    take_down(release, urls=[PAGE])
    again = build(inputs, release)
    assert (again.released, again.withheld) == (6, {"retracted": 1})
    elsewhere = build(inputs, inputs.parent / "elsewhere", retracted=[release])
    assert (elsewhere.released, elsewhere.withheld) == (6, {"retracted": 1})
    assert gone.article.text not in everything(inputs.parent / "elsewhere")
    assert read_tombstones(inputs.parent / "elsewhere") == read_tombstones(release)
    assert build(inputs, inputs.parent / "without").released == 7


def test_two_take_downs_are_both_remembered(release):
    first, second = read_release(release).released[:2]
    take_down(release, ids=[first.id])
    take_down(release, ids=[second.id])
    assert [stone.id for stone in read_tombstones(release)] == [first.id, second.id]
    assert len(read_release(release).released) == 5


def test_what_is_not_there_is_refused_unless_in_advance(release, inputs):
    with pytest.raises(InputError, match="nothing of that id"):
        take_down(release, ids=["nowhere"])
    assert not (release / "retracted.jsonl").exists()
    assert take_down(release, urls=["https://example.org/a/2"], in_advance=True).removed == []
    assert build(inputs, release).released == 7
    assert [stone.url for stone in read_tombstones(release)] == ["https://example.org/a/2"]


def test_other_folders_are_refused_and_left_alone(tmp_path, release):
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="release"):
        take_down(tmp_path / "other", ids=["x"])
    with pytest.raises(SettingError):
        take_down(release)


def test_a_tombstone_names_something():
    with pytest.raises(ValueError, match="names an id"):
        Tombstone(reason="x")


def test_ids_of_articles_count_too():
    own = triplet(id="another")
    assert Tombstones([Tombstone(id=own.article.id, reason="x")]).over(own)
    assert Tombstones([Tombstone(url=PAGE, reason="x")]).over(own) is None


def test_the_command(release):
    gone = read_release(release).released[0].id
    shown = CliRunner().invoke(app, ["dataset", "retract", str(release), "--id", gone, "--reason", "撤下", "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["removed"] == [gone]
