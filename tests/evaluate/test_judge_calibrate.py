"""A judge beside people: agreement, order and meaning of marks, from files as people keep them."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.errors import InputError
from coig_writer.evaluate.calibrate import calibrate
from coig_writer.evaluate.read import read_votes
from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.votes import Topic
from coig_writer.files import write_jsonl
from coig_writer.schema import Rating

JUDGE = "llm:toy@0123456789ab"


def rating(query: str, model: str, mark: int, rater: str = "human:甲") -> Rating:
    return Rating(query_id=query, model=model, rater=rater, **dict.fromkeys(MARKS, mark))


def test_by_hand():
    people = [rating("q1", "a", 3), rating("q1", "b", 1), rating("q2", "a", 2), rating("q2", "b", 2)]
    people += [rating("q1", "a", 2, "human:乙"), rating("q3", "a", 0)]
    judged = [rating("q1", "a", 3, JUDGE), rating("q1", "b", 3, JUDGE), rating("q2", "a", 2, JUDGE)]
    judged += [rating("q2", "b", 1, JUDGE), rating("q9", "a", 0, JUDGE)]
    (report,) = calibrate(people, judged, {"q1": Topic("zh"), "q2": Topic("en")}).values()
    assert report.answers == 4
    assert list(report.groups) == ["all", "en", "zh"]
    found = report.groups["all"]["creative_merit"]
    assert (found.agreement.n, found.agreement.exact) == (5, 0.4)
    assert found.agreement.difference == pytest.approx((0 + 1 + 2 + 0 - 1) / 5)
    assert found.commonest == 0.6
    assert (found.order, found.order_n) == (0.5, 1)
    assert found.meaning == [None, (2.0, 1), (2.0, 1), (2.0, 3)]
    assert found.people_alpha.units == 1
    assert report.groups["en"]["creative_merit"].people_alpha.alpha is None
    assert [(each.query, each.model, each.judge, each.people) for each in report.parting] == [
        ("q1", "b", 3, 1.0),
        ("q2", "b", 1, 2.0),
        ("q1", "a", 3, 2.5),
    ]


def test_nothing_in_common_is_an_error():
    with pytest.raises(InputError, match="no answer was rated by people and judged too"):
        calibrate([rating("q1", "a", 3)], [rating("q1", "b", 3, JUDGE)])


def test_the_command_reads_a_table_of_people_and_a_folder_of_results(tmp_path):
    """Fifty made-up answers with made-up marks: a judge that sees what people see, plus chance."""
    rng = random.Random(5)
    truth = {(f"zh-{n}", model): rng.randint(0, 3) for n in range(25) for model in ("甲", "乙")}

    def near(mark: int) -> int:
        return min(3, max(0, mark + rng.choice((-1, 0, 0, 0, 1))))

    with open(tmp_path / "people.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["query_id", "model", "rater", *MARKS])
        for (query, model), mark in truth.items():
            for rater in ("林", "周"):
                table.writerow([query, model, rater, *(near(mark) for _ in MARKS)])
    (tmp_path / "results").mkdir()
    judged = [rating(query, model, near(mark), JUDGE) for (query, model), mark in truth.items()]
    write_jsonl(tmp_path / "results" / "ratings.jsonl", judged)
    command = ["judge", "calibrate", "--ratings", str(tmp_path / "people.csv"), "--judged", str(tmp_path / "results")]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    assert JUDGE in shown.stdout
    assert "task fulfilment" in shown.stdout
    found = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)[JUDGE]["groups"]["all"]
    for name in MARKS:
        assert found[name]["agreement"]["n"] == 100
        assert found[name]["agreement"]["kappa"] > 0.5
        assert found[name]["order"] > 0.7
        assert found[name]["meaning"][0][0] < found[name]["meaning"][3][0]
    written = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "calibration.json")])
    assert written.exit_code == 0
    assert json.loads((tmp_path / "calibration.json").read_text(encoding="utf-8"))[JUDGE]["answers"] == 50


def test_results_without_a_judge_are_an_error(tmp_path):
    write_jsonl(tmp_path / "ratings.jsonl", [rating("q1", "a", 3)])
    command = ["judge", "calibrate", "--ratings", str(tmp_path / "ratings.jsonl"), "--judged", str(tmp_path)]
    assert "no rating of a judge" in str(CliRunner().invoke(app, command).exception)


def test_the_made_up_ratings_of_the_docs_are_fifty_and_say_so():
    votes = read_votes([Path(__file__).with_name("people_synthetic.csv")])
    assert len(votes.ratings) == 50
    assert votes.unread == []
    assert {each.rater for each in votes.ratings} == {"human:synthetic"}
    assert votes.languages == ["en", "zh"]
