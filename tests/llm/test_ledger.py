import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.errors import InputError, StorageError
from coig_writer.llm.ledger import Ledger


def row(number: int, **more) -> dict:
    return {"id": f"r{number}", "step": "draft", "fingerprint": "f", "text": f"文{number}", **more}


def key(number: int) -> tuple[str, str, str]:
    return (f"r{number}", "draft", "f")


def test_what_was_appended_is_found_now_and_later(tmp_path):
    out = tmp_path / "new" / "out.jsonl"
    with Ledger(out) as ledger:
        ledger.append(row(1))
        assert ledger.find(key(1)) == (row(1), 1)
        assert ledger.find(key(2)) is None
    with Ledger(out) as ledger:
        assert ledger.find(key(1)) == (row(1), 1)
        ledger.finish()
    assert (out.parent / "out.calls.jsonl").exists()
    assert not ledger.path.exists()
    with Ledger(out) as ledger:
        assert ledger.find(key(1)) == (row(1), 1)


def test_the_last_line_of_a_call_counts_and_so_do_all_answers(tmp_path):
    with Ledger(tmp_path / "out.jsonl") as ledger:
        ledger.append(row(1, unusable="no JSON"))
        ledger.append(row(1, unusable="out of range"))
        assert ledger.find(key(1)) == (row(1, unusable="out of range"), 2)
        ledger.append({**row(1), "failed": "invalid-answer"})
        line, answers = ledger.find(key(1))
        assert (line["failed"], answers) == ("invalid-answer", 2), "the next run goes on from the third"
        ledger.append(row(1, text="好"))
    with Ledger(tmp_path / "out.jsonl") as ledger:
        assert ledger.find(key(1)) == (row(1, text="好"), 3)


def test_a_ledger_knows_whose_answers_it_holds(tmp_path):
    with Ledger(tmp_path / "out.jsonl") as ledger:
        ledger.append(row(1, model="good"))
        ledger.append(row(2, model="babbler", unusable="no JSON"))
        ledger.append({**row(3), "failed": "refusal"})
    with Ledger(tmp_path / "out.jsonl") as ledger:
        assert [ledger.answered_by(model) for model in ("good", "babbler", "other", "")] == [True, True, False, False]
        assert [ledger.usable_from(model) for model in ("good", "babbler", "other")] == [True, False, False]


@given(st.integers(0, 400), st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_ledger_cut_anywhere_goes_on_after_its_last_whole_line(tmp_path_factory, cut, texts):
    out = tmp_path_factory.mktemp("cut") / "out.jsonl"
    with Ledger(out) as ledger:
        for number, text in enumerate(texts):
            ledger.append(row(number, text=text))
        written = ledger.path.read_bytes()
    ledger.path.write_bytes(written[:cut])
    whole = written[:cut].count(b"\n")
    with Ledger(out) as ledger:
        assert ledger.path.read_bytes() == b"".join(written.splitlines(keepends=True)[:whole])
        ledger.append(row(99))
    lines = [json.loads(line) for line in ledger.path.read_bytes().split(b"\n")[:-1]]
    assert [line["id"] for line in lines] == [f"r{number}" for number in range(whole)] + ["r99"]


def test_starting_fresh_keeps_the_old_ledgers_under_other_names(tmp_path):
    out = tmp_path / "out.jsonl"
    for number in range(3):
        with Ledger(out, fresh=True) as ledger:
            assert ledger.path.read_bytes() == b""
            ledger.append(row(number))
            ledger.finish()
    assert "r0" in (tmp_path / "out.calls.1.jsonl").read_text()
    assert "r1" in (tmp_path / "out.calls.2.jsonl").read_text()


def test_a_second_process_is_turned_away(tmp_path):
    code = """
import sys
from pathlib import Path
from coig_writer.llm.ledger import Ledger
Ledger(Path(sys.argv[1])).__enter__()
"""
    with Ledger(tmp_path / "out.jsonl") as ledger:
        ledger.append(row(1))
        other = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "out.jsonl")], capture_output=True, text=True, check=False
        )
        assert "another run is writing this output" in other.stderr
        ledger.append(row(2))
    assert ledger.path.read_text().count("\n") == 2


def test_a_file_of_other_origin_is_not_overwritten(tmp_path):
    (tmp_path / "out.jsonl").write_text("precious\n")
    with pytest.raises(StorageError, match="not made by a run"), Ledger(tmp_path / "out.jsonl"):
        pass
    (tmp_path / "out.jsonl.tmp").write_text('{"precious": 1}\n')
    with pytest.raises(InputError, match="not a ledger"), Ledger(tmp_path / "out.jsonl"):
        pass
    assert (tmp_path / "out.jsonl").read_text() == "precious\n"


def test_two_ledgers_for_one_output_are_a_question(tmp_path):
    for name in ("out.jsonl.tmp", "out.calls.jsonl"):
        (tmp_path / name).write_text(json.dumps(row(1)) + "\n")
    with pytest.raises(StorageError, match="two ledgers"), Ledger(tmp_path / "out.jsonl"):
        pass


def test_a_full_disk_keeps_the_lines_before(tmp_path):
    """A limit on the file's size stands for a full disk: a part of the line is written, then no more."""
    code = """
import resource, sys
from pathlib import Path
from coig_writer.errors import StorageError
from coig_writer.llm.ledger import Ledger
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with Ledger(Path(sys.argv[1])) as ledger:
    for number in range(100):
        try:
            ledger.append({"id": str(number), "step": "s", "fingerprint": "f", "text": "x" * 100})
        except StorageError as error:
            print(number, error.message)
            break
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out.jsonl")], capture_output=True, text=True, check=True
    )
    written = int(done.stdout.split()[0])
    assert "cannot write" in done.stdout
    with Ledger(tmp_path / "out.jsonl") as ledger:
        found = [ledger.find((str(number), "s", "f")) is not None for number in range(100)]
    assert found == [number < written for number in range(100)]
    assert written > 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="cannot write"), Ledger(tmp_path / "out.jsonl"):
        pass


def test_a_file_where_a_folder_is_needed(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"), Ledger(tmp_path / "file" / "out.jsonl"):
        pass
