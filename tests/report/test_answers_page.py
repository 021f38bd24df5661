"""The page of answers is safe, finds what is looked for, and turns by arrow keys."""

from __future__ import annotations

import re

import pytest

from coig_writer.errors import InputError
from coig_writer.files import write_jsonl
from coig_writer.packaged import load_benchmark
from coig_writer.report.answers import write_page
from coig_writer.schema import Response
from report.test_release_page import PAYLOADS, browser  # noqa: F401

QUERIES = [load_benchmark("zh")[0], load_benchmark("zh")[-1], load_benchmark("en")[0]]


@pytest.fixture
def page_of(tmp_path):
    """The text of the page for the answers of two models to three queries, the second one hostile and odd."""

    def make() -> str:
        for model in ("甲", "乙<b>"):
            write_jsonl(
                tmp_path / f"{ord(model[0])}.jsonl",
                [
                    Response(
                        id=query.id,
                        query=query.query,
                        model=model,
                        genre=query.genre,
                        language=query.language,
                        response=" ".join(PAYLOADS)
                        if number == 1
                        else f"第一行\n\n　　第{number}个回答" * (1 + number),
                        reasoning=PAYLOADS[0] if model == "甲" else None,
                        flags=["cut-off"] if number == 1 else [],
                        error="timeout: 没有答复" if number == 2 and model == "甲" else None,
                    )
                    for number, query in enumerate(QUERIES)
                ],
            )
        assert write_page(sorted(tmp_path.glob("*.jsonl")), "benchmark:all", tmp_path / "answers.html") == 6
        return (tmp_path / "answers.html").read_text(encoding="utf-8")

    return make


def test_what_models_wrote_is_text_and_nothing_is_loaded(page_of):
    page = page_of()
    assert not any(payload in page for payload in PAYLOADS[:3])
    assert "default-src &#39;none&#39;" in page
    assert not re.search(r"""(?:src|href)=["']?https?:""", page)


def test_no_answers_is_an_error(tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(InputError, match="no answers"):
        write_page([tmp_path / "a.jsonl"], "benchmark:all", tmp_path / "a.html")


@pytest.mark.browser
def test_reading_it(page_of, browser, tmp_path):  # noqa: F811
    page_of()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((tmp_path / "answers.html").as_uri())
    shown = page.locator(".sheet:visible .id code")
    assert (shown.inner_text(), page.locator("#place").inner_text()) == (QUERIES[0].id, "1 / 3")
    page.keyboard.press("ArrowRight")
    assert shown.inner_text() == QUERIES[1].id
    assert page.locator(".sheet:visible .text").first.inner_text() == " ".join(PAYLOADS)
    page.reload()
    assert shown.inner_text() == QUERIES[1].id, "the address keeps the place"
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert (shown.inner_text(), page.locator("#place").inner_text()) == (QUERIES[2].id, "3 / 3")
    page.select_option("#by-flag", "error")
    assert page.locator("#place").inner_text() == "1 / 1"
    page.locator("[name=model]").last.uncheck()
    assert page.locator("#none").is_visible(), "the answer with the error is the other model's"
    page.select_option("#by-flag", "")
    assert page.locator(".sheet:visible .answer:visible").count() == 1
    page.fill("#by-length", "25")
    place = page.locator("#place").inner_text()
    assert place.endswith("/ 2")
    for key in ("ArrowLeft", "ArrowRight"):  # belong to the field while one types there
        page.keyboard.press(key)
        assert page.locator("#place").inner_text() == place
    assert trouble == []
    assert page.evaluate("window.hit") is None
    context.close()
