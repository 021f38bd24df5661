"""What a comparison shows and what it does not, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from coig_writer.evaluate.bradley_terry import LEAST_FOR_FIT
from coig_writer.evaluate.choice import LEAST_TO_RESAMPLE
from coig_writer.evaluate.compare import Comparison
from coig_writer.evaluate.significance import ALPHA
from coig_writer.evaluate.synthetic import RATER
from coig_writer.evaluate.tally import PairOutcome
from coig_writer.report.labels import Label

Kind = Literal["shown", "open", "caution"]
KINDS: dict[Kind, Label] = {
    "shown": Label("站得住", "Holds"),
    "open": Label("说不准", "Open"),
    "caution": Label("要留意", "Mind"),
}
SIDES = {"human": Label("人", "people"), "llm": Label("模型评委", "judge models")}
MARKS = {
    "content_quality": Label("内容质量", "Content quality"),
    "creative_merit": Label("创意价值", "Creative merit"),
    "cultural_appropriateness": Label("文化适切", "Cultural appropriateness"),
    "task_fulfilment": Label("任务完成", "Task fulfilment"),
    "overall_preference": Label("总体偏好", "Overall preference"),
}
LISTED = 10
"""So many pairs are named in one sentence."""
TENTATIVE, RELIABLE = 0.667, 0.8
"""Krippendorff's own marks: below the first no conclusions, from the second on firm ones."""


class Statement(NamedTuple):
    """One sentence about a comparison."""

    kind: Kind
    words: Label


def group(name: str) -> Label:
    """What a group of queries is called."""
    named = {"all": Label("全部", "All queries"), "zh": Label("中文题", "Chinese"), "en": Label("英文题", "English")}
    return named.get(name, Label(name, name))


def chance(p: float) -> str:
    """A p value as it is printed."""
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def is_synthetic(found: Comparison) -> bool:
    """Whether the votes include made ones."""
    return any(RATER in each.raters for each in found.agreement.values())


def statements(found: Comparison) -> list[Statement]:
    """What to say of one group, the differences between models first."""
    return [
        *_origin(found),
        *_differences(found),
        *_order(found),
        *_power(found),
        *_people(found),
        *_biases(found),
        *_judges(found),
    ]


def _origin(found: Comparison) -> Iterator[Statement]:
    if is_synthetic(found):
        yield Statement(
            "caution",
            Label(
                "合成的排序：按已知计数造出，不是任何人的判断。",
                "Synthetic rankings, made to have given counts: nobody ranked anything.",
            ),
        )


def _differences(found: Comparison) -> Iterator[Statement]:
    holds = [pair for pair in found.pairs if pair.p_by_query_holm < ALPHA]
    lost = [pair for pair in found.pairs if pair.p_by_query < ALPHA <= pair.p_by_query_holm]
    none = [pair for pair in found.pairs if pair.p_by_query >= ALPHA]
    if found.pairs:
        listed, count = _listed(holds), len(found.pairs)
        yield Statement(
            "shown" if holds else "open",
            Label(
                f"{count} 对模型中，{len(holds)} 对经 Holm 校正后仍有差别{listed.zh}。",
                f"Of {count} pairs of models, {len(holds)} {'differs' if len(holds) == 1 else 'differ'} "
                f"after Holm's correction{listed.en}.",
            )
            if count > 1
            else Label(
                f"只有一对模型，{'有差别' if holds else '看不出差别'}{listed.zh}。",
                f"There is one pair of models, and it {'differs' if holds else 'shows no difference'}{listed.en}.",
            ),
        )
    for pair in lost:
        yield Statement(
            "open", _between(pair, "单独看显著，校正后不显著", "would count alone, but not after correction")
        )
    for pair in none[:4]:
        yield Statement("open", _between(pair, "看不出差别", "no difference is shown"))
    if len(none) > 4:
        more = len(none) - 4
        yield Statement("open", Label(f"另有 {more} 对看不出差别，见下表。", f"{more} more show none; see the table."))


def _between(pair: PairOutcome, zh: str, en: str) -> Label:
    figures = f"{pair.rate:.2f} % ({pair.low:.1f}–{pair.high:.1f}), n = {pair.n:,}, p = {chance(pair.p_by_query)}"
    return Label(
        f"{pair.a} 对 {pair.b}：{zh}。{figures}，Holm {chance(pair.p_by_query_holm)}。",
        f"{pair.a} against {pair.b}: {en}. {figures}, Holm {chance(pair.p_by_query_holm)}.",
    )


