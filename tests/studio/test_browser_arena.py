"""Three evaluators rank five models' answers in Chromium, by keys, by drag, by clicks."""

import json

import pytest

from coig_writer.evaluate.read import read_votes
from support.visitor import Visitor

pytestmark = pytest.mark.browser
MODELS = ["CW", "CW+1k", "CW+5k", "CW+10k", "G"]
QUERIES = 2
LONG = "水流过桥。" * 120


@pytest.fixture
def files(tmp_path):
    found = []
    for number, model in enumerate(MODELS, 1):
        path = tmp_path / f"{model}.jsonl"
        rows = [
            {"id": f"zh-{q}", "query": f"写第 {q} 座桥。", "model": model, "response": f"写法{number}。\n" + LONG}
            for q in range(QUERIES)
        ]  # fmt: skip
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        found.append(path)
    return found


def wanted(page):
    """Letter → place: the written number of the answer is its place."""
    return {
        answer.locator("h2").inner_text(): int(answer.locator(".wording").inner_text()[2])
        for answer in page.locator(".answer").all()
    }


def by_keys(page, places):
    for letter, place in places.items():
        page.locator("#state").click()
        page.keyboard.press(letter)
        page.keyboard.press(str(place))


def by_drag(page, places):
    for letter, place in places.items():
        page.drag_and_drop(f"h2[data-letter={letter}]", f".slots [data-place='{place}']")


def by_clicks(page, places):
    for at, place in enumerate(places.values()):
        page.locator(f"[name=choice-{at}][value='{place}']").check(force=True)


def test_three_evaluators_rank_and_compare_reads_it(browser, served, files, tmp_path):
    manager = Visitor(browser, served, "主持", served.account("主持", "评测项目", "manager"))
    home = manager.page.url
    manager.page.goto(f"{home}arena")
    manager.page.fill("[name=name]", "桥的诗")
    manager.page.set_input_files("[name=files]", files)
    manager.page.click("button.primary")
    manager.page.wait_for_selector(".contest")
    seen = set()
    for name, way in {"评甲": by_keys, "评乙": by_drag, "评丙": by_clicks}.items():
        visitor = Visitor(browser, served, name, served.account(name, "评测项目", "evaluator"))
        page = visitor.page
        page.goto(f"{home}arena")
        page.click("button.primary")
        for _ in range(QUERIES):
            page.wait_for_selector(".answer")
            page.wait_for_selector("#state:has-text('还什么都没选')")
            assert page.locator("#hand-in").is_disabled()
            assert not any(f"{model}." in page.content() or f">{model}<" in page.content() for model in MODELS)
            places = wanted(page)
            seen.add(tuple(places.values()))
            way(page, places)
            page.wait_for_selector("#state:has-text('可以交')")
            page.locator(".answer .scroll").first.evaluate("box => box.scrollTo(0, box.scrollHeight)")
            address = page.url
            page.wait_for_selector("#kept:has-text('已记住')")
            page.reload()
            page.wait_for_selector("#state:has-text('可以交')")
            assert visitor.serious() == []
            page.keyboard.press("Control+Enter")
            page.wait_for_url(lambda url, before=address: url != before)
        assert page.url.endswith("/arena")
        assert visitor.complaints == []
    assert len(seen) > 1
    with manager.page.expect_download() as download:
        manager.page.reload()
        manager.page.click("text=导出（给")
    file = tmp_path / "rankings.jsonl"
    download.value.save_as(file)
    votes = read_votes([file])
    assert len(votes.rankings) == 3 * QUERIES
    assert all(each.places == {model: at for at, model in enumerate(MODELS, 1)} for each in votes.rankings)
    assert all(each.seconds for each in votes.rankings)
    assert votes.unread == []
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert all(0 < depth <= 1 for row in rows for depth in row["depth"].values())
    assert len({depth for row in rows for depth in row["depth"].values()}) > 1  # one was read to its end
