"""“AI flavour”: words and patterns that models use far more than people do, learnt from texts of both.

Units are words, runs of two and three words, and patterns of a sentence. What a unit weighs is its log-odds ratio with
an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008), the two corpora together: a unit that is rare in both
weighs little until there is evidence. A text's score is the weight of all that is found in it, per 100 words.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from coig_writer.errors import InputError
from coig_writer.evaluate.textstats.words import words_of

PRIOR = 500.0
"""Weight of the prior, in units of text."""
LEAST_Z = 2.58
"""A unit's log-odds must be so many standard errors above zero (99 %)."""
LEAST_ODDS = math.log(2)
"""And it must be at least twice as frequent."""
LEAST_TEXTS = 4
"""And stand in so many of the models' texts, and in 2 % of them, lest the names of one story be learnt."""
LEAST_SHARE = 0.02
COMMON = 0.5
"""A unit that stands in more than this share of people's texts marks nobody."""
MOST_UNITS = 400

PATTERNS: dict[str, dict[str, str]] = {
    "zh": {
        "不是…而是…": r"不(?:仅仅|只)?是[^。！？\n]{1,24}[，,]?而是",
        "不仅…更…": r"不(?:仅|只|单)[^。！？\n]{1,24}(?:更|还|也)(?:是|要|能)?",
        "仿佛/宛如…": r"仿佛|宛如|宛若|犹如",
        "如同…一般": r"(?:如同|像|似)[^。！？，\n]{1,14}(?:一般|一样|般)",
        "在…中/下": r"在[^。！？，\n]{1,14}(?:之中|之下|的(?:光|雨|风|夜|时光|岁月|阳光|月光)[里中下])",
        "充满了…": r"充满(?:了|着)?",
        "让…成为…": r"让[^。！？，\n]{1,14}(?:成为|变得)",
        "无论…都…": r"无论[^。！？\n]{1,24}都",
        "总之/总的来说": r"总之|总的来说|总而言之|综上所述",
        "首先…其次…": r"首先[^\n]{1,160}其次",
        "这个故事告诉我们": r"(?:这个?|这则)?故事告诉(?:我们|人们)|(?:让|使)我们(?:明白|懂得|意识到)",
        "他知道/明白…": r"[他她我](?:知道|明白|意识到)[，,]?(?:自己|这|无论|只有|真正)",
        "三项并列": r"[^、，。！？\n]{1,8}、[^、，。！？\n]{1,8}(?:和|以及|与)[^、，。！？\n]{1,8}",
        "破折号": r"——",
        "粗体小标题": r"^\s*\*\*[^*\n]{1,40}\*\*|^#{1,4} ",
    },
    "en": {
        "not just … but": r"\bnot (?:just|only|merely)\b[^.!?\n]{1,60}\bbut\b",
        "it wasn't …, it was": r"\b(?:wasn't|isn't|was not|is not)\b[^.!?\n]{1,50}[—;,] ?(?:it|but)\b",
        "a testament to": r"\btestament to\b",
        "a tapestry/symphony of": r"\b(?:tapestry|symphony|dance|kaleidoscope) of\b",
        "as if / as though": r"\bas (?:if|though)\b",
        "three in a row": r"\b\w+, \w+,? and \w+",
        "em dash": r"—",
        "reminder that": r"\breminder (?:that|of)\b",
        "in the heart of": r"\bin the (?:heart|midst|realm|world) of\b",
        "little did": r"\blittle did\b",
        "couldn't help but": r"\bcouldn't help but\b",
        "bold heading": r"^\s*\*\*[^*\n]{1,60}\*\*|^#{1,4} ",
    },
}
"""Patterns offered to the learner; like words, they count only if the models' texts have them far more often."""


class Unit(BaseModel):
    """Something that models write more often than people."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    """Words with a space between, or the name of a pattern."""
    pattern: str | None = None
    """A regular expression; None for words."""
    log_odds: float
    z: float
    """Log-odds over its standard error."""
    model: int
    human: int
    """How often it was counted in each corpus."""


class Lexicon(BaseModel):
    """What gives a model away in one language, and where that was learnt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    models: list[str]
    """Whose texts stood for models."""
    human: str
    """What stood for people."""
    model_texts: int
    human_texts: int
    units: list[Unit]
    """The surest first."""

    @cached_property
    def phrases(self) -> dict[str | tuple[str, ...], Unit]:
        """Word or run of words → unit."""
        keys = ((tuple(unit.text.split(" ")), unit) for unit in self.units if unit.pattern is None)
        return {key if len(key) > 1 else key[0]: unit for key, unit in keys}

    @cached_property
    def first_words(self) -> frozenset[str]:
        """With which a run of two or three words may begin."""
        return frozenset(key[0] for key in self.phrases if isinstance(key, tuple))

    @cached_property
    def patterns(self) -> list[tuple[re.Pattern[str], Unit]]:
        return [(re.compile(unit.pattern, re.MULTILINE | re.IGNORECASE), unit) for unit in self.units if unit.pattern]

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that change with the lexicon."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=4).hexdigest()


