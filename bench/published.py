"""What do the published figures say by their own arithmetic?

    python bench/published.py

Takes the counts behind Table 2 and the figures of Tables 3 and 4 and of section 3.3 of arXiv 2510.14763 and prints what
follows from them: tests with correction, how lexical diversity and length go with win rates, and contamination.
docs/reproduction.md quotes this.
"""

from __future__ import annotations

from itertools import combinations

from scipy.stats import binomtest, fisher_exact, spearmanr

from coig_writer.evaluate.significance import detectable, holm, wilson
from coig_writer.evaluate.synthetic import PUBLISHED_MODELS, PUBLISHED_WINS

TTR = {"en": (0.562, 0.571, 0.574, 0.590, 0.590), "zh": (0.522, 0.578, 0.576, 0.593, 0.678)}
CHARACTERS = {"en": (3038, 3690, 3988, 4002, 4070), "zh": (960, 950, 1099, 1120, 1137)}
CHINESE_IN_ENGLISH = (43, 6, 5, 4, 5)
"""Answers of 353: 12.18, 1.70, 1.42, 1.13 and 1.42 %."""


def wins_of(language: str) -> dict[tuple[int, int], int]:
    _, rows = PUBLISHED_WINS[language]
    return dict(zip(combinations(range(5), 2), (count for row in rows for count in row), strict=True))


def main() -> None:
    for language in ("zh", "en"):
        n, _ = PUBLISHED_WINS[language]
        wins = wins_of(language)
        ps = [binomtest(count, n).pvalue for count in wins.values()]
        print(f"\n{language}: {n} rankings")
        for ((a, b), count), p, corrected in zip(wins.items(), ps, holm(ps), strict=True):
            low, high = wilson(count, n)
            pair = f"{PUBLISHED_MODELS[a]} over {PUBLISHED_MODELS[b]}"
            rate = f"{count:3} {100 * count / n:6.2f} %  {100 * low:.1f}–{100 * high:.1f}"
            print(f"  {pair:18} {rate}  p {p:.5f}  Holm {corrected:.5f}")
        won = [
            sum(count if model == a else n - count if model == b else 0 for (a, b), count in wins.items())
            for model in range(5)
        ]
        rates = [100 * count / (4 * n) for count in won]
        print("  mean win rate:", {name: round(rate, 1) for name, rate in zip(PUBLISHED_MODELS, rates, strict=True)})
        print(f"  Spearman, type-token ratio with mean win rate: {spearmanr(TTR[language], rates).statistic:+.2f}")
        print(
            f"  Spearman, mean characters with mean win rate: {spearmanr(CHARACTERS[language], rates).statistic:+.2f}"
        )
        alone, corrected = (detectable(n, alpha) for alpha in (0.05, 0.05 / len(wins)))
        print(f"  found in four of five tries: {alone:.1f} points from 50 % alone, {corrected:.1f} among all pairs")
    print("\nChinese in answers to English queries, of 353:")
    for name, count in zip(PUBLISHED_MODELS, CHINESE_IN_ENGLISH, strict=True):
        low, high = wilson(count, 353)
        p = fisher_exact([[count, 353 - count], [CHINESE_IN_ENGLISH[4], 348]]).pvalue
        print(
            f"  {name:7} {count:3} {count / 3.53:6.2f} %  {100 * low:.1f}–{100 * high:.1f}  against G: Fisher p {p:.2g}"
        )


if __name__ == "__main__":
    main()
