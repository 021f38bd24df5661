"""What a program can say about a triplet while somebody writes it: findings with their places, and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from coig_writer.annotate.checks import check_parts
from coig_writer.annotate.overlap import Bare, bare_text
from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.report import labels
from coig_writer.report.labels import Label
from coig_writer.schema import Article, Coherence, Finding, Gate, Scores
from coig_writer.taxonomy import published_range, resolve

SETTINGS = AnnotateSettings()


@dataclass(frozen=True)
class Mark:
    """A span to be highlighted; places count UTF-16 units, as browsers do."""

    part: str
    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class Checked:
    """What was found in one wording of a triplet."""

    findings: tuple[Finding, ...]
    figures: dict[str, float]
    marks: tuple[Mark, ...]

    @property
    def lines(self) -> list[tuple[Finding, Label]]:
        """Each finding with its words."""
        return [(finding, labels.sentence(finding.message)) for finding in self.findings]


def check(article: Article, prompt: str, reasoning: str) -> Checked:
    """Findings about prompt and reasoning beside their article, the gravest first; a part that is empty has none."""
    return _check(article.id, article.text, article.title, article.genre, article.language, prompt, reasoning)


def warm() -> None:
    """Loads what the first check would have to wait for."""
    check(Article.from_text("江南的春天来得很早。", language="zh"), "写一段江南的春天。", "先想从哪里写起。")


@lru_cache(maxsize=512)
def _check(
    key: str, text: str, title: str | None, genre: str | None, language: str | None, prompt: str, reasoning: str
) -> Checked:
    article = Article(id=key, text=text, title=title, genre=genre, language=language)
    findings, figures = check_parts(article, prompt, reasoning, SETTINGS)
    empty = {part for part, written in (("prompt", prompt), ("reasoning", reasoning)) if not written.strip()}
    findings = [finding for finding in findings if finding.part not in empty]
    written = {"prompt": prompt, "reasoning": reasoning}
    marks = [mark for finding in findings if finding.span for mark in _marks(finding, written[finding.part], text)]
    return Checked(tuple(findings), figures, tuple(marks))


def _marks(finding: Finding, written: str, article: str) -> list[Mark]:
    span = finding.span or ""
    found = [Mark(finding.part, *units(written, at, at + len(span)), finding.rule) for at in _places(written, span)]
    if finding.rule == "quoted-span":
        bare, quoted = Bare.of(article), bare_text(span)
        found += [
            Mark("article", *units(article, bare.places[at], bare.places[at + len(quoted) - 1] + 1), finding.rule)
            for at in _places(bare.text, quoted)
        ]
    return found


def _places(text: str, span: str) -> list[int]:
    found, at = [], text.find(span) if span else -1
    while at >= 0:
        found.append(at)
        at = text.find(span, at + len(span))
    return found


def units(text: str, start: int, end: int) -> tuple[int, int]:
    """Places in characters as places in UTF-16 units: a rare ideograph or an emoji counts two there."""
    before = _units(text[:start])
    return before, before + _units(text[start:end])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True)
class Yardstick:
    """Published lengths of a part, in characters."""

    low: int
    mean: int
    high: int


def yardsticks(genre: str) -> dict[str, Yardstick]:
    """Part → published lengths of the genre, or of its category where it has none; empty for an unknown genre."""
    if not genre:
        return {}
    found = {part: published_range(resolve(genre).slug, part) for part in ("prompt", "reasoning")}  # type: ignore[arg-type]
    return {part: Yardstick(each.min, round(each.mean), each.max) for part, each in found.items()}


def gate(scores: Scores, checked: Checked, coherent: bool, *, gate_sum: int, gate_each: int) -> Gate:
    """The verdict on a submission: sum, each score, no error by program, and the author's own third step."""
    found = Gate.of(scores, Coherence(findings=list(checked.findings)), gate_sum, gate_each)
    if coherent:
        return found
    return Gate(passed=False, shortfalls=[*found.shortfalls, INCOHERENT])


INCOHERENT = "the author finds that the three parts do not hold together yet"


def shortfall_labels(lines: Sequence[str]) -> list[Label]:
    """What a submission was short of, in both languages."""
    return [
        Label("作者认为三者还没有合在一起", "The author finds that the three parts do not hold together yet")
        if line == INCOHERENT
        else labels.shortfall(line)
        for line in lines
    ]
