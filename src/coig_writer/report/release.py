"""The page of a release: what was read, what was released, and what still needs work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from coig_writer.dataset.counts import count_genres, text_of
from coig_writer.dataset.inputs import Call
from coig_writer.dataset.release import Reason, Release, deciding_scores
from coig_writer.report import labels
from coig_writer.report.cases import left_out_otherwise, needing_refinement, samples
from coig_writer.report.figures import Box, Column, LogAxis, dodge, score_columns
from coig_writer.report.funnel import funnel
from coig_writer.report.labels import Label
from coig_writer.report.page import render_page
from coig_writer.schema import DIMENSIONS, Scores, Triplet
from coig_writer.taxonomy import PARTS, Part, Range, published_range

LISTED = 200
"""Longer lists on the page stop here and say so; the files of the release hold everything."""
TEXTS = 24
"""Of the cases that need refinement, so many carry their three texts on the page."""
DOTS = 400
"""Up to so many triplets are drawn one by one beside the box."""
COLUMN_HEIGHT = 84
"""Pixels of the highest column in the score figures."""


def render_report(release: Release) -> str:
    """The release as one self-contained HTML page; the same release gives the same page."""
    plots = [_length_plot(part, release.released) for part in PARTS] if release.released else []
    return render_page(
        "release.html",
        release=release,
        funnel=funnel(release),
        genres=count_genres(release.released),
        lengths=plots,
        scores=_score_plots(release),
        calls=_call_rows(release.calls),
        samples=samples(release),
        refinement=needing_refinement(release),
        others=left_out_otherwise(release),
        median_total=_median_total(release.released),
        scorers=sorted({each.deciding_scores.by for each in release.released if each.deciding_scores}),
        listed=LISTED,
        texts=TEXTS,
        published_range=published_range,
        ranges=lambda genre: partial(published_range, genre),
    )


@dataclass(frozen=True)
class LengthRow:
    """One triplet's length beside what was published for its genre."""

    title: str
    genre: Label
    length: int
    published: Range
    of: Label
    """Whose published lengths these are: the genre's own, its category's or everything's."""

    @property
    def inside(self) -> bool:
        return self.published.min <= self.length <= self.published.max


@dataclass(frozen=True)
class LengthPlot:
    """Lengths of one part of all released triplets, on a logarithmic axis."""

    part: Part
    axis: LogAxis
    box: Box
    dots: list[tuple[float, float]]
    published: Range
    """Of the whole published dataset."""
    rows: list[LengthRow]

    @property
    def inside(self) -> int:
        return sum(row.inside for row in self.rows)


def _length_plot(part: Part, triplets: Sequence[Triplet]) -> LengthPlot:
    values = [len(text_of(each, part)) for each in triplets]
    axis = LogAxis.over(values)
    shown = sorted(values) if len(values) <= DOTS else []
    rows = sorted((_length_row(each, part) for each in triplets), key=lambda row: row.length)
    return LengthPlot(part, axis, Box.of(values), dodge([axis.place(value) for value in shown]), _overall(part), rows)


def _overall(part: Part) -> Range:
    return published_range("role_play", part)  # has no table of its own, so this is the whole dataset's


def _length_row(triplet: Triplet, part: Part) -> LengthRow:
    return LengthRow(
        title=triplet.article.title or triplet.id,
        genre=labels.genre(triplet.genre),
        length=len(text_of(triplet, part)),
        published=(found := published_range(triplet.genre, part)),
        of=labels.group(found.of),
    )


@dataclass(frozen=True)
class ScorePlot:
    """How one of the six scores is distributed."""

    label: Label
    columns: list[Column]
    median: float | None
    """Among the released."""


def _score_plots(release: Release) -> list[ScorePlot]:
    """One plot for each dimension, all to the same scale; empty when nothing was scored."""
    released = [each.deciding_scores for each in release.released if each.deciding_scores]
    others = list(_scores_of_withheld(release))
    if not released and not others:
        return []
    values = {name: [score.values[name] for score in released] for name in DIMENSIONS}
    outside = {name: [score.values[name] for score in others] for name in DIMENSIONS}
    tallest = max((values[name] + outside[name]).count(value) for name in DIMENSIONS for value in range(1, 11))
    return [
        ScorePlot(
            labels.DIMENSIONS[name],
            score_columns(values[name], outside[name], tallest=tallest, height=COLUMN_HEIGHT),
            median(values[name]) if values[name] else None,
        )
        for name in DIMENSIONS
    ]


def _scores_of_withheld(release: Release) -> Iterable[Scores]:
    """The deciding scores of what was scored and not released; a second record of an id counts once."""
    for each in release.withheld:
        scores = deciding_scores(each.record)
        if scores and each.reason is not Reason.DUPLICATE:
            yield scores


def _median_total(triplets: Sequence[Triplet]) -> float | None:
    totals = [each.deciding_scores.total for each in triplets if each.deciding_scores]
    return median(totals) if totals else None


@dataclass(frozen=True)
class CallRow:
    """What the calls of one step took together."""

    label: Label
    calls: int
    failed: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    seconds: float

    @property
    def cached_share(self) -> float:
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0


def _call_rows(calls: Sequence[Call]) -> list[CallRow]:
    """One row for each step in the order of first use, and a last one for all; empty without calls."""
    steps: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        steps[call.step].append(call)
    rows = [_call_row(labels.named(labels.STEPS, step), members) for step, members in steps.items()]
    return [*rows, _call_row(Label("合计", "All"), calls)] if rows else []


def _call_row(label: Label, calls: Sequence[Call]) -> CallRow:
    return CallRow(
        label=label,
        calls=sum(call.calls for call in calls),
        failed=sum(call.failed for call in calls),
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        cached_tokens=sum(call.cached_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        seconds=sum(call.seconds for call in calls),
    )
