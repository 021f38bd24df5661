"""An experiment from end to end: two ratios, a tiny model, six queries, text statistics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coig_writer.cli.experiment import app
from support.training import run

pytest.importorskip("trl", reason="needs the extra: pip install 'coig-writer[train]'")
pytest.importorskip("fastapi", reason="needs the extra: pip install 'coig-writer[serve]'")
pytestmark = pytest.mark.train

GENERAL = Path(__file__).parents[1] / "train" / "general.jsonl"
CONFIG = """
name = "two-ratios"
bases = ["tiny-random"]
[data]
creative = ["short.jsonl"]
general = ["general.jsonl"]
general_counts = [0, 4]
[train]
steps = 2
batch = 1
learning_rate = 0.002
save_every = 2
[infer]
limit = 6
max_tokens = 24
temperature = 1.0
"""


def test_an_experiment_runs_from_one_file_to_its_figures(tmp_path):
    from coig_writer.files import write_jsonl
    from coig_writer.packaged import load_starter

    short = sorted(load_starter(), key=lambda triplet: len(triplet.reasoning) + len(triplet.article.text))[:2]
    write_jsonl(tmp_path / "short.jsonl", short)
    (tmp_path / "general.jsonl").write_bytes(GENERAL.read_bytes())
    config = tmp_path / "two.toml"
    config.write_text(CONFIG, encoding="utf-8")

    done = run("experiment", "run", config, "--note", "a tiny untrained model")
    assert done.returncode == 0, done.stderr + done.stdout
    folder = tmp_path / "two"
    results = json.loads((folder / "report" / "results.json").read_bytes())
    assert {curve["metric"] for curve in results["curves"]} == {"ttr", "chars"}
    for curve in results["curves"]:
        assert [point["dose"] for point in curve["points"]] == [0, 2]
        assert all(0 < point["n"] <= 6 and point["low"] <= point["mean"] <= point["high"] for point in curve["points"])
    for name in ("ttr.zh.png", "ttr.en.svg", "report.html", "results.csv"):
        assert (folder / "report" / name).stat().st_size > 0
    assert "Fewer than three ratios" in done.stdout

    stamps = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/model/model.safetensors")}
    again = CliRunner().invoke(app, ["run", str(config), "--no-figures"])
    assert again.exit_code == 0 and "running" not in again.output and "done" in again.output
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps and len(stamps) == 2
    status = CliRunner().invoke(app, ["status", str(config)])
    assert status.output.count("done") == 6
