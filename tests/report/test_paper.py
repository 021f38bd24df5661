"""`report paper` prints the published tables again, in three formats, and says what is synthetic."""

from __future__ import annotations

import json
import re
from itertools import product

import openpyxl
import pytest
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.evaluate.synthetic import PUBLISHED_MODELS
from coig_writer.files import write_jsonl
from coig_writer.packaged import load_benchmark

PRINTED = {
    "en": ((38.53, 27.20, 24.08, 23.51), (35.41, 32.29, 30.03), (49.29, 42.21), (46.46,)),
    "zh": ((39.22, 32.35, 25.98, 35.78), (39.71, 32.35, 42.16), (41.67, 50.00), (62.75,)),
}
"""Table 2 of arXiv 2510.14763, above the diagonal."""


def run(*arguments: str):
    shown = CliRunner().invoke(app, ["report", "paper", *arguments])
    assert shown.exit_code == 0, shown.output
    return shown


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    out = tmp_path_factory.mktemp("paper")
    run("--rankings", "published", "--rounds", "100", "--out", str(out))
    return out


def test_table_2_comes_back_to_two_decimals(published):
    sheet = openpyxl.load_workbook(published / "tables.xlsx")["Table 2"]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    for language, name in (("en", "English"), ("zh", "Chinese")):
        for at, rates in enumerate(PRINTED[language]):
            for other, rate in zip(PUBLISHED_MODELS[at + 1 :], rates, strict=True):
                model = PUBLISHED_MODELS[at]
                assert found[model][f"{name}: {other}"] == f"{rate:.2f}"
                assert float(found[other][f"{name}: {model}"]) == pytest.approx(100 - rate, abs=0.006)


def test_what_survives_the_correction(published):
    sheet = openpyxl.load_workbook(published / "tables.xlsx")["Table 2, tests"]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    found = {(row[0], row[1]): dict(zip(header, row, strict=True)) for row in rows}
    best = found["Chinese", "CW+10k over G"]
    assert (best["Wins"], best["p"], best["p (Holm)"], best["Differs"]) == (128, "0.0003", "0.0020", "yes")
    assert found["Chinese", "CW+5k over CW+10k"]["Differs"] == "no"
    assert found["English", "CW+10k over G"]["p"] == "0.2014"


def test_every_format_says_that_these_rankings_are_synthetic(published):
    for name in ("tables.md", "tables.tex"):
        text = (published / name).read_text(encoding="utf-8")
        assert text.count("Synthetic: made by integer programming") == 2
    about = openpyxl.load_workbook(published / "tables.xlsx")["About"]
    assert "Synthetic" in about["B2"].value


def test_the_latex_is_whole(published):
    text = (published / "tables.tex").read_text(encoding="utf-8")
    assert text.count("\\begin{table}") == text.count("\\end{table}") == 2
    for line in re.findall(r"^.* \\\\$", text.partition("\\end{table}")[0], re.MULTILINE):
        columns = line.count("&") + 1 + sum(int(width) - 1 for width in re.findall(r"multicolumn\{(\d+)\}", line))
        assert columns == 11
    assert "\\textbf{62.75}" in text
    assert not re.search(r"(?<!\\)%(?! \\usepackage)", text)


def test_tables_3_and_4_and_the_figures_from_answers(tmp_path):
    queries = [*load_benchmark("zh")[:3], *load_benchmark("en")[:3]]
    answers = {
        "zh": "雪落在院子里，鸡不敢出来。奶奶说，等一等。",
        "en": "Snow fell on the yard, and the hens stayed in.",
    }
    rows = [
        {"id": query.id, "query": query.query, "model": model, "language": query.language, "genre": query.genre}
        | {"response": answers[query.language] * times}
        for model, times in (("A", 8), ("B|50%", 12))
        for query in queries
    ]
    write_jsonl(tmp_path / "pred.jsonl", rows)
    run("--responses", str(tmp_path / "pred.jsonl"), "--out", str(tmp_path / "out"))
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    header, *lines = [[cell.value for cell in row] for row in book["Table 3"].iter_rows()]
    found = {line[0]: dict(zip(header, line, strict=True)) for line in lines}
    assert float(found["A"]["Chinese: Chars"]) == 8 * len(answers["zh"])
    assert float(found["B|50%"]["English: Chars"].replace(",", "")) == 12 * len(answers["en"])
    names, first, _ = [[cell.value for cell in row] for row in book["Table 4"].iter_rows()]
    assert float(dict(zip(names, first, strict=True))["Chinese: Mean"]) < 0.3
    files = {path.name for path in (tmp_path / "out").iterdir()}
    expected = {
        f"figure{number}.{asked}.{said}.{kind}"
        for number, asked, said, kind in product((4, 5, 7, 8), ("zh", "en"), ("zh", "en"), ("png", "svg", "pdf"))
    }
    assert expected <= files
    assert "B\\|50%" in (tmp_path / "out" / "tables.md").read_text(encoding="utf-8")
    assert "B|50\\%" in (tmp_path / "out" / "tables.tex").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "figure4.zh.zh.pdf").read_bytes().startswith(b"%PDF")


def test_models_stand_in_the_same_order_in_every_table(tmp_path):
    """Files come as the shell sorts them, CW+10k first."""
    query = load_benchmark("zh")[0]
    names = ["CW+10k", "CW+1k", "CW", "G"]
    for name in names:
        row = {"id": query.id, "query": query.query, "model": name, "response": "雪落在院子里，鸡不敢出来。"}
        write_jsonl(tmp_path / f"{name}.jsonl", [row])
    places = {name: at for at, name in enumerate(names, 1)}
    write_jsonl(tmp_path / "r.jsonl", [{"query_id": query.id, "rater": "human:li", "places": places}])
    responses = [word for name in names for word in ("--responses", str(tmp_path / f"{name}.jsonl"))]
    run("--rankings", str(tmp_path / "r.jsonl"), *responses, "--no-figures", "--out", str(tmp_path / "out"))
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    for table in ("Table 2", "Table 3", "Table 4"):
        assert [row[0].value for row in list(book[table].iter_rows())[1:]] == ["CW", "CW+1k", "CW+10k", "G"]


def test_pairs_differ_by_one_vote_a_query_where_queries_were_ranked_several_times(tmp_path):
    rows = [
        {"query_id": f"zh-{at}", "rater": f"human:{rater}", "places": {"A": 1, "B": 2}}
        for at in range(5)
        for rater in "abcd"
    ]
    write_jsonl(tmp_path / "r.jsonl", rows)
    run("--rankings", str(tmp_path / "r.jsonl"), "--rounds", "100", "--out", str(tmp_path / "out"))
    sheet = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")["Table 2, tests"]
    header, line = [[cell.value for cell in row] for row in sheet.iter_rows()]
    found = dict(zip(header, line, strict=True))
    assert (found["p (Holm)"], found["p (Holm), a vote a query"], found["Differs"]) == ("<.0001", "0.0625", "no")
    assert "one vote a query" in (tmp_path / "out" / "tables.md").read_text(encoding="utf-8")


def test_nothing_to_report_on_is_an_error():
    shown = CliRunner().invoke(app, ["report", "paper", "--out", "x"])
    assert shown.exit_code != 0
    assert json.dumps(str(shown.exception)).count("--rankings") == 1