class Lexicons(BaseModel):
    """A lexicon file: one lexicon a language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lexicons: list[Lexicon]

    def of(self, language: str) -> Lexicon | None:
        return next((each for each in self.lexicons if each.language == language), None)


@dataclass(frozen=True, slots=True)
class Flavour:
    """How much of a lexicon is in one text."""

    score: float | None
    """Sum of the log-odds of all units found, per 100 words; None for a text without words."""
    hits: dict[str, int]
    """Unit → how often."""


def flavour(text: str, words: Sequence[str], lexicon: Lexicon) -> Flavour:
    """What of a lexicon is found in a text with these words."""
    if not words:
        return Flavour(None, {})
    phrases = lexicon.phrases
    counts: Counter[str | tuple[str, ...]] = Counter(filter(phrases.__contains__, words))
    for place in [at for at, word in enumerate(words) if word in lexicon.first_words]:
        runs = (tuple(words[place : place + 2]), tuple(words[place : place + 3]))
        counts.update(run for run in dict.fromkeys(runs) if run in phrases)
    hits = {phrases[key].text: many for key, many in counts.items()}
    total = sum(phrases[key].log_odds * many for key, many in counts.items())
    for pattern, unit in lexicon.patterns:
        if many := sum(1 for _ in pattern.finditer(text)):
            hits[unit.text] = many
            total += unit.log_odds * many
    return Flavour(100 * total / len(words), hits)


def _runs(words: Sequence[str]) -> Iterable[str | tuple[str, ...]]:
    return chain(words, pairwise(words), zip(words, words[1:], words[2:], strict=False))


def learn(
    model_texts: Sequence[str], human_texts: Sequence[str], language: str, *, models: Sequence[str], human: str
) -> Lexicon:
    """The lexicon that tells models' texts from people's.

    Raises:
        InputError: there are fewer than five texts on one side.
    """
    if min(len(model_texts), len(human_texts)) < 5:
        raise InputError(
            f"{len(model_texts)} texts of models and {len(human_texts)} of people ({language}) are too few",
            remedy="Give at least five of each; some hundreds are better.",
        )
    counts = [_Counts.of(texts, language) for texts in (model_texts, human_texts)]
    least = max(LEAST_TEXTS, LEAST_SHARE * len(model_texts))
    units = [
        unit
        for key, found in counts[0].texts.items()
        if found >= least
        and counts[1].texts[key] <= COMMON * len(human_texts)
        and (unit := _weighed(key, counts[0], counts[1], language))
    ]
    units.sort(key=lambda unit: (-unit.z, unit.text))
    return Lexicon(
        language=language,
        models=sorted(models),
        human=human,
        model_texts=len(model_texts),
        human_texts=len(human_texts),
        units=units[:MOST_UNITS],
    )


_Key = str | tuple[str, ...] | re.Pattern


@dataclass(frozen=True)
class _Counts:
    """How often each unit occurs in one corpus, in how many texts, and how many units of its order there are."""

    units: Counter[_Key]
    texts: Counter[_Key]
    totals: Counter[int]

    @classmethod
    def of(cls, texts: Sequence[str], language: str) -> _Counts:
        made = cls(Counter(), Counter(), Counter())
        patterns = [re.compile(each, re.MULTILINE | re.IGNORECASE) for each in _patterns(language).values()]
        for text in texts:
            words = words_of(text, language)
            found: Counter[_Key] = Counter(_runs(words))
            found.update({each: many for each in patterns if (many := len(each.findall(text)))})
            made.units.update(found)
            made.texts.update(found.keys())
            made.totals.update({order: max(len(words) - order + 1, 0) for order in (1, 2, 3)})
        return made

    def total(self, key: _Key) -> int:
        return self.totals[len(key) if isinstance(key, tuple) else 1]


def _patterns(language: str) -> dict[str, str]:
    return PATTERNS.get(language, {})


def _weighed(key: _Key, model: _Counts, human: _Counts, language: str) -> Unit | None:
    """The unit with its log-odds, or None when it does not tell models from people."""
    if not isinstance(key, re.Pattern) and "".join(key).isdigit():
        return None  # numbers of lists
    mine, theirs = model.units[key], human.units[key]
    odds, error = log_odds(mine, model.total(key), theirs, human.total(key))
    if odds < LEAST_ODDS or odds / error < LEAST_Z:
        return None
    name, pattern = " ".join(key) if isinstance(key, tuple) else key, None
    if isinstance(key, re.Pattern):
        pattern = key.pattern
        name = next(each for each, expression in _patterns(language).items() if expression == pattern)
    return Unit(
        text=str(name), pattern=pattern, log_odds=round(odds, 4), z=round(odds / error, 3), model=mine, human=theirs
    )


def log_odds(mine: int, my_total: int, theirs: int, their_total: int, prior: float = PRIOR) -> tuple[float, float]:
    """The log-odds ratio of a unit between two corpora, and its standard error (Monroe et al. 2008, eqs. 15, 16, 20).

    Args:
        mine: how often the unit occurs in the first of them, of `my_total` units.
        prior: weight of the prior, which says that both have the unit as often as the two together.
    """
    share = prior * (mine + theirs) / (my_total + their_total)

    def logit(count: int, total: int) -> float:
        return math.log((count + share) / (total + prior - count - share))

    error = math.sqrt(1 / (mine + share) + 1 / (theirs + share))
    return logit(mine, my_total) - logit(theirs, their_total), error


def read_lexicons(path: Path) -> Lexicons:
    """The lexicons of a file that `textstats --learn-lexicon` wrote.

    Raises:
        InputError: the file is missing or is none.
    """
    try:
        found = Lexicons.model_validate_json(path.read_text(encoding="utf-8"))
        for lexicon in found.lexicons:
            lexicon.patterns  # noqa: B018 - a broken expression is found here, not in the middle of a run
        return found
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error
    except (ValidationError, UnicodeDecodeError, re.error) as error:
        raise InputError(
            f"not a lexicon file: {str(error).splitlines()[0]}",
            where=str(path),
            remedy="Make one with: coig-writer textstats --responses FILE --human FILE --learn-lexicon OUT.",
        ) from error
