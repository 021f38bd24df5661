"""`coig-writer demo` from raw texts to report, with a scripted writer in place of the packaged model."""

import json
import subprocess
import sys

import pytest

from support.faulty_server import FaultyServer
from support.scripted_writer import write

pytestmark = pytest.mark.long


def test_demo_makes_what_it_says(tmp_path):
    workspace = tmp_path / "demo"
    with FaultyServer(answer=write) as server:
        command = [sys.executable, "-m", "coig_writer", "demo", "--workspace", str(workspace)]
        command += ["--model", f"{server.base_url}#toy"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        paid = len(server.requests)
        again = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert again.returncode == 0, again.stderr
        assert len(server.requests) == paid, "a finished demo asks nothing again"
    assert "coig-writer corpus build" in done.stdout
    assert str(workspace / "release" / "report.html") in done.stdout.replace("\n", "")

    summary = json.loads((workspace / "corpus" / "summary.json").read_text())
    assert summary["read"] == summary["kept"] + sum(summary["rejected"].values())
    drafts = [json.loads(line) for line in (workspace / "drafts.jsonl").read_text().splitlines()]
    held = [draft for draft in drafts if draft["status"] == "held"]
    assert len(held) == 1, "the text that speaks to its reader is held"
    assert sum(draft.get("scores") is not None for draft in drafts) == 10
    assert len(drafts) < summary["kept"], "the demo stops early, and says how to go on"
    released = [json.loads(line) for line in (workspace / "release" / "triplets.jsonl").read_text().splitlines()]
    passed = [draft for draft in drafts if draft["status"] == "passed"]
    assert len(released) == len(passed) >= 10
    assert not any(triplet["metadata"]["reviewed"] for triplet in released)
    report = (workspace / "release" / "report.html").read_text()
    assert "未经人工审阅" in report


def test_a_draft_that_fails_does_not_cost_the_release(tmp_path):
    workspace = tmp_path / "demo"

    def stubborn(body):
        spoilt = "伞" in body["messages"][1]["content"] and "ReasoningAnswer" in json.dumps(body)
        return "没有答案" if spoilt else write(body)

    with FaultyServer(answer=stubborn) as server:
        command = [sys.executable, "-m", "coig_writer", "demo", "--workspace", str(workspace)]
        command += ["--model", f"{server.base_url}#toy"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    drafts = [json.loads(line) for line in (workspace / "drafts.jsonl").read_text().splitlines()]
    failed = [draft for draft in drafts if draft["status"] == "error"]
    assert failed
    assert done.returncode == 1
    assert f"{len(failed)} drafts could not be finished" in done.stderr
    assert (workspace / "release" / "report.html").is_file()
