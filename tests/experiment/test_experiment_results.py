"""Curves from answers and rankings of which we know what they say."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest

from coig_writer.errors import InputError, SettingError
from coig_writer.evaluate.curve import WIN_RATE
from coig_writer.experiment.results import collect
from coig_writer.experiment.settings import Experiment
from coig_writer.experiment.steps import mixture_folder, model_folder
from coig_writer.files import write_json, write_jsonl
from coig_writer.report.experiment import as_csv, statement, write_experiment
from coig_writer.schema import Ranking

COUNTS = (0, 6, 30, 60, 120)
QUERIES = 40


@pytest.fixture
def experiment() -> Experiment:
    return Experiment.model_validate(
        {
            "name": "made-up",
            "bases": ["m"],
            "data": {"creative": ["starter"], "general_counts": COUNTS, "general_only": 60, "seeds": [1, 2]},
            "evaluate": {"metrics": ["ttr"], "rankings": ["people.jsonl"]},
        }
    )


def fill(experiment: Experiment, folder: Path) -> None:
    """TTR steps up after 30 general samples; the set without triplets loses to all from 60 on, and beats the rest."""
    rng = np.random.default_rng(1)
    rows, rankings = [], []
    for cell in experiment.cells():
        write_json(
            folder / mixture_folder(cell) / "manifest.json",
            {
                "mixtures": [
                    {"name": f"cw-{count}" if count else "cw", "creative": 10, "general": count} for count in COUNTS
                ]
                + [{"name": "g", "creative": 0, "general": 60}]
            },
        )
        for query in range(QUERIES):
            level = 0.5 + 0.1 * ((cell.general or 0) >= 60)
            rows += [
                {"model": model_folder(experiment, cell), "id": f"q{query}", "language": "zh", "ttr": level + noise}
                for noise in rng.normal(0, 0.02, 2)
            ]
            if cell.general is not None:
                rival = model_folder(experiment, cell).replace(f".{cell.recipe}/", ".g/")
                won = cell.general >= 60
                places = {model_folder(experiment, cell): 1 if won else 2, rival: 2 if won else 1}
                rankings.append(Ranking(query_id=f"q{query}", rater=f"human:{cell.seed}-{cell.recipe}", places=places))
    write_jsonl(folder / "statistics" / "answers.jsonl", rows)
    write_jsonl(folder / "people.jsonl", rankings)


def test_curves_show_the_step_that_is_in_the_data(experiment, tmp_path):
    fill(experiment, tmp_path)
    wins, ttr = collect(experiment, tmp_path, tmp_path)
    assert (wins.metric, ttr.metric) == (WIN_RATE, "ttr")
    for curve in (wins, ttr):
        assert [point.dose for point in curve.points] == [0, 0.6, 3, 6, 12]
        assert curve.names == ["cw", "cw-6", "cw-30", "cw-60", "cw-120"]
        assert (curve.seeds, curve.points[0].n) == (2, QUERIES)
        assert curve.change is not None and (curve.change.after, curve.change.at) == (3, 6)
        assert curve.change.p < 0.01
    assert [point.mean for point in wins.points] == [0, 0, 0, 100, 100]
    assert wins.crossing is not None and wins.crossing.at == pytest.approx(4.5)
    assert ttr.alone is not None and ttr.alone.mean == pytest.approx(0.5, abs=0.01)
    assert "between 1:3 and 1:6" in statement(ttr).en and "1:3 与 1:6 之间" in statement(ttr).zh
    for point in ttr.points:  # what trainings differ by is known from all of them, the set without triplets among them
        assert point.high - point.low == pytest.approx(ttr.alone.high - ttr.alone.low, rel=0.5)
    assert "p < 0.001, against the differences of trainings" in statement(ttr).en
    assert "straight line between 1:3 and 1:6" in statement(ttr).en and "按直线推算" in statement(ttr).zh


def test_what_one_training_a_ratio_cannot_tell_is_said(experiment, tmp_path):
    data = experiment.model_dump()
    data["data"]["seeds"] = [1]
    once = Experiment.model_validate(data)
    fill(once, tmp_path)
    _, ttr = collect(once, tmp_path, tmp_path)
    assert ttr.change is not None and ttr.crossing is not None and not ttr.change.over_runs
    assert "luck of a training" in statement(ttr).en and "运气" in statement(ttr).zh
    beyond = dataclasses.replace(ttr, crossing=dataclasses.replace(ttr.crossing, high=None, share=0.6))
    assert "to beyond the largest ratio, in 60% of resamples" in statement(beyond).en
    assert "最大的配比之外" in statement(beyond).zh


def test_reports_are_written_with_their_data(experiment, tmp_path):
    fill(experiment, tmp_path)
    curves = collect(experiment, tmp_path, tmp_path)
    write_experiment(curves, tmp_path / "report", title="<b>", note="made up", figures=False)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;" in page and "made up" in page and "1:0.6" in page and "95 %" in page
    assert "<img" not in page
    rows = list(csv.DictReader(io.StringIO(as_csv(curves).removeprefix("\ufeff"))))
    assert len(rows) == 2 * 5 + 2  # the set without triplets has both figures
    assert json.loads((tmp_path / "report" / "results.json").read_bytes())["curves"][0]["metric"] == WIN_RATE


def test_the_page_holds_its_pictures(experiment, tmp_path):
    fill(experiment, tmp_path)
    curves = collect(experiment, tmp_path, tmp_path)
    write_experiment(curves, tmp_path, title="t")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for metric in {curve.metric for curve in curves}:
        for language in ("zh", "en"):
            held = base64.b64encode((tmp_path / f"{metric}.{language}.svg").read_bytes()).decode()
            assert page.count(held) == 1
    assert "img-src data:" in page


def test_an_unknown_metric_and_foreign_rankings_are_named(experiment, tmp_path):
    fill(experiment, tmp_path)
    data = experiment.model_dump()
    data["evaluate"]["metrics"] = ["charm"]
    with pytest.raises(SettingError, match="no metric of the name charm"):
        collect(Experiment.model_validate(data), tmp_path, tmp_path)
    write_jsonl(tmp_path / "people.jsonl", [Ranking(query_id="q", rater="human:a", places={"x": 1, "y": 2})])
    with pytest.raises(InputError, match="no ranking compares two models"):
        collect(experiment, tmp_path, tmp_path)
