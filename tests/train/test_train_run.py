"""The real command trains a tiny model: it learns, survives kills, and what it writes answers."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coig_writer.cli.train import app
from coig_writer.errors import SettingError
from coig_writer.files import read_jsonl, write_jsonl
from coig_writer.packaged import load_benchmark
from coig_writer.schema import Response
from support.training import command, environment, run

pytestmark = pytest.mark.train

OPTIONS = ("--model", "tiny-random", "--steps", "5", "--batch", "2", "--held-out", "0.25", "--save-every", "2")
OPTIONS += ("--learning-rate", "0.002", "--seed", "3")


def train(mixtures: Path, out: Path) -> list[str | Path]:
    return ["train", "sft", "--data", mixtures / "cw-4.jsonl", "--out", out, *OPTIONS]


def invoke(mixtures: Path, out: Path, *more: str) -> Any:
    """The command in this process, which has read the libraries already."""
    return CliRunner().invoke(app, [*map(str, train(mixtures, out)[1:]), *more])


def log(out: Path) -> list[dict]:
    """The rows of a run's log without the times."""
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def finished(mixtures, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("runs") / "unbroken"
    done = run(*train(mixtures, out))
    assert done.returncode == 0, done.stderr
    return out, done


def test_what_was_held_out_is_better_understood_than_by_the_untrained_model(finished):
    out, done = finished
    for source in ("creative", "general"):
        losses = [row[f"held_out_{source}"] for row in log(out) if f"held_out_{source}" in row]
        assert len(losses) == 4 and losses[-1] < losses[0] - 0.02, losses  # before, at 2, at 4, at the end
        assert losses == sorted(losses, reverse=True)
    assert [row["step"] for row in log(out) if "loss" in row] == [1, 2, 3, 4, 5]
    assert "Held out creative:" in done.stdout and "adds a system message" in done.stderr


def test_a_run_says_what_it_was_made_of(finished, mixtures):
    out, _ = finished
    record = json.loads((out / "run.json").read_bytes())
    manifest = json.loads((mixtures / "manifest.json").read_bytes())
    assert record["status"] == "finished" and record["steps"] == 5
    assert record["data"]["sha256"] == manifest["files"]["cw-4.jsonl"]["sha256"]
    assert {source: each["samples"] for source, each in record["data"]["counts"].items()} == {
        "creative": 3,
        "general": 3,
    }
    card = (out / "model" / "README.md").read_text(encoding="utf-8")
    assert record["data"]["sha256"] in card and "| creative | 3 |" in card and "You are Qwen" in card
    assert json.loads((out / "model" / "training.json").read_bytes()) == record
    assert {path.name for path in out.glob("loss.*")} == {f"loss.{a}.{b}" for a in ("zh", "en") for b in ("png", "svg")}


def test_a_finished_run_is_not_done_again(finished, mixtures):
    out, _ = finished
    before = (out / "model" / "model.safetensors").stat().st_mtime_ns
    again = invoke(mixtures, out, "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["steps"] == 5
    assert (out / "model" / "model.safetensors").stat().st_mtime_ns == before


def test_another_run_in_the_same_folder_is_refused_with_the_difference(finished, mixtures):
    out, _ = finished
    other = invoke(mixtures, out, "--learning-rate", "0.001").exception
    assert isinstance(other, SettingError)
    assert "settings.learning_rate 0.002 then, 0.001 now" in str(other)


def test_killed_and_stopped_it_goes_on_to_the_same_losses(finished, mixtures, tmp_path):
    out = tmp_path / "killed"
    process = subprocess.Popen(command(*train(mixtures, out)), stderr=subprocess.DEVNULL, env=environment())
    wait_for(process, out / "checkpoints" / "checkpoint-2" / "complete.json")
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (out / "model").exists()
    torn = out / "checkpoints" / "checkpoint-4"
    if not (torn / "complete.json").exists():  # as a kill while it is written leaves it
        torn.mkdir(exist_ok=True)
        (torn / "model.safetensors").write_bytes(b"half")

    process = subprocess.Popen(command(*train(mixtures, out)), stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("step "):
            process.send_signal(signal.SIGTERM)
            break
    rest = process.stderr.read()
    assert process.wait() == 130, rest
    assert "A checkpoint is written" in rest

    last = run(*train(mixtures, out))
    assert last.returncode == 0, last.stderr
    assert {row["step"] for row in log(out)} == {0, 1, 2, 3, 4, 5}
    unbroken = [row for row in log(finished[0]) if "loss" in row]
    assert [row for row in log(out) if "loss" in row] == unbroken
    assert log(out)[-1] == log(finished[0])[-1]


def wait_for(process: subprocess.Popen, path: Path) -> None:
    until = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None, "the run ended before it was to be killed"
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_model_answers_through_infer(finished, tmp_path):
    pytest.importorskip("fastapi", reason="needs the extra: pip install 'coig-writer[serve]'")
    out = tmp_path / "pred.jsonl"
    write_jsonl(tmp_path / "queries.jsonl", load_benchmark("zh")[:1])
    done = run(
        "infer",
        "--model",
        finished[0] / "model",
        "--input",
        tmp_path / "queries.jsonl",
        "--out",
        out,
        "--max-tokens",
        8,
    )
    assert done.returncode == 0, done.stderr
    (answer,) = read_jsonl(out, Response)
    assert answer.error is None and answer.completion_tokens > 0
