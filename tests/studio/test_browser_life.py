"""A triplet's whole life in Chromium, with an account for each role."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from support.served_studio import ServedStudio
from support.visitor import Visitor

pytestmark = pytest.mark.browser
STARTER = Path(__file__).parents[2] / "src" / "coig_writer" / "data" / "starter" / "triplets.jsonl"
GOOD = [9, 8, 9, 8, 9, 8]


def judge(visitor, verdict, comment=""):
    page = visitor.page
    page.goto(f"{visitor.served.address}/projects/1/")
    page.click("text=领一篇来审") if not page.locator(".rows a").count() else page.locator(".rows a").first.click()
    for criterion in ("semantic_consistency", "authenticity", "coherence", "diversity"):
        page.locator(f"[name={criterion}][value='4']").check(force=True)
    page.locator(f"[name=verdict][value={verdict}]").check()
    page.fill("#verdict [name=comment]", comment)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/projects/1/")


def remark(page, words, served):
    """Takes an item to review, and remarks on a passage of its reasoning."""
    page.goto(f"{served.address}/projects/1/")
    page.click("text=领一篇来审")
    page.wait_for_url("**/review")
    page.fill("#verdict [name=comment]", "还没有交的话。")
    page.locator("[name=coherence][value='2']").check(force=True)
    page.reload()  # what is not given yet is kept
    assert page.locator("#verdict [name=comment]").input_value() == "还没有交的话。"
    assert page.locator("[name=coherence][value='2']").is_checked()
    page.evaluate(SELECT)
    page.wait_for_selector("#mark:visible")
    page.keyboard.press("Alt+c")
    page.locator("#remarking textarea").fill(words)
    page.locator("#remarking button.primary").click()
    page.wait_for_selector("mark.remarked")


SELECT = """() => {
    const range = document.createRange(), text = document.querySelector(".wording[data-part=reasoning]").firstChild;
    range.setStart(text, 4);
    range.setEnd(text, 20);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""


def test_from_import_to_a_release_that_is_valid(browser, served, tmp_path):  # noqa: PLR0915 - a life is long
    passwords = {
        name: served.account(name, "示例项目", role)
        for name, role in {
            "作者": "annotator",
            "审甲": "reviewer",
            "审乙": "reviewer",
            "质检": "inspector",
            "经理": "manager",
        }.items()
    }
    people = {name: Visitor(browser, served, name, password) for name, password in passwords.items()}
    first = json.loads(STARTER.read_text(encoding="utf-8").splitlines()[0])
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(first, ensure_ascii=False) + "\n", encoding="utf-8")

    manager = people["经理"].page
    manager.goto(f"{served.address}/projects/1/import")
    manager.set_input_files("[name=file]", file)
    manager.click("button.primary")
    assert manager.locator("text=新增 1 篇").count() == 1

    author = people["作者"]
    page = author.page
    page.reload()
    page.click("text=领一篇来写")
    page.wait_for_url("**/items/**")
    prompt = page.locator("[name=prompt]")
    prompt.press_sequentially("")
    quoted = first["article"]["text"].split("\n")[0][:30]
    prompt.fill(first["prompt"] + quoted)
    page.wait_for_selector(".findings .error")
    assert page.locator("#article mark.quoted-span").count() == 1
    assert page.locator("#step-1 .mirror mark.quoted-span").count() == 1
    page.wait_for_selector("#saved:has-text('已存')")
    assert author.serious() == []
    prompt.fill(first["prompt"] + "写得松一点。")
    page.keyboard.press("Alt+3")
    assert page.locator("#submit").is_disabled()
    page.locator("[name=coherent][value=yes]").check()
    author.score([7, 8, 9, 8, 9, 8])
    assert "不够门槛" in page.locator("#sum").text_content()
    page.keyboard.press("Enter")  # never submits
    assert page.locator("#submit").is_enabled()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=没有过门槛")
    assert "作品质量 7，门槛 8" in page.locator(".wrong").text_content()
    page.keyboard.press("Alt+3")
    author.score(GOOD)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/projects/1/")
    assert page.locator(".state", has_text="审阅中").count() == 1

    judge(people["审甲"], "accept")
    assert people["审甲"].serious() == []
    remark(people["审乙"].page, "这里写得太满。", served)
    judge(people["审乙"], "send_back", "第二段把成文后的话写进去了，请改成写作之前的想法。")
    inspector = people["质检"].page
    inspector.reload()
    inspector.locator(".rows a").first.click()
    assert inspector.locator("text=第二段把成文后").count() == 1
    inspector.locator("[name=verdict][value=send_back]").check()
    inspector.fill("#verdict [name=comment]", "同意审乙的意见。")
    inspector.click("#verdict button.primary")
    inspector.wait_for_url("**/projects/1/")

    page.goto(f"{served.address}/projects/1/")
    assert page.locator("h2", has_text="退回给我的").count() == 1
    page.locator(".rows a").first.click()
    assert page.locator("text=同意审乙的意见").count() == 1
    assert page.locator("#remarks blockquote").text_content() == first["reasoning"][4:20]
    page.locator(".answering summary").click()
    page.locator(".answering textarea").fill("好，收着写。")
    page.locator(".answering button").click()
    page.wait_for_selector(".reply:has-text('好，收着写。')")
    assert author.serious() == []
    page.keyboard.press("Alt+2")
    page.locator("[name=reasoning]").fill(first["reasoning"] + "\n\n最后念一遍，听听像不像群里说话。")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/projects/1/")
    judge(people["审甲"], "accept")
    judge(people["审乙"], "accept")
    inspector.reload()
    inspector.locator(".rows a").first.click()
    inspector.locator("[name=verdict][value=accept]").check()
    inspector.click("#verdict button.primary")
    inspector.wait_for_url("**/projects/1/")

    manager.goto(f"{served.address}/projects/1/release")
    manager.click("button.primary")
    assert "1 篇入库" in manager.locator(".notice").text_content()
    release = served.folder / "releases" / "project-1" / "release"
    done = subprocess.run(
        [sys.executable, "-m", "coig_writer", "dataset", "stats", str(release), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["count"] == 1
    assert {name: visitor.complaints for name, visitor in people.items() if visitor.complaints} == {}


def test_two_windows_meet_and_nothing_is_lost(browser, served, tmp_path):
    password = served.account("两窗", "两窗项目", "annotator")
    second = STARTER.read_text(encoding="utf-8").splitlines()[1]
    (tmp_path / "two.jsonl").write_text(second + "\n", encoding="utf-8")
    served.command("import", str(tmp_path / "two.jsonl"), "--project", "两窗项目")
    visitor = Visitor(browser, served, "两窗", password)
    page = visitor.page
    page.click("text=领一篇来写")
    page.wait_for_url("**/items/**")
    other = visitor.context.new_page()
    other.goto(page.url)
    other.locator("[name=prompt]").fill("另一个窗口先存的提示。")
    other.keyboard.press("Control+s")
    other.wait_for_selector("#saved:has-text('已存')")
    other.evaluate("localStorage.clear()")
    page.keyboard.press("Alt+2")
    page.locator("[name=reasoning]").fill("这个窗口后存的思路。")
    page.keyboard.press("Control+s")
    page.wait_for_selector("text=两处同时改了这一篇")
    assert page.locator("textarea[name=prompt]").input_value() == "另一个窗口先存的提示。"
    assert page.locator("textarea[name=reasoning]").input_value() == "这个窗口后存的思路。"
    assert visitor.serious() == []
    page.close()  # before the merge is stored: what was written is still kept, and meets the other again
    page = visitor.context.new_page()
    page.goto(other.url)
    page.wait_for_selector("text=两处同时改了这一篇")
    page.click("button.primary")
    page.wait_for_url("**/items/*/")
    page.wait_for_selector(".findings")
    assert page.locator("[name=prompt]").input_value() == "另一个窗口先存的提示。"
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('studio:item'))") == []
    page.keyboard.press("Alt+2")
    assert page.locator("[name=reasoning]").input_value() == "这个窗口后存的思路。"


def test_writing_goes_on_without_a_connection_and_is_sent_later(browser, served, tmp_path):
    password = served.account("断网", "断网项目", "annotator")
    third = STARTER.read_text(encoding="utf-8").splitlines()[2]
    (tmp_path / "three.jsonl").write_text(third + "\n", encoding="utf-8")
    served.command("import", str(tmp_path / "three.jsonl"), "--project", "断网项目")
    visitor = Visitor(browser, served, "断网", password)
    page = visitor.page
    page.click("text=领一篇来写")
    page.wait_for_url("**/items/**")
    address = page.url
    visitor.context.set_offline(True)
    page.locator("[name=prompt]").fill("断网时写的提示。")
    page.keyboard.press("Control+s")
    page.wait_for_selector("#saved:has-text('连不上')")
    page.close()
    visitor.context.set_offline(False)
    page = visitor.context.new_page()
    page.goto(address)
    page.wait_for_selector("#saved:has-text('第 2 稿')")
    page.reload()
    assert page.locator("[name=prompt]").input_value() == "断网时写的提示。"


def test_a_submission_without_a_connection_loses_nothing(browser, served, tmp_path, starter):
    password = served.account("断交", "断交项目", "annotator")
    (tmp_path / "six.jsonl").write_text(json.dumps(starter[5], ensure_ascii=False) + "\n", encoding="utf-8")
    served.command("import", str(tmp_path / "six.jsonl"), "--project", "断交项目")
    visitor = Visitor(browser, served, "断交", password)
    page = visitor.page
    page.click("text=领一篇来写")
    page.wait_for_selector(".findings")
    address = page.url
    page.keyboard.press("Alt+3")
    page.locator("[name=coherent][value=yes]").check()
    visitor.score(GOOD)
    visitor.context.set_offline(True)
    page.locator("[name=prompt]").evaluate("(area) => { area.value += '写得松一点。'; }")
    page.locator("[name=reasoning]").dispatch_event("input")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#saved:has-text('连不上')")
    assert page.url == address
    visitor.context.set_offline(False)
    page.wait_for_selector("#saved:has-text('第 2 稿')")
    visitor.context.clear_cookies(name="studio-session")  # signed out in another window
    page.locator("[name=prompt]").evaluate("(area) => { area.value += '再松一点。'; }")
    page.locator("[name=reasoning]").dispatch_event("input")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#saved:has-text('你已退出登录')")
    assert page.url == address


def test_composing_chinese_never_submits(browser, served, tmp_path):
    password = served.account("输入法", "输入法项目", "annotator")
    fourth = STARTER.read_text(encoding="utf-8").splitlines()[30]
    (tmp_path / "four.jsonl").write_text(fourth + "\n", encoding="utf-8")
    served.command("import", str(tmp_path / "four.jsonl"), "--project", "输入法项目")
    visitor = Visitor(browser, served, "输入法", password)
    page = visitor.page
    page.click("text=领一篇来写")
    page.wait_for_selector(".findings")
    page.keyboard.press("Alt+3")
    page.locator("[name=coherent][value=yes]").check()
    visitor.score(GOOD)
    address = page.url
    page.evaluate("""document.dispatchEvent(new KeyboardEvent("keydown",
        {key: "Enter", ctrlKey: true, isComposing: true, bubbles: true}))""")
    page.locator("[name=article_quality]").first.press("Enter")
    page.wait_for_timeout(500)
    assert page.url == address
    page.keyboard.press("Alt+f")
    page.keyboard.type("，")
    places = page.locator("mark.find").count()
    page.keyboard.press("Enter")
    assert page.locator("#found").text_content() == f"2 / {places}"
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    assert page.locator("#found").text_content() == f"{places} / {places}"
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate(MEASURE) == pytest.approx([35, 18, 1.85], abs=1)
    for key in ("Alt+Equal", "Alt+BracketLeft", "Alt+o"):
        page.keyboard.press(key)
    assert page.locator("#outline").get_attribute("open") is not None
    page.keyboard.press("Alt+2")
    page.reload()  # type, width and step are remembered
    assert page.evaluate(MEASURE) == pytest.approx([34, 19, 1.85], abs=1)
    assert page.locator("#step-2").is_visible()


MEASURE = """() => {
    const line = document.querySelector("#article p"), style = getComputedStyle(line);
    const size = parseFloat(style.fontSize);
    return [line.clientWidth / size, size, parseFloat(style.lineHeight) / size];
}"""
"""Characters a line, size and line height of the article."""


@pytest.mark.parametrize("width", [683, 820])  # 1366 pixels at 200 %, and a tablet
def test_pages_fit_when_enlarged_and_on_a_tablet(browser, served, width, tmp_path):
    name = f"平板{width}"
    password = served.account(name, name, "annotator", "manager")
    line = STARTER.read_text(encoding="utf-8").splitlines()[width % 7]
    (tmp_path / "five.jsonl").write_text(line + "\n", encoding="utf-8")
    served.command("import", str(tmp_path / "five.jsonl"), "--project", name)
    visitor = Visitor(browser, served, name, password)
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 900})
    home = page.url
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
    page.goto(home + "people")
    skills = page.locator("a[href$=skills]").get_attribute("href").removeprefix(urlsplit(home).path)
    pages = ("", "items", "overview", "people", skills, "assignment", "propose", "import", "release")
    for part in (*pages, "course", "course/criteria", "gold", "arena", "programs", "nothing", "/account"):
        page.goto(urljoin(home, part))
        assert not page.evaluate(wide), part
        assert visitor.serious() == [], part
    page.goto(home)
    page.click("text=领一篇来写")
    page.wait_for_url("**/items/**")
    page.wait_for_selector(".findings li")
    item = page.url
    for part in ("", "versions", "review"):
        page.goto(item + part)
        assert not page.evaluate(wide), part
        page.wait_for_timeout(300)
        assert visitor.serious() == [], part


