"""Pairs are read in both orders; what depends on the order is a tie; chosen pairs spare judgements."""

from __future__ import annotations

import json
import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.errors import InputError, SettingError
from coig_writer.evaluate.adaptive import LEAST, Outcome, Scheduler
from coig_writer.evaluate.items import read_items, read_reference
from coig_writer.evaluate.pair_summary import Share, summarise_pairs
from coig_writer.evaluate.pairs import PairJudgement, Reading, matches
from coig_writer.evaluate.position import position_consistency
from coig_writer.evaluate.read import read_votes
from coig_writer.evaluate.run_pairs import PairRun
from coig_writer.files import read_jsonl, write_jsonl
from coig_writer.infer.models import opened
from coig_writer.llm.registry import EMBEDDED_MODEL, ModelSpec
from coig_writer.schema import Ranking, Response
from support.faulty_server import FaultyServer
from support.judging import judge_by

RAIN = judge_by(lambda text: text.count("雨"))


def spec_of(server: FaultyServer) -> ModelSpec:
    return ModelSpec(name="toy", base_url=server.base_url, model="toy", concurrency=4, timeout=5)


def files(tmp_path, rains: dict[str, int], queries: int = 6):
    """A file for each model, whose every answer has so many drops of rain."""
    paths = []
    for model, drops in rains.items():
        rows = [
            Response(id=f"q{n}", query=f"写第{n}个故事", model=model, response="雨" * drops + "停了")
            for n in range(queries)
        ]
        paths.append(tmp_path / f"{model}.jsonl")
        write_jsonl(paths[-1], rows)
    return paths


def candidates(tmp_path, rains, queries=6, against=None):
    return matches(read_items(files(tmp_path, rains, queries), {}), against)


def test_every_pair_is_shown_in_both_orders_and_blind(tmp_path):
    with FaultyServer(answer=RAIN) as server:
        rows = PairRun(tmp_path / "p.jsonl", spec_of(server)).judge(
            candidates(tmp_path, {"模型甲": 3, "模型乙": 1, "模型丙": 1})
        )
        said = [body["messages"][1]["content"] for body in server.requests]
    assert len(said) == 2 * 3 * 6
    assert not any("模型" in each for each in said)
    first_is_wet = Counter(each.index("雨雨雨") < each.index("【第二篇") for each in said if "雨雨雨" in each)
    assert first_is_wet == {True: 12, False: 12}
    summary = summarise_pairs(rows, 18)
    assert (summary.judged, summary.ties, summary.inconsistent, summary.errors) == (18, 6, 0, 0)
    assert (summary.consistency.rate, summary.first_shown.rate) == (1.0, 0.5)
    wins = {(pair.a, pair.b): (pair.wins_a, pair.wins_b, pair.win_rate_a) for pair in summary.pairs}
    assert wins == {
        ("模型丙", "模型乙"): (0, 0, 0.5),
        ("模型丙", "模型甲"): (0, 6, 0.0),
        ("模型乙", "模型甲"): (0, 6, 0.0),
    }


def test_a_judge_that_takes_the_first_makes_ties_that_are_counted(tmp_path):
    def first(body):
        return json.dumps({"reason": "在前", "better": "first"})

    with FaultyServer(answer=first) as server:
        rows = PairRun(tmp_path / "p.jsonl", spec_of(server)).judge(candidates(tmp_path, {"a": 3, "b": 1}))
    summary = summarise_pairs(rows, 6)
    assert (summary.ties, summary.inconsistent, summary.consistency.rate, summary.first_shown.rate) == (6, 6, 0.0, 1.0)
    assert all(row.ranking().places == {"a": 1, "b": 1} for row in rows)


@pytest.mark.parametrize(
    ("ab", "ba", "winner", "consistent"),
    [
        ("first", "second", "a", True),
        ("second", "first", "b", True),
        ("tie", "tie", None, True),
        ("first", "first", None, False),
        ("first", "tie", None, False),
        ("second", "second", None, False),
    ],
)
def test_both_orders_decide_together(ab, ba, winner, consistent):
    readings = [Reading(shown=("a", "b"), better=ab, reason="…"), Reading(shown=("b", "a"), better=ba, reason="…")]
    row = PairJudgement(id="q", language="zh", a="a", b="b", readings=readings, by="llm:toy@12345678")
    assert (row.winner, row.consistent) == (winner, consistent)
    assert row.score == {"a": 1.0, "b": 0.0, None: 0.5}[winner]
    assert row.ranking().places == {"a": 2 if winner == "b" else 1, "b": 2 if winner == "a" else 1}


