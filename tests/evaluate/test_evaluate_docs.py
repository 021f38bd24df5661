"""docs/evaluate.md keeps up with the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from coig_writer.evaluate.compare import CompareSettings, Comparison, compare
from coig_writer.evaluate.read_table import COLUMNS, MARKS
from coig_writer.evaluate.significance import power_of
from coig_writer.evaluate.synthetic import published_rankings
from coig_writer.evaluate.tally import PairOutcome
from support.ranked import votes_of

PAGE = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text(encoding="utf-8")


def table(first: str) -> dict[str, str]:
    """The first two cells of the rows of the table whose heading begins with `first`."""
    rows = re.search(rf"^\| {first} \|.*\n\|[-|:]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)[1]
    return {cells[1].strip(): cells[2].strip() for cells in (line.split("|") for line in rows.splitlines())}


def test_every_key_of_the_json_is_described():
    described = {name for cell in table("key") for name in re.findall(r"`(\w+)`", cell)}
    assert described == {each.name for each in fields(Comparison)}


def test_every_figure_of_a_pair_is_described():
    named = set(re.findall(r"`(\w+)`", table("key")["`pairs`"]))
    assert named == {each.name for each in fields(PairOutcome)}


def test_the_columns_of_tables_are_those_that_are_read():
    rows = table("file")
    for cell, kinds in (
        ("CSV, TSV, XLSX of pairs", ("query", "left", "right", "winner", "rater")),
        ("CSV, TSV, XLSX of ratings", ("query", "model", "rater", *MARKS)),
    ):
        named = set(re.findall(r"`(\w+)`", rows[cell]))
        assert [kind for kind in kinds if not named & set(COLUMNS[kind])] == []


def test_what_it_says_of_the_published_table_is_so():
    found = compare(votes_of(published_rankings()), CompareSettings(rounds=100))
    assert sum(pair.p_holm < 0.05 for pair in found["zh"].pairs) == 7
    pairs = {(name, pair.a, pair.b): pair for name, each in found.items() for pair in each.pairs}
    for key, figures in {
        ("zh", "CW+10k", "G"): (128, 0.0003, 0.0020),
        ("zh", "CW+5k", "CW+10k"): (85, 0.0206, 0.0619),
        ("en", "CW+10k", "G"): (164, 0.2014, 0.4028),
    }.items():
        assert (pairs[key].wins, round(pairs[key].p, 4), round(pairs[key].p_holm, 4)) == figures
    power = power_of(204, 10)
    assert (round(power.smallest, 1), round(power.smallest_holm, 1)) == (10.0, 12.9)
