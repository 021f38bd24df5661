"""The page is one file, runs nothing but its own script, and reads well wherever it is opened."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser

import pytest

from coig_writer.dataset.inputs import Call
from coig_writer.report.release import render_report
from coig_writer.schema import Coherence, Finding
from support.drafts import MODEL, drafts, release_of, review, triplet

PAYLOADS = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "</title></style></textarea><svg onload=window.hit=1>",
    "{{ 7 * 7 }}${7*7}<b>bold</b>",
)
CALLS = (Call("screen", 900, 0, 40, 2.5), Call("score_article", 1000, 800, 20, 1.0), Call("screen", failed=True))


def hostile():
    """Records with a payload in every field that holds text."""
    bad = " ".join(PAYLOADS)
    for draft in (*drafts()[:4], *drafts()[7:]):
        fields = dict.fromkeys(("title", "author", "platform", "licence", "source"), bad)
        article = draft.article.model_copy(update={**fields, "text": bad, "url": "javascript:window.hit=1"})
        passed = draft.status == "passed"
        severity = "warning" if passed else "error"
        coherence = Coherence(
            findings=[Finding(rule=bad, part="prompt", severity=severity, message=bad, span=bad)],
            holds=passed,
            reason=bad,
            by=MODEL,
        )
        update = {"article": article, "coherence": coherence, "why": bad, "model": bad}
        texts = {name: bad for name in ("prompt", "reasoning") if getattr(draft, name)}
        yield draft.model_copy(update={**update, **texts})
    yield triplet(review("remove", comment=bad), id=bad)


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of scripts."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag in tags]


def test_the_page_loads_nothing_from_anywhere():
    elements = Elements(render_report(release_of(drafts(), calls=CALLS)))
    assert not elements.named("link", "img", "iframe", "object", "embed", "base", "form")
    assert [attributes for _, attributes in elements.found if "src" in attributes] == []
    assert len(elements.named("script")) == len(elements.named("style")) == 1
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]


def test_the_policy_admits_exactly_the_pages_own_script_and_style():
    page = render_report(release_of(drafts()))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#39;", "'")
    for tag in ("script", "style"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_payloads_in_every_field_stay_text():
    elements = Elements(render_report(release_of(list(hostile()), title=PAYLOADS[2])))
    assert len(elements.named("script")) == len(elements.named("style")) == 1
    assert not elements.named("img")
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert all((attributes.get("href") or "#").startswith(("#", "https://")) for _, attributes in elements.found)


def test_the_same_release_gives_the_same_page():
    assert render_report(release_of(drafts(), calls=CALLS)) == render_report(release_of(drafts(), calls=CALLS))


def test_status_is_said_in_words_in_both_languages():
    page = render_report(release_of([triplet(review("accept")), drafts()[1], *drafts()[7:]]))
    for words in ("未经人工审阅", "not reviewed by a person", "reviewed by a person", "待修改，未发布"):
        assert words in page


def test_counts_of_one_are_in_the_singular():
    page = render_report(release_of([triplet(), drafts()[10]], calls=CALLS[:1]))
    assert "2 records read, 1 triplet of prompt, reasoning and article released, in 1 genre." in page
    assert "None has been reviewed by a person." in page
    assert "1 record, with the reason for each." in page
    assert not re.search(r"\b1 (records|triplets|genres|categories|calls|raw texts)\b", page)


def test_the_notice_says_how_many_were_not_reviewed():
    page = render_report(release_of([triplet(review("accept")), *drafts()[1:3]]))
    assert "2 of 3 have not been reviewed by a person." in page
    assert "3 个中有 2 个未经人工审阅" in page


def test_parts_without_data_are_left_out():
    page = render_report(release_of(drafts()[10:]))
    ids = {attributes.get("id") for attributes in Elements(page).named("section")}
    assert ids == {None, "funnel", "others"}


def test_an_empty_release_of_nothing_but_triplets_still_makes_a_page():
    assert "这次发布是空的" in render_report(release_of([triplet(scores=[])]))


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


@pytest.fixture
def visit(browser, tmp_path):
    """Opens a release's page; fails the test if the page complains or asks the network for anything."""
    trouble: list[str] = []
    contexts = []

    def go(release, *, width: int = 1440, **options):
        path = tmp_path / "report.html"
        path.write_text(render_report(release), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: request.url == path.as_uri() or trouble.append(request.url))
        page.goto(path.as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert not trouble


@pytest.mark.browser
def test_one_switch_changes_the_language_and_is_remembered(visit):
    page = visit(release_of(drafts(), calls=CALLS), locale="en-GB")
    heading = page.locator("#funnel h2")
    assert heading.inner_text() == "From raw text to release"
    page.get_by_role("button", name="中文").click()
    assert heading.inner_text() == "从原文到发布"
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.reload()
    assert heading.inner_text() == "从原文到发布"
    assert page.get_by_role("button", name="中文").get_attribute("aria-pressed") == "true"


@pytest.mark.browser
def test_the_page_opens_in_the_readers_language_and_reads_without_script(visit):
    assert visit(release_of(drafts()), locale="zh-CN").locator("#funnel h2").inner_text() == "从原文到发布"
    bare = visit(release_of(drafts()), locale="en-GB", java_script_enabled=False)
    assert bare.locator("#funnel h2").inner_text() == "从原文到发布"
    assert not bare.locator(".switches").is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_nothing_runs_over_the_side(visit, width, locale):
    long_name = triplet(article=drafts()[0].article.model_copy(update={"title": "a" * 200, "url": "h" * 300}))
    page = visit(release_of([long_name, *drafts()[1:]], calls=CALLS), width=width, locale=locale)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_payloads_do_nothing_in_a_browser(visit):
    page = visit(release_of(list(hostile()), title=PAYLOADS[0]))
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("window.hit") is None
    assert page.locator("h1").inner_text() == PAYLOADS[0]
    assert PAYLOADS[1] in page.locator(".sample .article").first.inner_text()


CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => rgb(colour)
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "white";
  };
  return [...document.querySelectorAll(selector)].map((element) => {
    const style = getComputedStyle(element);
    const [a, b] = [light(element.closest("svg") ? style.fill : style.color), light(behind(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
}"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_paper(visit, scheme):
    page = visit(release_of(drafts(), calls=CALLS), color_scheme=scheme)
    for selector in ("p", "td", "th", "dt", "dd", "a", "button", ".mark", ".why", "q", "summary", "svg text"):
        ratios = page.evaluate(CONTRAST, selector)
        assert ratios, selector
        assert min(ratios) >= 4.5, selector


@pytest.mark.browser
def test_the_theme_buttons_override_the_system(visit):
    page = visit(release_of(drafts()), color_scheme="light", locale="en-GB")
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(paper) != before
    page.get_by_role("button", name="Auto").click()
    assert page.evaluate(paper) == before


@pytest.mark.browser
def test_tables_are_copied_as_a_spreadsheet_takes_them(visit):
    named = drafts()[10].model_copy(update={"article": drafts()[10].article.model_copy(update={"title": "=1+1"})})
    page = visit(release_of([*drafts()[:10], named]), locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    page.locator("[data-copy=t-others]").click()
    rows = [line.split("\t") for line in page.evaluate("navigator.clipboard.readText()").splitlines()]
    assert rows[0] == ["Title", "Reason", "In words", "Where"]
    assert rows[1][:2] == ["'=1+1", "screened out"]
    page.locator("[data-copy=t-funnel]").click()
    table = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert table[1].split("\t")[:2] == ["Taken up for annotation", "11"]
