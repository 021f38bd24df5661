"""Whatever a file holds: no traceback, and what came in is either kept or listed with its place and its reason."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.command_line import Ended, command
from support.malformed import CASES, LOSSES, PLAIN, as_json, lines, parquet, workbook

quietly = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def convert(path: Path) -> tuple[Ended, list[dict], list[dict]]:
    """How the command ended, the triplets that it wrote, and what it listed as not read or not kept."""
    out = path.parent / "converted" / "out.jsonl"
    rejects = out.with_name("out.rejects.jsonl")
    for old in (out, rejects):
        old.unlink(missing_ok=True)
    ended = command("dataset", "convert", path, out, "--to", "triplet", "--json")
    if out.exists():
        told = json.loads(ended.out)
        assert ended.code == (1 if told["unread"] else 0)
    else:
        refused(ended, path)
    return ended, *([json.loads(line) for line in each.open()] if each.exists() else [] for each in (out, rejects))


def refused(ended: Ended, path: Path) -> None:
    """A refusal has a code, a place and a remedy."""
    assert ended.code in (1, 2)
    assert re.search(rf"^  where: .*{re.escape(path.name)}", ended.err, re.MULTILINE), ended.err
    assert "\n  what to do: " in ended.err


def check_places(path: Path, rejects: list[dict]) -> None:
    for each in rejects:
        assert re.match(rf"{re.escape(path.name)}(:\d+(-\d+)?(, record \d+)?|, sheet .+)$", each["where"])
        assert each["reason"].isprintable()


def saved(folder: Path, name: str, raw: bytes) -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_malformed_file_is_read_or_refused_record_by_record(case, tmp_path):
    path = saved(tmp_path, case.name, case.raw)
    ended, kept, told = convert(path)
    check_places(path, told)
    unread = [each for each in told if each["whole"]]
    if case.refused:
        assert case.refused in ended.err
        assert not kept
    else:
        assert (len(kept), len(unread)) == (case.kept, case.rejected), told
    checked = command("dataset", "validate", path, "--json", "--out", tmp_path / "all.jsonl")
    if checked.out:
        found = json.loads(checked.out)
        assert (found["triplets"], found["unread"]) == (len(kept), len(unread))
    else:
        refused(checked, path)


SOME = [case for case in CASES if case.name.split("-")[0] in ("key", "huge", "surrogate", "cut.jsonl.zst", "utf16")]


@pytest.mark.parametrize("case", SOME[::3], ids=lambda case: case.name)
def test_the_other_commands_take_malformed_files_too(case, tmp_path):
    path = saved(tmp_path, case.name, case.raw)
    good = saved(tmp_path, "good.jsonl", lines({**PLAIN, "output": "另一场雪。"}).encode())
    stats = command("dataset", "stats", path, "--json")
    split = command("dataset", "split", path, "--out", tmp_path / "split", "--json")
    mix = command("dataset", "mix", "--creative", path, "--out", tmp_path / "mix", "--json")
    general = command(
        *("dataset", "mix", "--creative", good, "--general", path, "--general-count", 3),
        *("--out", tmp_path / "general", "--json"),
    )
    for ended in (stats, split, mix, general):
        if not ended.out:
            refused(ended, path)
    if case.rejected:
        assert f"{case.rejected:,} records" in stats.err
        told = json.loads((tmp_path / "split" / "manifest.json").read_text())
        assert len(told["unread"]) == case.rejected
    if case.kept:
        assert sum(json.loads(split.out)["counts"].values()) == case.kept


@pytest.mark.parametrize("field", LOSSES)
def test_a_field_that_cannot_be_kept_is_told(field, tmp_path):
    path = saved(tmp_path, "some.jsonl", lines(LOSSES[field]).encode())
    _, kept, told = convert(path)
    assert (len(kept), [(each["field"], each["whole"]) for each in told]) == (1, [(field, False)])


def test_a_folder_is_no_file(tmp_path):
    refused(command("dataset", "convert", tmp_path, tmp_path / "out.jsonl"), tmp_path)
    refused(command("dataset", "validate", tmp_path), tmp_path)
    refused(command("dataset", "stats", tmp_path / "none.jsonl"), Path("none.jsonl"))


def test_the_list_of_what_cannot_be_read_never_takes_the_place_of_a_source(tmp_path):
    path = saved(tmp_path, "a.rejects.jsonl", lines(PLAIN).encode())
    ended = command("dataset", "convert", path, tmp_path / "a.jsonl")
    assert (ended.code, path.read_text()) == (2, lines(PLAIN))


def test_where_nothing_can_be_read_each_record_is_listed(tmp_path):
    path = saved(tmp_path, "a.jsonl", lines(*[{"prompt": str(number)} for number in range(30)]).encode())
    ended, kept, told = convert(path)
    assert (len(kept), [each["where"] for each in told]) == (0, [f"a.jsonl:{number}" for number in range(1, 31)])
    assert "out.rejects.jsonl" in ended.err


def spoilt(raw: bytes, seed: int, start: int = 0) -> bytes:
    """With one to four bytes changed, cut out or put in, behind `start`."""
    draw, made = random.Random(seed), bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(start, max(start + 1, len(made)))
        match draw.randrange(5):
            case 0:
                del made[at:]
            case 1:
                made[at : at + 1] = bytes([draw.randrange(256)])
            case 2:
                made[at:at] = draw.choice([b"{", b"}", b'"', b"\n", b",", b"\0", b"[", b"\\", b"\r", b"\xff", b'""'])
            case 3:
                del made[at : at + draw.randint(1, 30)]
            case 4:
                made[at:at] = made[draw.randrange(len(made) or 1) :][:40]
    return bytes(made)


RECORDS = [{"id": f"r{number}", "genre": "essay", **PLAIN, "output": f"雪落了{number}次。"} for number in range(8)]
seeds = st.integers(0, 10**9)


@given(seeds, st.booleans())
@quietly
def test_records_that_damage_did_not_touch_are_kept(tmp_path, seed, mark):
    whole = lines(*RECORDS).encode()
    first = whole.index(b"\n") + 1
    raw = spoilt(whole, seed, first)
    path = saved(tmp_path, "some.jsonl", (b"\xef\xbb\xbf" if mark else b"") + raw)
    _, kept, told = convert(path)
    check_places(path, told)
    untouched = {json.loads(line)["id"] for line in whole.split(b"\n")[:-1] if line in raw.split(b"\n")}
    assert untouched <= {each["id"] for each in kept}
    records = [line for line in raw.split(b"\n") if line.strip() and line.strip() not in (b"[", b"]", b",")]
    if all(re.fullmatch(r"some\.jsonl:\d+", each["where"]) for each in told):
        assert len(kept) + sum(each["whole"] for each in told) == len(records)


@given(seeds, st.sampled_from(['"{}"', "{}"]))
@quietly
def test_rows_of_a_table_are_kept_or_lie_in_a_place_that_is_told(tmp_path, seed, cell):
    rows = [",".join(cell.format(value) for value in (each["id"], *list(each.values())[2:])) for each in RECORDS]
    header = b"id,prompt,thought,output\n"
    raw = spoilt(header + "\n".join(rows).encode() + b"\n", seed, len(header))
    path = saved(tmp_path, "some.csv", raw)
    _, kept, told = convert(path)
    if not kept and not told:
        return
    check_places(path, told)
    places = [re.split("[:-]", each["where"])[1:] for each in told if each["whole"]]
    listed = {line for place in places for line in range(int(place[0]), int(place[-1]) + 1)}
    written = json.dumps(kept, ensure_ascii=False)
    text = raw.decode("utf-8", "replace").splitlines() if b"\r" in raw else raw.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(text, 1):
        if line in rows and number not in listed:
            assert RECORDS[rows.index(line)]["output"] in written, (number, line, told)


cells = (
    st.none()
    | st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=3)
    | st.integers()
    | st.booleans()
)


@given(st.lists(st.lists(cells, max_size=5), max_size=6))
@quietly
def test_every_row_of_a_workbook_is_kept_or_told(tmp_path, rows):
    path = saved(tmp_path, "some.xlsx", workbook(["prompt", "thought", "output", "genre"], *rows))
    _, kept, told = convert(path)
    check_places(path, told)
    filled = sum(any(cell not in (None, "") for cell in row) for row in rows)
    assert len(kept) + sum(each["whole"] for each in told) == filled


@given(
    st.lists(st.fixed_dictionaries({name: st.none() | st.text(max_size=3) for name in PLAIN}), min_size=1, max_size=6)
)
@quietly
def test_every_row_of_a_parquet_file_is_kept_or_told(tmp_path, rows):
    raw = parquet(
        {name: [(row[name] or "").encode("utf-8", "replace").decode() or None for row in rows] for name in PLAIN}
    )
    _, kept, told = convert(saved(tmp_path, "some.parquet", raw))
    assert len(kept) + sum(each["whole"] for each in told) == len(rows)


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from([*PLAIN, "messages", "score", "metadata"]), inner | st.lists(inner)),
    max_leaves=8,
)


@given(st.lists(values, min_size=1, max_size=6), st.sampled_from([None, 1]))
@quietly
def test_every_value_of_an_array_is_kept_or_told(tmp_path, some, indent):
    raw = as_json(some, indent=indent).encode("utf-8", "surrogatepass")
    ended, kept, told = convert(saved(tmp_path, "some.json", raw))
    if "not a file of records" not in ended.err:
        assert len(kept) + sum(each["whole"] for each in told) == len(some)


WHOLE = {
    "a.xlsx": workbook(list(PLAIN), *[list(PLAIN.values())] * 3),
    "a.parquet": parquet({name: [text] * 3 for name, text in PLAIN.items()}),
    **{case.name: case.raw for case in CASES if case.name.startswith("whole")},
}


@pytest.mark.parametrize("name", WHOLE)
def test_damage_inside_packed_files_makes_no_traceback(name, tmp_path):
    for seed in range(25):
        convert(saved(tmp_path, name, spoilt(WHOLE[name], seed, 4)))


def test_more_than_a_hundred_are_made_by_hand():
    assert len({case.name for case in CASES}) == len(CASES) > 100
