"""A set of 1,665 triplets with exactly the counts and lengths of the published tables."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from coig_writer.schema import Article, Triplet
from coig_writer.taxonomy import PARTS, Published, genres, published

_LETTERS = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美"
    "总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感"
)


def lengths(row: Published, part: str, *, seed: str) -> list[int]:
    """As many lengths as the row counts, with its least and most, and a sum that gives its mean as it is printed."""
    bounds, count = row.lengths[part], row.count
    total = round(bounds.mean * count)
    if count == 1:
        return [bounds.min]
    chosen = [bounds.min, bounds.max]
    left = total - sum(chosen)
    rest = count - 2
    for at in range(rest):
        share, extra = divmod(left, rest)
        chosen.append(share + (at < extra))
    shaken = _shake(chosen, bounds.min, bounds.max, random.Random(f"{seed} {part}"))
    assert (sum(shaken), min(shaken), max(shaken)) == (total, bounds.min, bounds.max) or count == 2
    return shaken


def _shake(values: list[int], least: int, most: int, chance: random.Random) -> list[int]:
    """The same sum, least and most, with lengths that differ: pairs move apart by equal steps."""
    values = list(values)
    for _ in range(2 * len(values)):
        one, other = chance.randrange(len(values)), chance.randrange(len(values))
        if min(one, other) < 2 or one == other:
            continue
        step = chance.randint(0, min(values[one] - least, most - values[other]))
        values[one] -= step
        values[other] += step
    return values


def _text(length: int, chance: random.Random) -> str:
    return "".join(chance.choices(_LETTERS, k=length))


def rows() -> Iterator[tuple[str, Published]]:
    """(genre, published row); a category without rows for its genres puts all it has under its first genre."""
    done = set()
    for slug, genre in genres().items():
        if slug in published():
            yield slug, published()[slug]
        elif genre.category in published() and genre.category not in done:
            done.add(genre.category)
            yield slug, published()[genre.category]


@cache
def published_set() -> tuple[Triplet, ...]:
    """The 1,665 triplets, in the order of the taxonomy. Their texts are characters in a row, without meaning."""
    made = []
    for slug, row in rows():
        columns = [lengths(row, part, seed=slug) for part in PARTS]
        for at, (article, prompt, reasoning) in enumerate(zip(*columns, strict=True)):
            chance = random.Random(f"{slug} {at}")
            text = _text(article, chance)
            made.append(
                Triplet(
                    id=f"{slug}-{at}",
                    prompt=_text(prompt, chance),
                    reasoning=_text(reasoning, chance),
                    article=Article.from_text(text, genre=slug),
                    genre=slug,
                )
            )
    return tuple(made)
