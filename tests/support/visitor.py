"""Somebody at a browser."""

from __future__ import annotations

from pathlib import Path

AXE = Path(__file__).parent / "axe.min.js"
"""axe-core 4.14.1, MPL-2.0."""


class Visitor:
    """Somebody at a browser; complaints of the console are kept."""

    def __init__(self, browser, served, name, password, language="zh-CN"):
        self.context = browser.new_context(viewport={"width": 1366, "height": 860}, locale=language)
        self.context.set_default_timeout(30_000)  # a busy machine is no failure
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.served = served
        self.page.goto(f"{served.address}/sign-in")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", password)
        self.page.click("button.primary")
        self.page.wait_for_url("**/projects/**")

    def score(self, marks):
        for scale, mark in zip(self.page.locator("#step-3 .scale").all(), marks, strict=True):
            scale.locator("input").nth(mark - 1).focus()
            self.page.keyboard.press(str(mark % 10))

    def serious(self):
        return serious(self.page)


def serious(page):
    """What axe-core finds gravely wrong with a page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (each["id"], [node["html"][:120] for node in each["nodes"]][:3])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