def _listed(pairs: list[PairOutcome]) -> Label:
    """Who beats whom, where there are not too many."""
    if not 0 < len(pairs) <= LISTED:
        return Label("", "")
    won = [(each.a, each.b, each.rate) if each.rate > 50 else (each.b, each.a, 100 - each.rate) for each in pairs]
    won.sort(key=lambda each: -each[2])
    return Label(
        "：" + "，".join(f"{winner} 胜 {loser}（{rate:.2f} %）" for winner, loser, rate in won),
        ": " + ", ".join(f"{winner} over {loser} ({rate:.2f} %)" for winner, loser, rate in won),
    )


def _order(found: Comparison) -> Iterator[Statement]:
    met = [each for each in found.components if len(each) > 1]
    if len(found.components) > 1:
        zh = "；".join("、".join(each) for each in found.components)
        en = "; ".join(", ".join(each) for each in found.components)
        yield Statement(
            "caution",
            Label(
                f"下面几组模型之间从未比过，也没有经由别的模型比过，得分与名次只在组内有意义：{zh}。",
                "These groups of models never met, not even by way of others, so scores and ranks count within a group "
                f"only: {en}.",
            ),
        )
    unbound = [model for each in met for model in each if found.bradley_terry[model].separated]
    if unbound:
        names = "、".join(unbound), ", ".join(unbound)
        yield Statement(
            "caution",
            Label(
                f"{names[0]} 对其余的全胜或全负，得分没有上下限，也就没有区间，只能看次序。",
                f"{names[1]}: won or lost everything against the rest, so the scores have no bound and no interval; "
                "read the order only.",
            ),
        )
    fit = found.goodness_of_fit
    if fit and fit.p < ALPHA:
        a, b = fit.worst
        yield Statement(
            "caution",
            Label(
                f"一个模型一个分数不足以解释这些胜负（p = {chance(fit.p)}）；"
                f"最不合的是 {a} 对 {b}，实为 {fit.observed:.1f} %，应为 {fit.expected:.1f} %。",
                f"One score a model does not explain these outcomes (p = {chance(fit.p)}); {a} against {b} fits worst, "
                f"{fit.observed:.1f} % where {fit.expected:.1f} % would follow.",
            ),
        )


def _power(found: Comparison) -> Iterator[Statement]:
    if not found.power:
        return
    if found.prompts < LEAST_FOR_FIT:
        few = found.prompts < LEAST_TO_RESAMPLE
        yield Statement(
            "caution",
            Label(
                f"只有 {found.prompts} 题，"
                + ("太少，不能重抽样：得分与一致性没有区间" if few else "按题重抽样得出的区间偏窄，不可依凭")
                + "，拟合优度不作检验。",
                f"Only {found.prompts} {'query' if found.prompts == 1 else 'queries'}: "
                + (
                    "too few to resample, so scores and agreement have no intervals"
                    if few
                    else "intervals that resample queries are too narrow to be relied on"
                )
                + ", and the fit is not tested.",
            ),
        )
    n, alone, strict = found.power.n, found.power.smallest, found.power.smallest_holm
    if alone is None:
        words = Label(
            f"每对只有 {n} 题，什么差别都不可能显著。",
            f"With {n} {'query' if n == 1 else 'queries'} a pair nothing can be significant.",
        )
    else:
        strictest = ("任何差别都不行", "none") if strict is None else (f"{strict:.1f} 个百分点", f"{strict:.1f} points")
        words = Label(
            f"每对 {n:,} 题，胜率离 50 % 至少 {alone:.1f} 个百分点才有八成把握看出来；按最严的校正，{strictest[0]}。",
            f"{n:,} queries a pair find, four times in five, a win rate {alone:.1f} points from 50 %; "
            f"at the strictest step of the correction, {strictest[1]}.",
        )
    yield Statement("caution", words)
    if found.n > found.prompts:
        more = sum(pair.p_holm < ALPHA for pair in found.pairs)
        yield Statement(
            "caution",
            Label(
                "一题有多次排序：同一题的排序并不独立，上面的结论每题只算一票（多数意见）。"
                f"把每次排序都当独立的，经 Holm 校正会有 {more} 对有差别，那是偏乐观的；表中的 Wilson 区间同样偏窄。"
                "得分的区间按题重抽样，不受此影响。",
                "Some queries were ranked several times, and rankings of one query are not independent: what is said "
                f"above counts one vote a query, of its majority. Taken as independent, {more} of the pairs would "
                "differ after Holm, which is too sure, as are Wilson's intervals. The intervals of the scores resample "
                "queries and are not affected.",
            ),
        )


