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


def test_what_is_gone_already_is_told_so(release):
    gone = read_release(release).released[0].id
    take_down(release, urls=[PAGE])
    for again in ({"urls": ["https://example.com/p/1"]}, {"ids": [gone]}):
        with pytest.raises(InputError, match="already"):
            take_down(release, **again)


def test_what_matches_nothing_is_told_beside_what_does(release):
    gone = read_release(release).released[0].id
    summary = take_down(release, ids=[gone, "mistyped"], urls=["https://example.org/a/2"])
    assert (summary.removed, summary.unmatched) == ([gone], ["mistyped", "https://example.org/a/2"])
    assert summary.tombstones == 3


def test_what_was_left_out_is_taken_down_by_its_address_too(release, inputs):
    held = next(draft for draft in drafts() if draft.status == "needs_refinement")
    article = held.article.model_copy(update={"url": "https://example.org/p/9"})
    with inputs.open("a", encoding="utf-8") as file:
        file.write(held.model_copy(update={"article": article}).model_dump_json() + "\n")
    build(inputs, release)
    assert held.article.title in everything(release)
    summary = take_down(release, urls=["http://www.example.org/p/9/"])
    assert (summary.removed, summary.unmatched, summary.left) == ([], [], 7)
    assert held.article.title not in everything(release)
    assert held.article.text[:40] not in everything(release)
    assert build(inputs, release).withheld == {"retracted": 1}


def test_an_article_that_was_taken_down_does_not_come_back_in_another_triplet(tmp_path):
    own = triplet(id="one")
    other = own.model_copy(update={"id": "two"})
    write_jsonl(tmp_path / "in.jsonl", [own, triplet(id="three", article=drafts()[1].article)])
    build(tmp_path / "in.jsonl", tmp_path / "release")
    assert take_down(tmp_path / "release", ids=[own.article.id]).removed == ["one"]
    write_jsonl(tmp_path / "in.jsonl", [other, triplet(id="three", article=drafts()[1].article)])
    assert build(tmp_path / "in.jsonl", tmp_path / "release").withheld == {"retracted": 1}


def test_what_the_card_says_of_the_corpus_and_the_page_of_the_calls_stays_true(tmp_path, inputs):
    import shutil

    from coig_writer.corpus.summary import Stage, Summary
    from support.drafts import DRAFTS

    figures = {"read": 120, "kept": 14, "rejected": {"too-short": 106}, "masked": 0, "passed_over": ["/home/me/x"]}
    stages = [Stage(stage="clean", rows_in=120, rows_out=14)]
    settings = {"fingerprint": "0", "settings": {}, "inputs": [{"name": "/home/me/raw.jsonl"}], "outputs": {}}
    (tmp_path / "corpus").mkdir()
    summary = Summary(**figures, stages=stages, **settings)
    (tmp_path / "corpus" / "summary.json").write_text(summary.model_dump_json(), encoding="utf-8")
    shutil.copy(DRAFTS.with_name("drafts.calls.jsonl"), tmp_path / "in.calls.jsonl")
    build(inputs, tmp_path / "release", corpus=tmp_path / "corpus")
    card, page = ((tmp_path / "release" / name).read_text(encoding="utf-8") for name in ("README.md", "report.html"))
    assert "120 raw texts were read" in card
    take_down(tmp_path / "release", ids=["nobody's"], in_advance=True)
    assert "120 raw texts were read" in (tmp_path / "release" / "README.md").read_text(encoding="utf-8")
    again = (tmp_path / "release" / "report.html").read_text(encoding="utf-8")
    for table in ("t-calls", "t-funnel"):
        cut = [text.split(f'id="{table}"')[1].split("</table>")[0] for text in (page, again)]
        assert cut[0] == cut[1]
    assert "/home/me" not in (tmp_path / "release" / "manifest.json").read_text(encoding="utf-8")


def test_mixtures_and_splits_beside_it_that_still_hold_it_are_named(release):
    from coig_writer.dataset.mix import Recipe, build_mixtures
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.split import write_split

    beside = release.parent
    build_mixtures(TripletSet([release]), [], beside / "mixtures", [Recipe("cw", 0)], benchmark=[])
    write_split(TripletSet([release]), beside / "splits", {"train": 0.5, "test": 0.5})
    gone = read_release(release).released[0].id
    assert [path.name for path in take_down(release, ids=[gone]).still_in] == ["mixtures", "splits"]
    build_mixtures(TripletSet([release]), [], beside / "mixtures", [Recipe("cw", 0)], benchmark=[])
    write_split(TripletSet([release]), beside / "splits", {"train": 0.5, "test": 0.5})
    second = read_release(release).released[0].id
    assert [path.name for path in take_down(release, ids=[second]).still_in] == ["mixtures", "splits"]
    text = "".join(path.read_text(encoding="utf-8") for path in (beside / "mixtures").glob("*.jsonl"))
    assert gone not in text


def test_nothing_of_it_lies_about_after_a_kill(release):
    import shutil
    import subprocess
    import sys

    gone = read_release(release).released[0]
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for leaving in (f".release.{dead.pid}.old", f".release.{dead.pid}.part", ".release.1.part"):
        shutil.copytree(release, release.parent / leaving)
    (release.parent / f".release.{dead.pid}.part" / "manifest.json").unlink()  # killed while it was written or removed
    take_down(release, ids=[gone.id])
    beside = {path.name for path in release.parent.iterdir() if path.name.startswith(".")}
    assert beside == {".release.1.part"}  # that process lives


def test_other_folders_are_refused_and_left_alone(tmp_path, release):
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="release"):
        take_down(tmp_path / "other", ids=["x"])
    with pytest.raises(SettingError):
        take_down(release)


@pytest.mark.parametrize("what", [["--id", ""], ["--url", " "], ["--id", "x", "--reason", " "]])
def test_blanks_are_refused_with_a_remedy(release, what):
    reason = [] if "--reason" in what else ["--reason", "x"]
    with pytest.raises(SettingError, match="empty"):
        CliRunner().invoke(app, ["dataset", "retract", str(release), *what, *reason], catch_exceptions=False)


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
