"""Results of an evaluation: a page that is safe and works, a workbook in which text stays text, a whole summary."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import openpyxl
import pytest

from coig_writer.evaluate.evaluation import Evaluation, evaluate
from coig_writer.evaluate.items import read_items
from coig_writer.evaluate.judgement import Evidence, Judgement, Mark, Status
from coig_writer.evaluate.read_table import MARKS
from coig_writer.files import write_jsonl
from coig_writer.report.evaluation import highlighted, render_evaluation, sheets, summary_json, write_results
from coig_writer.schema import Response
from report.test_release_page import PAYLOADS, browser  # noqa: F401
from support.faulty_server import FaultyServer
from support.judging import judge_by


@contextmanager
def silent(_: str):
    yield lambda progress: None


@pytest.fixture
def done(tmp_path) -> Evaluation:
    """Two models, two judges, an answer that attacks pages and one that attacks spreadsheets, one empty, one error."""
    for number, model in enumerate(("甲", "乙<b>")):
        texts = ["雨" * (1 + number) + "停了，人还在。", PAYLOADS[0], "=1+1", " ", None]
        rows = [
            Response(
                id=f"q{place}",
                query=f"写第{place}个" if place else "Write a story",
                model=model,
                response=text,
                error=None if text else "timeout: 没有答复",
            )
            for place, text in enumerate(texts)
        ]
        write_jsonl(tmp_path / f"{number}.jsonl", rows)
    items = read_items([tmp_path / "0.jsonl", tmp_path / "1.jsonl"], {})
    with FaultyServer(answer=judge_by(lambda text: min(3, text.count("雨")))) as server:
        judges = [f"{server.base_url}#toy", f"{server.base_url}#other"]
        with ThreadPoolExecutor(1) as thread:  # the browser's event loop has the main one
            return thread.submit(evaluate, items, judges, tmp_path / "out", showing=silent, repeats=2).result()


def test_all_files_are_written_and_add_up(done, tmp_path):
    out = tmp_path / "out"
    written = write_results(done, out, workbook=True, document=True)
    assert all(path.exists() for path in written)
    found = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert found == json.loads(json.dumps(summary_json(done)))
    assert found["groups"]["all"]["models"]["甲"]["statuses"] == {"judged": 3, "error": 0, "empty": 1, "no_answer": 1}
    assert [cost["calls"] for cost in found["costs"].values()] == [12, 12]
    assert found["second"]["creative_merit"]["exact"] == 1.0
    assert found["not_in_reference"] == ["q0", "q1", "q2", "q3", "q4"]
    document = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert len(document["rows"]) == 10
    assert len((out / "ratings.jsonl").read_text(encoding="utf-8").splitlines()) == 12


def test_a_workbook_opened_by_another_library_holds_text_as_text(done, tmp_path):
    write_results(done, tmp_path, workbook=True, document=False)
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    assert book.sheetnames == list(sheets(done))
    answers = book["answers"]
    assert answers.freeze_panes == "A2"
    assert answers.auto_filter.ref
    header = [cell.value for cell in answers[1]]
    rows = [dict(zip(header, (cell.value for cell in row), strict=True)) for row in answers.iter_rows(min_row=2)]
    assert [row["status"] for row in rows[:5]] == ["judged", "judged", "judged", "empty", "no_answer"]
    assert rows[2]["response"] == "=1+1"
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    assert all(row[name] is None for row in rows[3:5] for name in MARKS)
    assert book["evidence"].max_row == 1 + 6 * len(MARKS)


def test_what_models_and_judges_wrote_is_text_and_nothing_is_loaded(done):
    page = render_evaluation(done)
    assert not any(payload in page for payload in PAYLOADS[:3])
    assert "乙<b>" not in page
    assert "default-src &#39;none&#39;" in page
    assert not re.search(r"""(?:src|href)=["']?https?:""", page)
    assert render_evaluation(done) == page


def test_quotations_are_lit_where_they_stand():
    row = Judgement(
        id="q", model="m", language="zh", status=Status.JUDGED, query="写", response="雨打在铁皮棚上，人还在。"
    )
    marks = {
        name: Mark(mark=1, reason="……", evidence=Evidence.of(quote, row.response))
        for name, quote in zip(MARKS, ["雨打在", "打在铁皮", "人还在", "没有这句", ""], strict=True)
    }
    row = row.model_copy(update={"marks": marks})
    assert highlighted(row) == [("雨打在铁皮", True), ("棚上，", False), ("人还在", True), ("。", False)]
    assert highlighted(row.model_copy(update={"response": None, "marks": {}})) == []


def test_the_page_sieves_its_answers_and_speaks_both_languages(done, tmp_path, browser):  # noqa: F811
    write_results(done, tmp_path, workbook=False, document=False)
    tab = browser.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(f"file://{tmp_path}/report.html")
    tab.click("[data-lang-to=en]")
    assert tab.locator("h1").inner_text() == "Evaluation"
    assert tab.locator(".judgement:visible").count() == 10
    tab.select_option("#by-status", "empty")
    assert tab.locator(".judgement:visible").count() == 2
    tab.select_option("#by-status", "")
    tab.select_option("#by-model", "0")
    assert tab.locator(".judgement:visible").count() == 5
    tab.click("[data-lang-to=zh-Hans]")
    assert tab.locator("h1").inner_text() == "评测"
    assert said == []
    tab.close()