def test_the_command_writes_what_compare_reads_and_mends_errors(tmp_path):
    paths = files(tmp_path, {"a": 3, "b": 1, "c": 2})
    command = ["judge", "pairwise", *(word for path in paths for word in ("--responses", str(path)))]
    out = tmp_path / "rankings.jsonl"
    with FaultyServer(answer=RAIN, faults={"refusal": 0.4}, faulty_tries=1, seed=1) as server:
        command += ["--model", f"{server.base_url}#toy", "--out", str(out), "--against", "c"]
        first = CliRunner().invoke(app, command)
        errors = sum(row.error is not None for row in read_jsonl(tmp_path / "rankings.pairs.jsonl", PairJudgement))
        assert errors and f"{errors} pairs have no judgement" in str(first.exception)
        assert len(list(read_jsonl(out, Ranking))) == 12 - errors
        for _ in range(3):
            last = CliRunner().invoke(app, [*command, "--json"])
        assert len(server.answered) == 24
    found = json.loads(last.stdout)
    assert (found["judged"], found["errors"], found["cost"]["calls"]) == (12, 0, 24)
    assert (found["candidates"], found["saving"]) == (18, pytest.approx(1 / 3))  # a against b is left out
    votes = read_votes([out])
    assert len(votes.rankings) == 12
    assert votes.models == ["a", "b", "c"]
    assert {model for each in votes.rankings if "c" in each.places for model in each.places} == {"a", "b", "c"}
    assert all(each.places["c"] == (2 if "a" in each.places else 1) for each in votes.rankings)
    orders = list(read_jsonl(tmp_path / "rankings.orders.jsonl", Ranking))
    assert Counter(each.shown.index("c") for each in orders) == {0: 12, 1: 12}
    assert position_consistency(orders).consistent == 12


def test_what_cannot_be_compared_is_said(tmp_path):
    with pytest.raises(SettingError, match="no model 'x'"):
        candidates(tmp_path, {"a": 1, "b": 2}, against="x")
    with pytest.raises(InputError, match="no query that two models answered"):
        candidates(tmp_path, {"a": 1})
    items = read_items(files(tmp_path, {"a": 1, "b": 2}), read_reference("benchmark:zh"))
    write_jsonl(tmp_path / "b.jsonl", [Response(id="q0", query="另一题", model="b", response="雨")])
    with pytest.raises(InputError, match="another query"):
        matches(read_items(list(items), {}))
    write_jsonl(tmp_path / "b.jsonl", [Response(id="q0", query="写第0个故事", model="b", response=" ")])
    with pytest.raises(InputError, match="no query"):
        matches(read_items(list(items), {}))


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_shares_have_wilson_intervals(count, more):
    found = Share.of([True] * count + [False] * more, [f"q{at}" for at in range(count + more)])
    if count + more == 0:
        assert found.rate is None
    else:
        expected = binomtest(count, count + more).proportion_ci(method="wilson")
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_share_of_several_pairs_a_query_is_no_surer_than_its_queries():
    one = Share.of([True] * 6 + [False] * 4, [f"q{at}" for at in range(10)])
    ten = Share.of([True] * 60 + [False] * 40, [f"q{at // 10}" for at in range(100)])
    assert (ten.rate, ten.n) == (one.rate, 100)
    assert ten.high - ten.low > one.high - one.low


STRENGTHS = {"a": 2.5, "b": 0.8, "c": 0.3, "d": 0.0, "e": -2.0}
QUERIES = [f"q{number}" for number in range(250)]
CHOICES = [(a, b, query) for query in QUERIES for a in STRENGTHS for b in STRENGTHS if a < b]


def chance(a: str, b: str) -> float:
    return 1 / (1 + math.exp(STRENGTHS[b] - STRENGTHS[a]))


def known_judge(choice: tuple[str, str, str], seed: int) -> Outcome:
    a, b, query = choice
    return Outcome(a, b, query, float(random.Random(f"{seed}{choice}").random() < chance(a, b)))


def simulated(width: float, seed: int) -> tuple[Scheduler, list[Outcome]]:
    scheduler, outcomes = Scheduler(CHOICES, width, seed), []
    while chosen := scheduler.choose(outcomes, 16):
        outcomes += [known_judge(choice, seed) for choice in chosen]
    return scheduler, outcomes


