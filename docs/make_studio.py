"""Takes the pictures of docs/studio.md: a studio is served, people work in it, Chromium looks on.

python docs/make_studio.py            # the pictures of the page
python docs/make_studio.py --all DIR  # every page in both languages, to be looked at
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.served_studio import ServedStudio  # noqa: E402 - its place is known only now
from support.visitor import serious  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
STARTER = HERE.parent / "src" / "coig_writer" / "data" / "starter" / "triplets.jsonl"
ROWS = [json.loads(line) for line in STARTER.read_text(encoding="utf-8").splitlines()]
SCORES = (9, 8, 9, 8, 9, 8)
MODELS = ("甲", "乙", "丙", "丁", "戊")


class Pictures:
    """Pages as people see them, one after another."""

    def __init__(self, browser: Browser, served: ServedStudio, out: Path, everything: bool) -> None:
        self.browser, self.served, self.out, self.everything = browser, served, out, everything
        self.passwords: dict[str, str] = {}

    def stranger(self, language: str = "zh-CN") -> Page:
        page = self.browser.new_context(viewport={"width": 1360, "height": 850}, locale=language).new_page()
        page.context.set_default_timeout(120_000)
        return page

    def sign_in(self, name: str, language: str = "zh-CN") -> Page:
        page = self.stranger(language)
        page.goto(f"{self.served.address}/sign-in")
        page.fill("[name=name]", name)
        page.fill("[name=password]", self.passwords[name])
        page.click("button.primary")
        page.wait_for_url("**/projects/**")
        return page

    def take(self, page: Page, name: str, *, main: bool = False) -> None:
        """A picture in Chinese, and when everything is wanted in English too."""
        page.wait_for_timeout(900)
        if main or self.everything:
            page.screenshot(path=self.out / f"studio-{name}.png", full_page=self.everything)
        if self.everything:
            path = page.url
            self.complain(page, name)
            page.click("[lang=en][name=language]")
            page.wait_for_url(path)
            page.wait_for_timeout(900)
            page.screenshot(path=self.out / f"studio-{name}-en.png", full_page=True)
            self.complain(page, f"{name}-en")
            page.click("[lang=zh][name=language]")
            page.wait_for_url(path)

    def once(self, page: Page, name: str, language: str) -> None:
        """A picture of an answer that only this page has, in the language that it speaks."""
        page.wait_for_timeout(600)
        name = f"{name}-en" if language == "en-US" else name
        page.screenshot(path=self.out / f"studio-{name}.png", full_page=True)
        self.complain(page, name)

    def complain(self, page: Page, name: str) -> None:
        """Says what shuts out who sees or moves badly, and whether a page is wider than its window."""
        for found in serious(page):
            print(f"{name}: {found}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            print(f"{name}: wider than its window")


def write(page: Page, row: dict) -> None:
    """Fills the workbench with a packaged triplet."""
    page.wait_for_selector(".findings")
    page.locator("[name=prompt]").fill(row["prompt"])
    page.keyboard.press("Alt+2")
    page.locator("[name=reasoning]").fill(row["reasoning"])
    page.keyboard.press("Alt+3")
    page.locator("[name=coherent][value=yes]").check()
    for scale, mark in zip(page.locator("#step-3 .scale").all(), SCORES, strict=True):
        scale.locator("input").nth(mark - 1).check(force=True)


def judge(page: Page, verdict: str, comment: str = "") -> None:
    for criterion in ("semantic_consistency", "authenticity", "coherence", "diversity"):
        if page.locator(f"[name={criterion}]").count():
            page.locator(f"[name={criterion}][value='4']").check(force=True)
    page.locator(f"[name=verdict][value={verdict}]").check()
    page.fill("#verdict [name=comment]", comment)
    page.click("#verdict button.primary")
    page.wait_for_url("**/projects/1/")


def walk(pictures: Pictures, folder: Path) -> None:
    """Work of some days in a minute."""
    author = pictures.sign_in("annotator")
    home = author.url
    for number in range(4):
        author.goto(home)
        author.click("text=领一篇来写")
        author.wait_for_url("**/items/**")
        title = author.locator(".left h1").inner_text()
        row = next(row for row in ROWS if (row["article"]["title"] or row["article"]["text"]).startswith(title[:8]))
        if number == 0:
            quoted = row["article"]["text"].split("\n")[0][:18]
            author.locator("[name=prompt]").fill(f"{row['prompt']}开头写“{quoted}”，再让老船长出场。")
            author.wait_for_selector(".findings .error")
            pictures.take(author, "workbench", main=True)
        write(author, row)
        if number == 0:
            pictures.take(author, "scores", main=True)
        author.keyboard.press("Control+Enter")
        author.wait_for_url("**/projects/1/")
    one, two = pictures.sign_in("reviewer-1"), pictures.sign_in("reviewer-2")
    for number in range(3):
        for reviewer in (one, two):
            reviewer.goto(home)
            reviewer.click("text=领一篇来审")
            reviewer.wait_for_url("**/review")
            if number == 0 and reviewer is one:
                pictures.take(reviewer, "review", main=True)
            sent = number == 1 and reviewer is two
            judge(
                reviewer,
                "send_back" if sent else "accept",
                "第二段把成文后的话写进去了，请改成动笔前的想法。" if sent else "",
            )
    inspector = pictures.sign_in("inspector")
    pictures.take(inspector, "inspection")
    inspector.locator(".rows a").first.click()
    pictures.take(inspector, "inspect")
    judge(inspector, "accept")
    inspector.locator(".rows a", has_text="").first.click()
    judge(inspector, "send_back", "同意第二位审阅员。")
    author.goto(home)
    pictures.take(author, "mine", main=True)
    manager = pictures.sign_in("manager")
    for name in ("overview", "items", "people", "assignment", "release", "import", "propose", "programs", "course"):
        manager.goto(f"{home}{name}")
        pictures.take(manager, name, main=name in ("overview", "assignment"))
    arena(pictures, manager, home, folder)


def arena(pictures: Pictures, manager: Page, home: str, folder: Path) -> None:
    """A contest of five writers with packaged articles as answers."""
    files = []
    for number, model in enumerate(MODELS):
        path = folder / f"{model}.jsonl"
        texts = [ROWS[(q * 5 + number) % 60]["article"]["text"] for q in range(4)]
        lines = [
            {"id": f"q{q}", "query": ROWS[q]["prompt"], "model": model, "response": text}
            for q, text in enumerate(texts)
        ]
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        files.append(path)
    contests = {"第一场": "ranking", "成对": "pair", "打分": "rating"} if pictures.everything else {"第一场": "ranking"}
    for number, (name, kind) in enumerate(contests.items()):
        manager.goto(f"{home}arena")
        manager.fill("[name=name]", name)
        manager.select_option("[name=kind]", kind)
        manager.set_input_files("[name=files]", files)
        manager.click("button.primary")
        manager.wait_for_function(f"document.querySelectorAll('.contest').length > {number}")
    pictures.take(manager, "contests")
    evaluator = pictures.sign_in("evaluator")
    evaluator.goto(f"{home}arena")
    evaluator.locator(".contest", has_text="第一场").locator("button.primary").click()
    evaluator.wait_for_selector(".answer")
    for letter, place in (("A", "2"), ("C", "1")):
        evaluator.locator("#state").click()
        evaluator.keyboard.press(letter)
        evaluator.keyboard.press(place)
    pictures.take(evaluator, "arena", main=True)


def further(pictures: Pictures, folder: Path) -> None:
    """Pages that only answer to something, in each language by itself."""
    pictures.passwords["operator"] = pictures.served.command("create-user", "operator", "--operator").split()[-1]
    for number, language in enumerate(("zh-CN", "en-US")):
        manager = pictures.sign_in("manager", language)
        entrance(pictures, manager, language)
        intake(pictures, manager, folder / "odd.jsonl", number, language)
        leading(pictures, manager, language)
        calibration(pictures, manager, language)
        author = pictures.sign_in("annotator", language)
        home = author.url
        author.goto(f"{pictures.served.address}/account")
        pictures.once(author, "account", language)
        author.goto(home)
        author.locator("section .rows a").first.click()
        author.wait_for_selector(".findings li")
        pictures.once(author, "sent-back", language)
        author.keyboard.press("Alt+3")
        author.locator("h1").click()
        author.keyboard.press("?")
        pictures.once(author, "keys", language)
        author.keyboard.press("Escape")
        conflict(pictures, author, language)
        author.goto(f"{author.url}versions")
        pictures.once(author, "versions", language)
        judging(pictures, language)


def judging(pictures: Pictures, language: str) -> None:
    """Where an evaluator begins, and the sheets of pairs and of marks."""
    evaluator = pictures.sign_in("evaluator", language)
    pictures.once(evaluator, "evaluator", language)
    for name, kind in (("成对", "pairs"), ("打分", "marks")):
        evaluator.goto(f"{pictures.served.address}/projects/1/arena")
        if kind == "pairs":
            pictures.once(evaluator, "to-judge", language)
        evaluator.locator(".contest", has_text=name).locator("button.primary").click()
        evaluator.wait_for_selector(".answer")
        pictures.once(evaluator, kind, language)


def entrance(pictures: Pictures, manager: Page, language: str) -> None:
    """A wrong password, an invitation, a page that is closed, skills, and what the operator sees."""
    address, home = pictures.served.address, manager.url
    stranger = pictures.stranger(language)
    stranger.goto(f"{address}/sign-in")
    stranger.fill("[name=name]", "nobody")
    stranger.fill("[name=password]", "nothing")
    stranger.click("button.primary")
    pictures.once(stranger, "sign-in", language)
    manager.goto(f"{home}people")
    manager.fill("[name=note]", "老陈")
    manager.click("form.inline button.primary")
    pictures.once(manager, "invited", language)
    stranger.goto(manager.locator("input.link").input_value())
    pictures.once(stranger, "invitation", language)
    manager.goto(f"{home}people")
    manager.locator("a[href$=skills]").first.click()
    pictures.once(manager, "skills", language)
    manager.goto(f"{home}nothing")
    pictures.once(manager, "refused", language)
    stranger.goto(f"{address}/sign-in")
    stranger.fill("[name=name]", "operator")
    stranger.fill("[name=password]", pictures.passwords["operator"])
    stranger.click("button.primary")
    stranger.wait_for_selector(".cards")
    pictures.once(stranger, "home", language)
    stranger.goto(f"{address}/projects/new")
    pictures.once(stranger, "new-project", language)
    manager.goto(home)


def intake(pictures: Pictures, manager: Page, odd: Path, number: int, language: str) -> None:
    """An import with a text that is hardly worth the work, a near copy and a broken line; then a proposal."""
    home = manager.url
    articles = [
        {"text": f"第{number}条。\n" + "同一句话说了又说，没有别的。\n" * 20, "id": "x", "title": "说了又说"},
        {"text": f"{ROWS[40]['article']['text']}又{number}。", "id": "y"},
    ]
    lines = [json.dumps(each, ensure_ascii=False) for each in articles]
    for name, text in (("imported", "\n".join(lines)), ("import-wrong", "\n".join([*lines, "7"]))):
        odd.write_text(f"{text}\n", encoding="utf-8")
        manager.goto(f"{home}import")
        manager.set_input_files("[name=file]", odd)
        manager.click("button.primary")
        pictures.once(manager, name, language)
    manager.goto(f"{home}items?doubt=1")
    pictures.once(manager, "doubtful", language)
    manager.locator("table.list a").first.click()
    pictures.once(manager, "doubtful-item", language)
    manager.goto(f"{home}propose")
    manager.fill("textarea", "江南的春天来得早，河上的船还没有解开缆绳。\n" * 30)
    manager.click("button.primary")
    pictures.once(manager, "proposed", language)
    manager.goto(home)


def leading(pictures: Pictures, manager: Page, language: str) -> None:
    """What follows a manager's buttons."""
    home = manager.url
    for path, name in (("assignment", "shared"), ("release", "released")):
        manager.goto(f"{home}{path}")
        manager.click("button.primary")
        pictures.once(manager, name, language)
    manager.goto(f"{home}gold")
    pictures.once(manager, "known", language)
    manager.goto(home)