@pytest.mark.model
def test_a_draft_streams_in_as_machine_text_and_is_taken_over_by_hand(browser, tmp_path, starter):
    pytest.importorskip("xllamacpp")
    article = next(row["article"] for row in starter if len(row["article"]["text"]) < 200)
    (tmp_path / "article.jsonl").write_text(json.dumps(article, ensure_ascii=False) + "\n", encoding="utf-8")
    served = ServedStudio(tmp_path / "studio", "--model", "embedded")
    password = served.account("作者", "起草", "annotator")
    served.command("import", str(tmp_path / "article.jsonl"), "--project", "起草")
    with served:
        visitor = Visitor(browser, served, "作者", password)
        page = visitor.page
        page.click("text=领一篇来写")
        page.wait_for_selector("[data-ask*=draft-prompt]")
        page.click("[data-ask*=draft-prompt]")
        drafted = page.locator("[data-draft=prompt] .wording")
        page.wait_for_selector("[data-draft=prompt].writing .wording:not(:empty)", timeout=240_000)
        assert page.locator("[name=prompt]").input_value() == ""
        page.wait_for_selector("[data-draft=prompt]:not(.writing)", timeout=240_000)
        written = drafted.text_content()
        assert len(written) > 30
        page.click("[data-take=prompt]")
        assert page.locator("[name=prompt]").input_value() == written
        page.locator("[name=prompt]").press("Control+z")
        assert page.locator("[name=prompt]").input_value() == ""
        page.click("[data-take=prompt]")
        page.wait_for_selector("#saved:has-text('已存')")
        page.reload()
        assert page.locator("[data-share=prompt]").text_content().startswith("0")
        assert visitor.complaints == []
