"""A release is whole and the same every time, or nothing is written; what stood there before is safe."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from coig_writer.dataset.build import build_release
from coig_writer.errors import InputError, SettingError, StorageError
from coig_writer.files import write_jsonl
from coig_writer.report.release import render_report
from coig_writer.schema import Triplet
from support.drafts import DRAFTS, drafts, review, scores, triplet

FILES = {
    "DATASHEET.md",
    "README.md",
    "croissant.json",
    "earlier.jsonl",
    "full.jsonl",
    "manifest.json",
    "not_released.jsonl",
    "report.html",
    "triplets.jsonl",
    "triplets.parquet",
}


def build(inputs: list[Path], out: Path, **options):
    return build_release(inputs, out, **{"report": render_report, "include_unreviewed": True, **options})


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_holds_every_file_and_the_counts_add_up(tmp_path):
    out = tmp_path / "new" / "release"
    summary = build([DRAFTS], out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert {path.name for path in out.iterdir()} == FILES == set(summary.files)
    assert (summary.read, summary.released, summary.reviewed) == (14, 7, 0)
    assert summary.read == summary.released + sum(summary.withheld.values())
    assert manifest["counts"]["withheld_by_reason"] == summary.withheld
    lines = {name: len((out / name).read_text().splitlines()) for name in FILES if name.endswith(".jsonl")}
    assert lines == {"triplets.jsonl": 7, "earlier.jsonl": 7, "full.jsonl": 7, "not_released.jsonl": 7}
    assert pq.read_metadata(out / "triplets.parquet").num_rows == 7
    assert [Triplet.model_validate_json(line) for line in (out / "full.jsonl").read_text().splitlines()]


def test_the_manifest_vouches_for_the_other_files(tmp_path):
    build([DRAFTS], tmp_path / "release")
    manifest = json.loads((tmp_path / "release" / "manifest.json").read_text())
    assert manifest["inputs"][0]["sha256"] == hashlib.sha256(DRAFTS.read_bytes()).hexdigest()
    assert manifest["templates"]["screen"] == ["a1b2c3d4e5f6"]
    found = {name: hashlib.sha256(data).hexdigest() for name, data in content(tmp_path / "release").items()}
    del found["manifest.json"]
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == found


def test_no_text_of_a_withheld_record_is_in_the_release(tmp_path):
    """Nothing longer than a phrase; the page alone shows drafts that need refinement, as its docs say."""
    build([DRAFTS], tmp_path / "release")
    files = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in (tmp_path / "release").iterdir()}
    for draft in drafts()[7:]:
        text = draft.article.text
        runs = {text[start : start + 12] for start in range(len(text) - 11)}
        shown = {"report.html"} if draft.status == "needs_refinement" else set()
        assert {name for name, content in files.items() if any(run in content for run in runs)} <= shown


def test_no_folder_of_the_machine_is_in_the_release(tmp_path):
    home = "/home/someone/private"
    records = [
        draft.model_copy(update={"article": draft.article.model_copy(update={"source": f"{home}/raw.jsonl:{number}"})})
        for number, draft in enumerate(drafts(), 1)
    ]
    write_jsonl(tmp_path / "drafts.jsonl", records)
    build([tmp_path / "drafts.jsonl"], tmp_path / "release")
    for name, data in content(tmp_path / "release").items():
        assert home.encode() not in data, name
        assert str(tmp_path).encode() not in data, name
    assert b'"source":"raw.jsonl:1"' in (tmp_path / "release" / "full.jsonl").read_bytes()


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    inputs = [tmp_path / name / "drafts.jsonl" for name in "ab"]
    write_jsonl(inputs[0], drafts()[:7])
    write_jsonl(inputs[1], drafts()[7:])
    summary = build(inputs, tmp_path / "release")
    assert (summary.read, summary.released) == (14, 7)
    manifest = json.loads((tmp_path / "release" / "manifest.json").read_text())
    assert [each["name"] for each in manifest["inputs"]] == ["drafts.jsonl", "drafts.jsonl (2)"]
    lines = (tmp_path / "release" / "not_released.jsonl").read_text().splitlines()
    assert [json.loads(line)["where"] for line in lines] == [f"drafts.jsonl (2):{number}" for number in range(1, 8)]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    build([DRAFTS], tmp_path / "one")
    build([DRAFTS], tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_the_time_of_a_release_is_that_of_its_data_or_what_is_asked_for(tmp_path, monkeypatch):
    def created():
        build([DRAFTS], tmp_path / "release")
        return json.loads((tmp_path / "release" / "manifest.json").read_text())["created"]

    latest = max(draft.scores.at for draft in drafts() if draft.scores)
    assert created() == latest.isoformat()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert created() == "2023-11-14T22:13:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(SettingError):
        created()


@pytest.mark.parametrize("stamped", [0, 1, 3])
def test_drafts_with_and_without_a_time_go_together(tmp_path, stamped):
    times = [datetime(2026, 11, day + 1, tzinfo=UTC) if day < stamped else None for day in range(3)]
    records = [
        draft.model_copy(update={"scores": scores(9, 9, 9, 9, 9, 9).model_copy(update={"at": at})})
        for draft, at in zip(drafts(), times, strict=False)
    ]
    write_jsonl(tmp_path / "drafts.jsonl", records)
    build([tmp_path / "drafts.jsonl"], tmp_path / "release")
    created = json.loads((tmp_path / "release" / "manifest.json").read_text())["created"]
    assert created == (f"2026-11-0{stamped}T00:00:00+00:00" if stamped else None)
    page = (tmp_path / "release" / "report.html").read_text()
    assert ("Data until" in page) is bool(stamped)


def test_without_a_review_nothing_is_written_and_the_remedy_is_named(tmp_path):
    with pytest.raises(InputError, match="no person has reviewed") as caught:
        build([DRAFTS], tmp_path / "release", include_unreviewed=False)
    assert "--include-unreviewed" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_reviewed_triplets_are_released_beside_the_drafts_they_came_from(tmp_path):
    write_jsonl(tmp_path / "reviewed.jsonl", [triplet(review("accept"))])
    summary = build([DRAFTS, tmp_path / "reviewed.jsonl"], tmp_path / "release", include_unreviewed=False)
    assert (summary.released, summary.reviewed) == (1, 1)
    assert summary.withheld["duplicate_id"] == 1
    assert summary.withheld["unreviewed"] == 6


def test_nothing_that_qualifies_is_an_error_unless_an_empty_release_is_asked_for(tmp_path):
    write_jsonl(tmp_path / "bad.jsonl", drafts()[7:])
    with pytest.raises(InputError, match="3 needs refinement"):
        build([tmp_path / "bad.jsonl"], tmp_path / "release")
    summary = build([tmp_path / "bad.jsonl"], tmp_path / "release", allow_empty=True)
    assert summary.released == 0
    assert pq.read_metadata(tmp_path / "release" / "triplets.parquet").num_rows == 0


def test_an_earlier_release_is_replaced_whole(tmp_path):
    out = tmp_path / "release"
    build([DRAFTS], out, title="first")
    (out / ".DS_Store").touch()
    build([DRAFTS], out, title="second")
    assert json.loads((out / "manifest.json").read_text())["title"] == "second"
    assert {path.name for path in out.iterdir()} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_a_release_behind_a_link_is_replaced_where_it_lies(tmp_path):
    build([DRAFTS], tmp_path / "real", title="first")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    build([DRAFTS], tmp_path / "link", title="second")
    assert json.loads((tmp_path / "real" / "manifest.json").read_text())["title"] == "second"
    assert (tmp_path / "link").is_symlink()


def make_file(out: Path) -> None:
    out.write_text("mine")


def make_other_folder(out: Path) -> None:
    out.mkdir()
    (out / "novel.txt").write_text("mine")


def make_other_manifest(out: Path) -> None:
    out.mkdir()
    (out / "manifest.json").write_text('{"name": "a web app"}')


def make_release_with_notes(out: Path) -> None:
    build([DRAFTS], out)
    (out / "notes.txt").write_text("mine")


@pytest.mark.parametrize("make", [make_file, make_other_folder, make_other_manifest, make_release_with_notes])
def test_other_peoples_files_are_never_replaced(tmp_path, make):
    out = tmp_path / "release"
    make(out)
    before = content(out) if out.is_dir() else out.read_bytes()
    with pytest.raises(StorageError):
        build([DRAFTS], out)
    assert (content(out) if out.is_dir() else out.read_bytes()) == before


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        build([DRAFTS], tmp_path / "file" / "release")


def test_a_build_that_fails_half_way_leaves_the_earlier_release_and_no_traces(tmp_path):
    def broken(release):
        raise RuntimeError("no ink")

    out = tmp_path / "release"
    build([DRAFTS], out)
    before = content(out)
    with pytest.raises(RuntimeError, match="no ink"):
        build([DRAFTS], out, report=broken)
    assert content(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


@pytest.mark.parametrize("name", ["triplets.parquet", "triplets.jsonl", "report.html", "manifest.json"])
def test_a_full_disk_is_a_clear_error_at_every_file(tmp_path, monkeypatch, name):
    out = tmp_path / "release"
    build([DRAFTS], out)
    before = content(out)
    replace = os.replace

    def full(source, target):
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), source)
        replace(source, target)

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StorageError, match="No space left") as caught:
        build([DRAFTS], out)
    assert caught.value.where == str(out)
    assert "Free some space" in caught.value.remedy
    assert content(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_a_full_disk_in_the_middle_of_the_parquet_file_is_a_clear_error(tmp_path, monkeypatch):
    def full(writer, batch):
        raise OSError(errno.ENOSPC, f"Error writing bytes to file. Detail: [errno {errno.ENOSPC}]")

    monkeypatch.setattr(pq.ParquetWriter, "write_batch", full)
    with pytest.raises(StorageError, match="cannot write") as caught:
        build([DRAFTS], tmp_path / "release")
    assert "Free some space" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_release_that_a_kill_left_aside_is_put_back(tmp_path):
    out = tmp_path / "release"
    build([DRAFTS], out, title="first")
    out.rename(tmp_path / ".release.123.old")  # as a kill between the two renames leaves it
    with pytest.raises(InputError):
        build([DRAFTS], out, include_unreviewed=False)
    assert json.loads((out / "manifest.json").read_text())["title"] == "first"
    build([DRAFTS], out, title="second")
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_another_release_that_was_left_aside_is_left_alone(tmp_path):
    build([DRAFTS], tmp_path / "release.v2", title="other")
    (tmp_path / "release.v2").rename(tmp_path / ".release.v2.77.old")
    build([DRAFTS], tmp_path / "release", title="mine")
    build([DRAFTS], tmp_path / "release", title="mine again")
    assert json.loads((tmp_path / ".release.v2.77.old/manifest.json").read_text())["title"] == "other"


def test_what_a_killed_build_left_is_cleared_by_the_next(tmp_path):
    out = tmp_path / "release"
    build([DRAFTS], out, title="first")
    shutil.copytree(out, tmp_path / ".release.77.old")  # as a kill after the second rename leaves it
    build([DRAFTS], out, title="second")
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_hidden_folders_that_hold_no_release_are_left_alone(tmp_path):
    (tmp_path / ".release.123.old").mkdir()
    build([DRAFTS], tmp_path / "release")
    assert (tmp_path / ".release.123.old").is_dir()


@pytest.mark.parametrize(
    ("data", "where", "hint"),
    [
        (None, "bad.jsonl", "cannot read"),
        (b"", "bad.jsonl", "no records"),
        (b"\n\n", "bad.jsonl", "no records"),
        (b"{broken\n", "bad.jsonl:1", "not JSON"),
        (b"\x89PNG\r\n\x1a\n\0", "bad.jsonl:1", "not JSON"),
        (b"[" * 100_000, "bad.jsonl:1", "not JSON"),
        (b'{"id": "x", "id": "y"}\n', "bad.jsonl:1", "id stands twice"),
        (b"[1, 2]\n", "bad.jsonl:1", "not a triplet"),
        (b'{"id": "x"}\n', "bad.jsonl:1", "prompt"),
        (b'\n{"id": "x", "status": "asleep"}\n', "bad.jsonl:2", "not a draft"),
    ],
)
def test_bad_input_names_its_place_and_writes_nothing(tmp_path, data, where, hint):
    bad = tmp_path / "bad.jsonl"
    if data is not None:
        bad.write_bytes(data)
    with pytest.raises(InputError, match=hint) as caught:
        build([DRAFTS, bad], tmp_path / "release")
    assert caught.value.where.endswith(where)
    assert caught.value.remedy
    assert not (tmp_path / "release").exists()


def test_a_byte_order_mark_and_blank_lines_are_read_over(tmp_path):
    (tmp_path / "some.jsonl").write_bytes(b"\xef\xbb\xbf\n" + DRAFTS.read_bytes() + b"\n")
    assert build([tmp_path / "some.jsonl"], tmp_path / "release").read == 14


@pytest.mark.parametrize("text", [None, "{", "[]", '{"read": 3}'])
def test_a_folder_that_is_no_corpus_is_named(tmp_path, text):
    if text is not None:
        (tmp_path / "summary.json").write_text(text)
    with pytest.raises(InputError) as caught:
        build([DRAFTS], tmp_path / "release", corpus=tmp_path)
    assert caught.value.where.endswith("summary.json")


def test_a_foreign_file_in_the_ledgers_place_is_named(tmp_path):
    (tmp_path / "some.jsonl").write_bytes(DRAFTS.read_bytes())
    (tmp_path / "some.calls.jsonl").write_text('{"step": "screen"}\n{"phone": 1}\n')
    with pytest.raises(InputError) as caught:
        build([tmp_path / "some.jsonl"], tmp_path / "release")
    assert caught.value.where.endswith("some.calls.jsonl:2")
