"""Tests between models, and what the figures do not say by themselves: length, and the paper's early warning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from coig_writer.evaluate.significance import ALPHA, holm
from coig_writer.evaluate.textstats.groups import Group

COMPARED = ("ttr", "mattr", "mtld", "hdd", "chars")
NOTICEABLE = 0.01
"""A difference of mean TTR that length alone would make; from here on the models' TTRs are not comparable."""
WARNING_EFFECT = 0.5
"""TTR above the reference group by at least half a standard deviation counts as high (a medium effect)."""
FEW = 30


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of one group minus that of another, by Welch's test."""

    difference: float
    low: float
    high: float
    """95 % interval."""
    p: float
    effect: float
    """In pooled standard deviations (Cohen's d)."""


def welch(first: Sequence[float | None], second: Sequence[float | None]) -> Difference | None:
    """The difference of two groups of values; None where either has fewer than two, or none varies."""
    from scipy.stats import ttest_ind

    a, b = (np.array([value for value in each if value is not None], float) for each in (first, second))
    if min(len(a), len(b)) < 2:
        return None
    spread = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    if spread <= 1e-9 * abs(float(a.mean())):  # all but equal values, of which the test can say nothing
        return None
    result = ttest_ind(a, b, equal_var=False)
    interval = result.confidence_interval()
    difference = float(a.mean() - b.mean())
    return Difference(difference, float(interval.low), float(interval.high), float(result.pvalue), difference / spread)


def tests_between(groups: Sequence[Group]) -> dict[str, list[dict[str, Any]]]:
    """Figure → every pair of models of every language, with p and Holm's p over the pairs of that language."""
    found: dict[str, list[dict[str, Any]]] = {"contamination": [], **{name: [] for name in COMPARED}}
    for language in dict.fromkeys(group.language for group in groups):
        pairs = list(combinations([group for group in groups if group.language == language], 2))
        found["contamination"] += _adjusted([_fisher(a, b) for a, b in pairs])
        for name in COMPARED:
            compared = [(a, b, welch(a.values(name), b.values(name))) for a, b in pairs]
            found[name] += _adjusted([_names(a, b) | asdict(each) for a, b, each in compared if each])
    return found


def _names(a: Group, b: Group) -> dict[str, Any]:
    return {"language": a.language, "a": a.model, "b": b.model}


def _fisher(a: Group, b: Group) -> dict[str, Any]:
    """Fisher's exact test, two-sided, of whether two models mix in the other language equally often."""
    from scipy.stats import fisher_exact

    counts = [sum(bool(each.foreign_spans) for each in group.figures) for group in (a, b)]
    sizes = [len(group.figures) for group in (a, b)]
    table = [[count, size - count] for count, size in zip(counts, sizes, strict=True)]
    p = float(fisher_exact(table).pvalue)
    return _names(a, b) | {"count_a": counts[0], "n_a": sizes[0], "count_b": counts[1], "n_b": sizes[1], "p": p}


def _adjusted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"p_holm": p} for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True)]


@dataclass(frozen=True)
class Note:
    """Something to know before the figures are used."""

    kind: str
    """`length`, `early_warning`, `few`."""
    language: str
    models: tuple[str, ...]
    zh: str
    en: str
    evidence: dict[str, Any]


def notes(groups: Sequence[Group], references: Sequence[Group], reference: str | None) -> list[Note]:
    """What a reader of the figures has to know.

    Args:
        references: groups of people's texts; they are what TTR is held against, if there are any of the language.
        reference: the model that it is held against instead. Without either: all the other models.
    """
    found: list[Note] = []
    for language in dict.fromkeys(group.language for group in groups):
        mine = [group for group in groups if group.language == language]
        slope = length_slope(mine)
        found += [note for a, b in combinations(mine, 2) if (note := _length_note(a, b, slope))]
        found += _warnings(mine, [each for each in references if each.language == language], reference, slope)
        found += [_few(group) for group in mine if len(group.figures) < FEW]
    return found


def length_slope(groups: Sequence[Group]) -> float | None:
    """By what power of the number of words TTR falls within models: the slope of log TTR on log words.

    None when lengths do not vary within any model.
    """
    xs, ys = [], []
    for group in groups:
        pairs = [(each.words, each.ttr) for each in group.figures if each.ttr]
        if len(pairs) > 2:
            logs = np.log(np.array(pairs, float))
            logs -= logs.mean(axis=0)
            xs.append(logs[:, 0])
            ys.append(logs[:, 1])
    x = np.concatenate(xs) if xs else np.zeros(0)
    square = float(x @ x)
    return float(x @ np.concatenate(ys)) / square if square > 1e-12 else None


def _mean(group: Group, name: str) -> float:
    values = [value for value in group.values(name) if value is not None]
    return float(np.mean(values)) if values else 0.0


