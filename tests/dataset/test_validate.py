"""Each rule of `dataset validate` finds what it is there for and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.corpus.dedup import DedupSettings
from coig_writer.dataset.copies import Sketches, similarities, sketch
from coig_writer.dataset.rules import EXPLAINED, Rules, problems_of
from coig_writer.dataset.sets import TripletSet
from coig_writer.dataset.tables import write_triplets
from coig_writer.dataset.validate import OtherText, repeats, validate
from coig_writer.packaged import load_benchmark, load_starter
from coig_writer.schema import StatedScores, Triplet
from support.drafts import scores

STARTER = load_starter()
GOOD = STARTER[0].model_copy(update={"scores": [scores(9, 9, 9, 9, 9, 9)]})


def changed(article: dict | None = None, **update) -> Triplet:
    return GOOD.model_copy(update={"article": GOOD.article.model_copy(update=article or {}), **update})


def rules_of(triplet: Triplet) -> set[tuple[str, str | None]]:
    return {(problem.rule, problem.part) for problem in problems_of(triplet, Rules())}


def test_a_good_triplet_breaks_no_rule():
    assert rules_of(GOOD) == set()


@pytest.mark.parametrize(
    ("triplet", "rule", "part"),
    [
        (changed(scores=[scores(10, 10, 10, 10, 10, 7)]), "gate", None),
        (changed(scores=[scores(8, 8, 8, 8, 8, 9)]), "gate", None),
        (changed(scores=[]), "gate-unknown", None),
        (changed(scores=[], stated_scores=StatedScores(total=55)), "gate-unknown", None),
        (changed(scores=[], stated_scores=StatedScores(total=49)), "gate", None),
        (changed(genre="limerick"), "genre", "genre"),
        (changed(prompt="写雪。"), "length", "prompt"),
        (changed({"language": "en"}), "language", "article"),
        (changed(prompt="Please write about the snow in a quiet town, " * 3), "language", "prompt"),
        (changed(reasoning=GOOD.reasoning + GOOD.article.text[20:50]), "quoted-span", "reasoning"),
        (changed(prompt=GOOD.prompt + "有事请打电话：13812345678"), "personal-data", "prompt"),
        (changed(reasoning=GOOD.reasoning + "\x07"), "control-character", "reasoning"),
        (changed({"text": GOOD.article.text + "\ufffd"}), "damaged-text", "article"),
        (changed({"licence": None}), "no-licence", None),
    ],
)
def test_each_rule(triplet, rule, part):
    assert (rule, part) in rules_of(triplet)
    assert rule in EXPLAINED


def test_where_it_is_from_is_asked():
    bare = {"url": None, "platform": None, "author": None, "source": None}
    nameless = changed(bare, provenance=GOOD.provenance.model_copy(update={"note": None}))
    assert ("no-source", None) in rules_of(nameless)


def test_personal_data_is_not_repeated_in_a_report():
    found = list(problems_of(changed(prompt=GOOD.prompt + "有事请打电话：13812345678"), Rules()))
    assert "13812345678" not in str(found)


def as_file(path: Path, *triplets: Triplet) -> TripletSet:
    write_triplets(path, triplets, "triplet")
    return TripletSet([path])


def test_copies_inside_a_set(tmp_path):
    first, second, third = STARTER[0], STARTER[1], STARTER[2]
    spaced = first.model_copy(
        update={"id": "spaced", "article": first.article.model_copy(update={"text": f"{first.article.text}\n\n"})}
    )
    near_text = second.article.text.replace("。", "！", 2)[:-10]
    near = second.model_copy(
        update={
            "id": "near",
            "prompt": "另一个提示" * 20,
            "article": second.article.model_copy(update={"text": near_text}),
        }
    )
    found = validate(as_file(tmp_path / "a.jsonl", first, second, third, spaced, near, third))
    told = {
        (each.rule, each.where, each.message.rpartition(" ")[2])
        for some in found.examples.values()
        for each in some
        if "duplicate" in each.rule
    }
    assert told == {
        ("duplicate-id", "a.jsonl:6", "a.jsonl:3"),
        ("duplicate-article", "a.jsonl:4", "a.jsonl:1"),
        ("duplicate-article", "a.jsonl:6", "a.jsonl:3"),
        ("duplicate-prompt", "a.jsonl:4", "a.jsonl:1"),
        ("duplicate-prompt", "a.jsonl:6", "a.jsonl:3"),
        ("near-duplicate", "a.jsonl:5", "a.jsonl:2"),
    }


def test_a_second_set_must_not_occur(tmp_path):
    query = load_benchmark("zh")[0]
    leaked = STARTER[3].model_copy(update={"prompt": query.query + "请写得动人。"})
    found = validate(
        as_file(tmp_path / "a.jsonl", leaked, STARTER[4]),
        against=[OtherText(query.id, "prompt", query.query), OtherText("b:1", "article", STARTER[4].article.text)],
    )
    assert [(each.where, each.part) for each in found.examples["against"]] == [
        ("a.jsonl:1", "prompt"),
        ("a.jsonl:2", "article"),
    ]


def test_what_cannot_be_read_is_a_finding(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "写"}\n{"prompt": "写", "thought": "想", "output": "雪", "likes": 1}\n')
    found = validate(TripletSet([path]))
    assert (found.triplets, found.unread) == (1, 1)
    assert found.examples["unreadable"][0].where == "a.jsonl:1"
    assert found.examples["lost-field"][0].part == "likes"


def test_an_empty_file_has_no_triplets_and_no_findings(tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    found = validate(TripletSet([tmp_path / "a.jsonl"]))
    assert (found.triplets, found.errors, found.warnings) == (0, 0, 0)


@given(st.lists(st.integers(0, 5)))
def test_repeats_are_told_of_each_later_one(values):
    firsts: dict[int, int] = {}
    expected = [(firsts.setdefault(value, at), at) for at, value in enumerate(values)]
    assert list(repeats(np.array(values, np.uint64))) == sorted((a, b) for a, b in expected if a != b)


def test_candidates_hold_all_near_copies():
    made = [triplet.article.text for triplet in STARTER]
    made += [text[: int(0.9 * len(text))] for text in made]
    sketches = Sketches(DedupSettings())
    for start in range(0, len(made), 17):
        sketches.add(sketch(made[start : start + 17]))
    pairs = {tuple(pair) for pair in sketches.candidates().tolist()}
    expected = {(at, at + len(STARTER)) for at in range(len(STARTER))}
    exact = similarities([made[a] for a, _ in sorted(expected)], [made[b] for _, b in sorted(expected)])
    assert {pair for pair, similarity in zip(sorted(expected), exact, strict=True) if similarity >= 0.6} <= pairs


def run(*arguments: str):
    return CliRunner().invoke(app, ["dataset", "validate", *arguments])


def test_the_exit_code_tells_errors_from_warnings(tmp_path):
    write_triplets(tmp_path / "good.jsonl", [GOOD], "triplet")
    write_triplets(tmp_path / "warned.jsonl", [changed({"licence": None})], "triplet")
    write_triplets(tmp_path / "wrong.jsonl", [changed(genre="limerick")], "triplet")
    codes = [run(str(tmp_path / name)).exit_code for name in ("good.jsonl", "warned.jsonl", "wrong.jsonl")]
    assert codes == [0, 0, 1]
    assert run(str(tmp_path / "warned.jsonl"), "--strict").exit_code == 1


def test_json_and_all_findings(tmp_path):
    write_triplets(tmp_path / "a.jsonl", STARTER, "triplet")
    shown = run(str(tmp_path / "a.jsonl"), "--json", "--out", str(tmp_path / "all.jsonl"), "--against", "benchmark")
    told = json.loads(shown.stdout)
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert len(lines) == told["errors"] + told["warnings"] == sum(each["findings"] for each in told["rules"].values())
    assert told["rules"]["gate-unknown"]["records"] == len(STARTER)
    assert told["ok"] is True


def test_fix_mends_what_is_safe(tmp_path):
    stray = changed({"language": None}, id="other", prompt="\ufeff" + GOOD.prompt)
    write_triplets(tmp_path / "a.jsonl", [GOOD, GOOD, stray], "triplet")
    shown = run(str(tmp_path / "a.jsonl"), "--fix", str(tmp_path / "b.jsonl"))
    assert "repeated record left out: 1" in shown.output
    mended = list(TripletSet([tmp_path / "b.jsonl"]))
    assert [(each.id, each.prompt, each.article.language) for each in mended] == [
        (GOOD.id, GOOD.prompt, "zh"),
        ("other", GOOD.prompt, "zh"),
    ]


def test_large_sets_give_the_same_in_several_processes(tmp_path, monkeypatch):
    some = [each.model_copy(update={"id": f"{each.id}-{number}"}) for number in range(30) for each in STARTER]
    triplets = as_file(tmp_path / "a.jsonl", *some)
    alone = validate(triplets)
    monkeypatch.setattr("coig_writer.dataset.sets.processes_for", lambda size: 2)
    monkeypatch.setattr("coig_writer.dataset.sets.BLOCK", 500)
    together = validate(triplets)
    assert together == alone
    assert alone.findings["duplicate-article", "error"] == 29 * len(STARTER)


def test_every_rule_is_in_the_docs():
    docs = (Path(__file__).parents[2] / "docs" / "validate.md").read_text(encoding="utf-8")
    assert [rule for rule in EXPLAINED if f"`{rule}`" not in docs] == []