def test_a_known_judge_is_recovered_with_fewer_judgements():
    covered = 0
    for seed in range(5):
        scheduler, outcomes = simulated(0.06, seed)
        estimates = scheduler.estimates(outcomes)
        assert max(each.half_width for each in estimates.values()) <= 0.06
        assert len({(each.a, each.b, each.query) for each in outcomes}) == len(outcomes)
        assert len(outcomes) < 0.4 * len(CHOICES)
        assert min(each.n for each in estimates.values()) >= LEAST
        covered += sum(each.low <= chance(*pair) <= each.high for pair, each in estimates.items())
        even = [known_judge(choice, seed) for choice in CHOICES[: len(outcomes)]]
        assert max(each.half_width for each in scheduler.estimates(even).values()) > 0.06
    assert covered >= 42  # of 50 intervals of 95 %, a little too narrow for being looked at again and again


def test_judgements_go_where_little_is_known():
    _, outcomes = simulated(0.06, 1)
    counts = Counter((each.a, each.b) for each in outcomes)
    assert counts["c", "d"] + counts["b", "c"] + counts["b", "d"] > 3 * counts["a", "e"]


def test_the_scheduler_ends_when_nothing_is_left_and_leaves_failures_out():
    few = CHOICES[:40]
    scheduler = Scheduler(few, 0.001)
    begun: list = []
    while chosen := scheduler.choose([], 16, begun):
        begun += chosen
    assert sorted(begun) == sorted(few)
    again = Scheduler(list(reversed(few)), 0.001).choose([], 16)
    assert {query for _, _, query in again} == {query for _, _, query in begun[:16]}


def test_estimates_are_those_of_a_plain_fit():
    from scipy.optimize import minimize

    outcomes = [known_judge(choice, 7) for choice in CHOICES[:600]]
    names = list(STRENGTHS)

    def loss(theta):
        gaps = [theta[names.index(each.a)] - theta[names.index(each.b)] for each in outcomes]
        likelihood = sum(
            math.log1p(math.exp(-gap)) + (1 - o.score) * gap for gap, o in zip(gaps, outcomes, strict=True)
        )
        return likelihood + 0.125 * sum(theta**2)

    theta = minimize(loss, [0.0] * 5, tol=1e-10).x
    for (a, b), each in Scheduler(CHOICES, 0.05).estimates(outcomes).items():
        assert each.rate == pytest.approx(1 / (1 + math.exp(theta[names.index(b)] - theta[names.index(a)])), abs=1e-4)


def test_an_adaptive_run_is_gone_on_with_and_pays_nothing_twice(tmp_path):
    rains = {"a": 4, "b": 2, "c": 1}
    with FaultyServer(answer=RAIN) as server:
        run = PairRun(tmp_path / "p.jsonl", spec_of(server))
        chosen = candidates(tmp_path, rains, queries=60)
        rows = run.judge_adaptively(chosen, 0.06)
        asked = len(server.requests)
        assert run.judge_adaptively(chosen, 0.06) == rows
        assert len(server.requests) == asked == 2 * len(rows)
    summary = summarise_pairs(rows, len(chosen))
    assert 0 < summary.saving < 1
    assert summary.saving == 1 - len(rows) / 180
    assert list(read_jsonl(tmp_path / "p.jsonl", PairJudgement)) == rows


def test_an_adaptive_run_goes_on_past_failures(tmp_path):
    def sulky(body):
        return "不比" if "写第3个" in body["messages"][1]["content"] else RAIN(body)

    with FaultyServer(answer=sulky) as server:
        chosen = candidates(tmp_path, {"a": 1, "b": 1}, queries=12)
        rows = PairRun(tmp_path / "p.jsonl", spec_of(server)).judge_adaptively(chosen, 0.01)
    assert len(rows) == 12
    assert [row.id for row in rows if row.error] == ["q3"]


@pytest.mark.model
def test_the_packaged_model_fills_in_the_form(tmp_path):
    pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")
    with opened("embedded") as spec:
        chosen = candidates(tmp_path, {"a": 1, "b": 3}, queries=1)
        (row,) = PairRun(tmp_path / "p.jsonl", spec).judge(chosen)
    assert row.error is None
    assert [reading.shown for reading in row.readings] == [("a", "b"), ("b", "a")]
    assert row.by.startswith(f"llm:{EMBEDDED_MODEL}@")