def _people(found: Comparison) -> Iterator[Statement]:
    for side, each in found.agreement.items():
        alpha = each.places if each.places.alpha is not None else each.outcomes
        if alpha.alpha is None:
            if side == found.voters:
                yield Statement("caution", _no_alpha(max(each.places.units, each.outcomes.units)))
            continue
        low = alpha.alpha < TENTATIVE
        value = f"{alpha.alpha:.3f}" + _between_or_not(alpha.low, alpha.high, ".3f")
        verdict = (
            ("低于 0.667，结论只能算试探", "below .667, so conclusions are tentative at best")
            if low
            else ("在 0.667 与 0.8 之间，可作初步结论", "between .667 and .8: tentative conclusions")
            if alpha.alpha < RELIABLE
            else ("不低于 0.8，可靠", "at least .8: reliable")
        )
        yield Statement(
            "caution" if low else "shown",
            Label(
                f"{SIDES[side].zh}之间的一致性 α = {value}，{verdict[0]}。",
                f"Agreement between {SIDES[side].en}: α = {value}, {verdict[1]}.",
            ),
        )


def _no_alpha(shared: int) -> Label:
    """Why there is no α: nothing was judged twice, or one value was given throughout."""
    if shared:
        return Label(
            "同一题虽有两人以上评过，但给出的结果全都一样，α 没有定义。",
            "Several raters judged the same queries, but only one outcome was ever given, so α is not defined.",
        )
    return Label(
        "没有两人评过同一题，评的人是否一致无从得知。",
        "No query was judged by two raters, so nobody knows whether they agree.",
    )


def _biases(found: Comparison) -> Iterator[Statement]:
    for side, bias in found.position_bias.items():
        if bias.p is not None and bias.p < ALPHA:
            rates = ", ".join(f"{rate:.1f}" for rate in bias.win_rate)
            yield Statement(
                "caution",
                Label(
                    f"{SIDES[side].zh}受摆放次序影响（p = {chance(bias.p)}）：由前到后胜率 {rates} %。",
                    f"The order of display sways {SIDES[side].en} (p = {chance(bias.p)}): "
                    f"win rates from first to last {rates} %.",
                ),
            )
    for side, length in found.length_bias.items():
        if length.doubling is None:
            yield Statement(
                "caution",
                Label(
                    f"篇幅对{SIDES[side].zh}的影响与模型分不开：模型总是差这么长，或长的每次都赢。",
                    f"What length does to {SIDES[side].en} cannot be told from what the models do: they always differ "
                    "in length by as much, or the longer answer won every time.",
                ),
            )
        elif length.p is not None and length.p < ALPHA:
            odds = f"{length.doubling:.2f}" + _between_or_not(length.doubling_low, length.doubling_high, ".2f")
            yield Statement(
                "caution",
                Label(
                    f"篇幅影响{SIDES[side].zh}：同一模型，长一倍，胜负比乘以 {odds}。",
                    f"Length sways {SIDES[side].en}: twice as long multiplies the odds by {odds}, models held equal.",
                ),
            )


def _between_or_not(low: float | None, high: float | None, shape: str) -> str:
    return "" if low is None or high is None else f" ({low:{shape}}–{high:{shape}})"


def _judges(found: Comparison) -> Iterator[Statement]:
    for judge, each in found.judge_against_people.items():
        among = each.people_agreed
        compared = (
            (f"人与人之间是 {among:.1f} %", f"people agree with each other on {among:.1f} %")
            if among is not None
            else ("人与人之间无从比较", "how far people agree with each other is not known")
        )
        agreed = f"{each.agreed:.1f} % ({each.low:.1f}–{each.high:.1f})"
        parted = sum(parting.p_holm < ALPHA for parting in each.partings)
        yield Statement(
            "caution",
            Label(
                f"评委 {judge} 与多数人在 {agreed} 的对子上一致；{compared[0]}。有 {parted} 对模型的判断显著不同。",
                f"The judge {judge} agrees with most people on {agreed} of pairs; {compared[1]}. "
                f"They part significantly on {parted} {'pair' if parted == 1 else 'pairs'} of models.",
            ),
        )