def calibration(pictures: Pictures, manager: Page, language: str) -> None:
    """A unit of the course, and a session of one person."""
    home = manager.url
    manager.goto(f"{home}course")
    manager.locator(".cards a").first.click()
    pictures.once(manager, "unit", language)
    manager.goto(f"{home}course")
    manager.fill("[name=name]", "第一次")
    manager.locator("button.primary").last.click()
    manager.locator("a[href*=calibrations]").first.click()
    pictures.once(manager, "calibration", language)
    while manager.locator("[name=article_quality]").count():
        for name in ("article", "prompt", "reasoning"):
            for kind in ("quality", "creativity"):
                manager.locator(f"[name={name}_{kind}][value='8']").check(force=True)
        manager.click("button.primary")
    pictures.once(manager, "agreement", language)
    manager.goto(home)


def conflict(pictures: Pictures, author: Page, language: str) -> None:
    """Two windows on one item."""
    other = author.context.new_page()
    other.goto(author.url)
    other.wait_for_selector(".findings li")
    first = other.locator("[name=prompt]").input_value()
    other.locator("[name=prompt]").fill(first.replace("，", "，先存的，", 1))
    other.keyboard.press("Control+s")
    other.wait_for_timeout(1500)
    author.keyboard.press("Alt+1")
    author.locator("[name=prompt]").fill(first.replace("，", "，后存的，", 1) + "\n末尾再加一句。")
    author.keyboard.press("Control+s")
    author.wait_for_selector("#merge")
    pictures.once(author, "conflict", language)
    author.click("button.primary")
    author.wait_for_url("**/items/*/")
    other.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", type=Path, metavar="DIR", help="take every page in both languages, into this folder")
    chosen = parser.parse_args()
    out = chosen.all or HERE / "images"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        served = ServedStudio(Path(folder) / "studio")
        lines = [line.split() for line in served.command("demo").splitlines()[:-1]]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with served:
            pictures = Pictures(browser, served, out, bool(chosen.all))
            pictures.passwords = {name: password for _, name, password in lines}
            walk(pictures, Path(folder))
            if chosen.all:
                further(pictures, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
