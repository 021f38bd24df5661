"""The folder of text statistics: the page, the workbook, a row for each answer, the figures."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from coig_writer.errors import SettingError
from coig_writer.evaluate.responses import read_responses
from coig_writer.evaluate.textstats.run import text_statistics
from coig_writer.files import write_jsonl
from coig_writer.packaged import load_starter
from coig_writer.report.textstats import render_textstats, write_textstats
from coig_writer.schema import Response

EVIL = "<script>alert(1)</script>=1+1"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "pred.jsonl"
    rows = []
    for each in load_starter()[:9]:
        text = each.article.text
        rows.append(Response(id=each.id, query=each.prompt, model="articles", response=text, reasoning=each.reasoning))
        rows.append(Response(id=each.id, query=each.prompt, model=EVIL, response=f"{text[:80]}\nand then {EVIL}"))
    rows.append(Response(id="en", query="Write about rain.", model="articles", response="The rain 停了。"))
    write_jsonl(path, rows)
    return text_statistics(read_responses([path]), human=[each.article.text for each in load_starter()[30:36]])


@pytest.fixture(scope="module")
def folder(found, tmp_path_factory):
    out = tmp_path_factory.mktemp("folder")
    write_textstats(found, out)
    return out


def test_the_page_is_whole_in_two_languages_and_runs_nothing_foreign(found):
    page = render_textstats(found)
    assert page == render_textstats(found)
    assert "<script>alert" not in page
    assert page.count('class="zh"') == page.count('class="en"') > 100
    assert "://" not in re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "停了" in page and "and then" in page


def test_what_a_model_classed_stands_beside_the_rules(found):
    group = {"n": 2, "failed": 1, "agreement": 0.5, "kappa": None, "along": None}
    shares = {"normal_writing": 0.7, "deep_reasoning": 0.1, "self_exploration": 0.1, "self_reflection": 0.1}
    classed = {"model": "toy", "template": "0", "models": {"articles": {"zh": {**group, "shares": shares}}}}
    page = render_textstats(replace(found, value={**found.value, "behaviour_model": classed}))
    row = re.search(r'<table id="t-behaviour-model".*?</table>', page, re.DOTALL)[0]
    assert [cell for cell in ("70.0", "50.0", "–") if cell not in row] == []


def test_every_answer_has_its_row_and_its_figures(found, folder):
    rows = [json.loads(line) for line in (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 9 + 9 + 1 + 6
    assert sum(row["foreign_spans"] > 0 for row in rows if row["model"] == EVIL) == 9
    whole = json.loads((folder / "textstats.json").read_text(encoding="utf-8"))
    assert whole == json.loads(json.dumps(found.value))


def test_the_workbook_keeps_text_as_text(folder):
    book = load_workbook(folder / "textstats.xlsx")
    assert {"lengths", "diversity", "contamination", "behaviour", "test contamination", "notes", "answers"} <= set(
        book.sheetnames
    )
    sheet = book["answers"]
    assert sheet.max_row == 1 + 25
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(EVIL in str(cell.value) for cell in cells)


def test_without_a_font_all_but_the_figures_is_there(found, tmp_path, monkeypatch):
    def none():
        raise SettingError("no font")

    monkeypatch.setattr("coig_writer.report.textstats_figures.house_style", none)
    with pytest.raises(SettingError):
        write_textstats(found, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"textstats.json", "answers.jsonl", "textstats.xlsx", "report.html"}


def test_figures_are_drawn_for_each_language_of_queries_in_both_languages(folder):
    names = {path.name for path in (folder / "figures").iterdir()}
    figures = ("lengths", "ttr", "behaviour", "behaviour_along")
    wanted = {
        f"{figure}.{asked}.{labels}.{kind}"
        for figure in figures
        for asked in ("zh", "en")
        for labels in ("zh", "en")
        for kind in ("png", "svg")
    }
    assert names == wanted
    assert all((folder / "figures" / name).stat().st_size > 2000 for name in names)