def _by_length(a: Group, b: Group, slope: float | None) -> float | None:
    """How far the mean TTR of `a` would lie above that of `b` by the difference of their lengths alone."""
    lengths = [_mean(group, "words") for group in (a, b)]
    if slope is None or not all(lengths):
        return None
    return float(_mean(b, "ttr") * ((lengths[0] / lengths[1]) ** slope - 1))


def _length_note(a: Group, b: Group, slope: float | None) -> Note | None:
    by_length = _by_length(a, b, slope)
    if by_length is None or abs(by_length) < NOTICEABLE:
        return None
    observed = _mean(a, "ttr") - _mean(b, "ttr")
    evidence = {
        "mean_words": {a.model: _mean(a, "words"), b.model: _mean(b, "words")},
        "slope": slope,
        "ttr_difference": observed,
        "by_length_alone": by_length,
        "mattr_difference": _mean(a, "mattr") - _mean(b, "mattr"),
    }
    words = [f"{_mean(group, 'words'):,.0f}" for group in (a, b)]
    return Note(
        "length",
        a.language,
        (a.model, b.model),
        f"{a.model} 平均 {words[0]} 词，{b.model} 平均 {words[1]} 词。TTR 随篇幅而变（词数的 {slope:.2f} 次方），"
        f"单凭篇幅就会使两者的 TTR 相差 {by_length:+.3f}（实际相差 {observed:+.3f}）。请改看 MATTR、MTLD、HD-D。",
        f"{a.model} has {words[0]} words on average and {b.model} {words[1]}. TTR changes with length (words to the "
        f"power {slope:.2f}), which alone would set their TTRs {by_length:+.3f} apart (observed: {observed:+.3f}). "
        "Compare MATTR, MTLD or HD-D instead.",
        evidence,
    )


def _warnings(
    groups: Sequence[Group], people: Sequence[Group], reference: str | None, slope: float | None
) -> list[Note]:
    """The paper's early warning (section 3.4): a TTR well above the reference group's."""
    tested = []
    for group in groups:
        others = [each for each in groups if each.model == reference] if reference else list(people)
        others = others or ([] if reference else [each for each in groups if each is not group])
        if group not in others and others:
            pooled = Group(
                " + ".join(each.model for each in others),
                group.language,
                [],
                [f for each in others for f in each.figures],
            )
            found = welch(group.values("ttr"), pooled.values("ttr"))
            if found:
                tested.append((group, pooled, found))
    adjusted = holm([found.p for _, _, found in tested])
    return [
        _warning(group, pooled, found, p, slope)
        for (group, pooled, found), p in zip(tested, adjusted, strict=True)
        if p < ALPHA and found.effect >= WARNING_EFFECT
    ]


def _warning(group: Group, pooled: Group, found: Difference, p_holm: float, slope: float | None) -> Note:
    by_length = _by_length(group, pooled, slope)
    mattr = welch(group.values("mattr"), pooled.values("mattr"))
    explained = by_length is not None and by_length >= found.difference / 2
    steady = mattr is not None and mattr.low > 0
    zh = "篇幅可以解释其中一半以上" if explained else "篇幅不足以解释"
    zh += "，MATTR 也显著偏高" if steady else "，MATTR 却没有显著偏高"
    en = "length explains more than half of it" if explained else "length does not explain it"
    en += ", and MATTR is significantly higher too" if steady else ", but MATTR is not significantly higher"
    mean, other = f"{_mean(group, 'ttr'):.3f}", f"{_mean(pooled, 'ttr'):.3f}"
    above = f"{found.difference:.3f} [{found.low:.3f}, {found.high:.3f}]"
    return Note(
        "early_warning",
        group.language,
        (group.model,),
        f"{group.model} 的 TTR 均值 {mean}，高出参照（{pooled.model}，{other}）{above}。"
        f"论文把过高的 TTR 看作训练失衡的早期信号；{zh}。这只是去读文本的理由，不是质量差的证据。",
        f"The mean TTR of {group.model} is {mean}, above the reference ({pooled.model}, {other}) by {above}. The paper "
        f"reads an abnormally high TTR as an early warning of unbalanced training; {en}. It is a reason to read the "
        "texts, no proof of poor ones.",
        asdict(found)
        | {
            "reference": pooled.model,
            "p_holm": p_holm,
            "by_length_alone": by_length,
            "mattr": asdict(mattr) if mattr else None,
        },
    )


def _few(group: Group) -> Note:
    n = len(group.figures)
    return Note(
        "few",
        group.language,
        (group.model,),
        f"{group.model} 只有 {n} 篇回答，均值与比率都很不稳。",
        f"{group.model} has only {n} {'answer' if n == 1 else 'answers'}; means and rates are unsteady.",
        {"n": n},
    )
