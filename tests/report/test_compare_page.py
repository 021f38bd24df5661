"""The page and the workbook of a comparison: right figures, plain words, nothing that runs or loads."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import openpyxl
import pytest

from coig_writer.evaluate.bradley_terry import Score
from coig_writer.evaluate.compare import CompareSettings, compare
from coig_writer.evaluate.synthetic import published_rankings
from coig_writer.evaluate.votes import Unread
from coig_writer.report.compare import cells, forest, render_comparison, write_comparison
from coig_writer.report.compare_words import statements
from support.ranked import random_rankings, ranked, votes_of

FEW = CompareSettings(rounds=100)
JUDGE = "llm:judge@12345678"
HOSTILE = "<script>window.hit=1</script>\"><img src=x onerror='window.hit=1'>{{ 7 * 7 }}=1+1"


@pytest.fixture(scope="module")
def published():
    return compare(votes_of(published_rankings()), FEW)


@pytest.fixture(scope="module")
def rich():
    """People and a judge, several a query, orders of display, times, lengths, ties."""
    made = [
        each.model_copy(update={"shown": list("CABED")[at % 3 :] + list("CABED")[: at % 3], "seconds": 30.0 + at % 7})
        for at, each in enumerate(random_rankings(30, ties=True, raters=3))
    ]
    made += [each.model_copy(update={"rater": JUDGE}) for each in random_rankings(30, seed=4)]
    lengths = {(f"zh-{at}", model): 300 + 37 * at % 900 + 100 * ord(model) for at in range(30) for model in "ABCDE"}
    return compare(votes_of(made, lengths=lengths), FEW)


class Elements(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def shown(page: str, table: str) -> list[list[str]]:
    """The cells of a table as text, Chinese and English run together."""
    inside = re.search(rf'<table id="{re.escape(table)}".*?</table>', page, re.DOTALL)[0]
    rows = re.findall(r"<tr.*?</tr>", inside, re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_the_matrix_is_table_2(published):
    rows = shown(render_comparison(published, title="Table 2"), "t-matrix-zh")
    assert rows[4][0] == "CW+10k"
    assert [cell.split()[0] for cell in rows[4][1:]] == ["74.02", "67.65", "58.33", "–", "62.75"]
    assert rows[4][5].split()[1] == "55.9–69.1"


def test_a_cell_below_the_diagonal_mirrors_the_one_above(published):
    lines = dict(cells(published["zh"]))
    above, below = lines["CW+10k"][4], lines["G"][3]
    assert below.rate == pytest.approx(100 - above.rate)
    assert (below.low, below.high) == pytest.approx((100 - above.high, 100 - above.low))
    assert above.settled
    assert below.settled
    assert not lines["CW+5k"][3].settled
    assert (lines["CW+5k"][4].shade, above.shade[0], below.shade[0]) == ("", "w", "l")


def test_words_say_what_holds_and_what_does_not(published):
    chinese = [said.words.en for said in statements(published["zh"])]
    assert chinese[0].startswith("Synthetic rankings")
    assert "7 differ" in chinese[1]
    assert "CW+10k over G (62.75 %)" in chinese[1]
    assert any(text.startswith("CW+5k against CW+10k: would count alone, but not after") for text in chinese)
    assert any(text.startswith("CW+5k against G: no difference is shown") for text in chinese)
    english = [said.words.en for said in statements(published["en"])]
    assert any(text.startswith("CW+10k against G: no difference is shown. 46.46 %") for text in english)


def test_made_rankings_are_called_synthetic(published, rich):
    assert "Some rankings are synthetic" in render_comparison(published, title="x")
    assert "synthetic" not in render_comparison(rich, title="x").lower()


def test_few_queries_and_a_single_outcome_are_told():
    orders = ["A=B"] * 3
    tied = [each.model_copy(update={"rater": f"human:{name}"}) for name in "xy" for each in ranked(*orders)]
    said = [each.words.en for each in statements(compare(votes_of(tied), FEW)["all"])]
    assert any("only one outcome was ever given" in each for each in said)
    assert any(each.startswith("Only 3 queries:") for each in said)
    assert not any("No query was judged by two" in each for each in said)


def said_of(made, **more) -> list[str]:
    return [each.words.en for each in statements(compare(votes_of(made, **more), FEW)["all"])]


def test_one_pair_is_one_pair():
    assert said_of(ranked("A>B", "B>A"))[0] == "There is one pair of models, and it shows no difference."
    assert said_of(ranked(*["A>B"] * 9))[0] == "There is one pair of models, and it differs: A over B (100.00 %)."
    assert said_of(ranked(*["A>B>C", "A>C>B"] * 9))[0].startswith("Of 3 pairs of models, 2 differ after")
    assert "With 1 query a pair nothing can be significant." in said_of(ranked("A>B"))


def test_findings_go_by_one_vote_a_query():
    """Four raters of one mind on five queries: 20 wins are significant, five votes cannot be."""
    made = [each for rater in "abcd" for each in ranked(*["A>B"] * 5, rater=f"human:{rater}")]
    found = compare(votes_of(made), FEW)
    (pair,) = found["all"].pairs
    assert pair.p_holm < 0.05 < pair.p_by_query_holm
    assert found["all"].power.smallest is None
    said = said_of(made)
    assert said[0] == "There is one pair of models, and it shows no difference."
    assert any("Taken as independent, 1 of the pairs would differ" in each for each in said)
    page = render_comparison(found, title="x")
    assert "Holm, one vote a query" in page
    assert not re.search('<td class="[^"]*settled', page)
    assert "Holm, one vote a query" not in render_comparison(compare(votes_of(ranked("A>B")), FEW), title="x")


def test_scores_without_interval_are_shown_without():
    few = compare(votes_of(ranked("A>B>C", "B>A>C", "B>C>A")), FEW)
    said = [each.words.en for each in statements(few["all"])]
    assert any("too few to resample, so scores and agreement have no intervals" in each for each in said)
    page = render_comparison(few, title="x")
    assert "no interval" in page
    assert "None" not in page
    assert page.count('class="reach"') == 0


def test_what_has_no_bound_and_who_never_met_is_told_apart():
    apart = said_of(ranked(*["A>B", "B>A"] * 6, *["C>D", "D>C"] * 6))
    assert any(each.endswith("within a group only: A, B; C, D.") for each in apart)
    assert not any("won or lost everything" in each for each in apart)
    above = said_of(ranked(*["A>B>C", "A>C>B"] * 6))
    assert any(each.startswith("A: won or lost everything") for each in above)
    assert not any("does not explain these outcomes" in each for each in above)


def test_length_that_cannot_be_told_from_the_model_is_said():
    lengths = {(f"zh-{at}", model): 400 if model == "A" else 200 for at in range(30) for model in "AB"}
    made = random_rankings(30, "AB")
    assert any(each.startswith("What length does to people cannot be told") for each in said_of(made, lengths=lengths))
    page = render_comparison(compare(votes_of(made, lengths=lengths), FEW), title="x")
    assert [cell for cell in shown(page, "t-length")[1] if cell == "–"] == ["–"] * 3
    assert "t-equal-human" not in page


def test_every_part_has_its_section(rich):
    page = render_comparison(rich, title="x", unread=[Unread("a.csv", 3, "no winner")])
    ids = {attributes.get("id") for tag, attributes in Elements(page).found if tag == "section"}
    assert ids == {None, "all", "zh", "people", "judges", "biases", "method", "unread"}
    assert JUDGE in page
    assert "1 row was not used" in page


def test_it_says_when_only_judges_voted():
    only = compare(votes_of([each.model_copy(update={"rater": JUDGE}) for each in random_rankings(5)]), FEW)
    assert "no person voted" in render_comparison(only, title="x")


@pytest.mark.parametrize("orders", [[], ["A>B"], ["A=B=C"] * 2, ["A>B>C"] * 3, ["A>B", "C>D"]])
def test_small_and_flat_comparisons_have_a_page(orders):
    page = render_comparison(compare(votes_of(ranked(*orders)), FEW), title="x")
    assert page.count("<h2>") >= 2
    assert "nan" not in re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL).lower().split()


def test_names_of_models_and_raters_stay_text():
    made = [
        each.model_copy(
            update={
                "places": {HOSTILE if model == "A" else model: place for model, place in each.places.items()},
                "rater": f"human:{HOSTILE}{at % 2}",
                "query_id": f"zh-{at // 2}",
            }
        )
        for at, each in enumerate(random_rankings(20, "ABC"))
    ]
    found = Elements(
        render_comparison(compare(votes_of(made), FEW), title=HOSTILE, unread=[Unread(HOSTILE, 1, HOSTILE)])
    ).found
    assert sum(tag == "script" for tag, _ in found) == 1
    assert not [tag for tag, attributes in found if tag == "img" or any(name.startswith("on") for name in attributes)]


def test_the_same_votes_give_the_same_page(rich):
    assert render_comparison(rich, title="x") == render_comparison(rich, title="x")


def test_the_axis_of_the_scores_is_round_and_holds_all():
    scores = {
        "a": Score(0.31, 0.1, 0.52, 1, 1, 2, False),
        "b": Score(-0.31, -0.47, -0.2, 2, 1, 2, False),
    }
    plot = forest(scores)
    assert [text for _, text in plot.ticks] == ["-0.6", "-0.4", "-0.2", "0", "+0.2", "+0.4", "+0.6"]
    assert plot.zero == 50
    assert all(0 <= low <= place <= high <= 100 for _, _, place, low, high in plot.rows)
    assert [model for model, *_ in plot.rows] == ["a", "b"]
    flat = forest({"a": Score(0, 0, 0, 1, 1, 1, False)})
    assert 0 <= flat.rows[0][2] <= 100


def test_the_folder_holds_json_tables_page_and_what_was_not_used(tmp_path, rich):
    write_comparison(rich, tmp_path, title="x", unread=[Unread("a.csv", 3, "=no winner")])
    assert {each.name for each in tmp_path.iterdir()} == {"compare.json", "tables.xlsx", "report.html", "unread.jsonl"}
    assert json.loads((tmp_path / "compare.json").read_text(encoding="utf-8"))["zh"]["n"] == 90
    line = json.loads((tmp_path / "unread.jsonl").read_text(encoding="utf-8"))
    assert line == {"file": "a.csv", "row": 3, "reason": "=no winner"}
    book = openpyxl.load_workbook(tmp_path / "tables.xlsx")
    assert set(book.sheetnames) == {
        *("win rates", "pairs", "scores", "tests", "agreement", "pairs of raters", "raters", "crowd", "judges"),
        *("judges part", "position", "length", "not used"),
    }
    header, first = list(book["pairs"].iter_rows(values_only=True))[:2]
    pair = rich["all"].pairs[0]
    row = dict(zip(header, first, strict=True))
    assert (row["group"], row["a"], row["b"], row["wins"], row["n"]) == ("all", pair.a, pair.b, pair.wins, pair.n)
    assert row["p_holm"] == pytest.approx(pair.p_holm)
    assert book["not used"]["C2"].data_type == "s"


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on PATH: the page was NOT looked at in a browser")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("locale", "word", "other"), [("zh-CN", "得分与区间", "Scores"), ("en-GB", "Scores", "得分与")]
)
@pytest.mark.parametrize("width", [1440, 390])
def test_in_a_browser_it_is_coloured_fits_and_complains_of_nothing(browser, tmp_path, rich, locale, word, other, width):
    trouble: list[str] = []
    path = tmp_path / "report.html"
    path.write_text(render_comparison(rich, title="比较"), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=locale)
    page = context.new_page()
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: request.url == path.as_uri() or trouble.append(request.url))
    page.goto(path.as_uri())
    assert trouble == []
    text = page.locator("main").inner_text()
    assert word in text
    assert other not in text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colour = "getComputedStyle(document.querySelector('.matrix td.{}')).backgroundColor"
    colours = [page.evaluate(colour.format(name)) for name in ("settled", "none")]
    assert colours[0] != colours[1]
    context.close()
