"""What can be mended in a set without anybody's judgement; texts keep all that a reader sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from coig_writer.corpus.language import identify
from coig_writer.dataset.rules import STRAY
from coig_writer.schema import Triplet, article_id


def mended(triplets: Iterable[Triplet], done: Counter[str]) -> Iterator[Triplet]:
    """The triplets with what is safe to mend mended; `done` counts it by kind.

    Stray control characters go, a missing language is filled in, and of records that are the same in id and all three
    texts only the first stays. Genres have become those of the taxonomy when the file was read.
    """
    seen: set[int] = set()
    for triplet in triplets:
        clean = _without_strays(triplet, done)
        key = hash((clean.id, clean.prompt, clean.reasoning, clean.article.text))
        if key in seen:
            done["repeated record left out"] += 1
            continue
        seen.add(key)
        if clean.article.language is None and (language := identify(clean.article.text)):
            done["language filled in"] += 1
            clean = clean.model_copy(update={"article": clean.article.model_copy(update={"language": language})})
        yield clean


def _without_strays(triplet: Triplet, done: Counter[str]) -> Triplet:
    """A text that would be empty afterwards stays as it is."""
    article = triplet.article
    texts = {"prompt": triplet.prompt, "reasoning": triplet.reasoning, "article": article.text}
    clean = {part: STRAY.sub("", text) or text for part, text in texts.items()}
    if clean == texts:
        return triplet
    done["stray control characters taken out"] += sum(len(texts[part]) - len(clean[part]) for part in texts)
    text = clean.pop("article")
    identity = article_id(text) if article.id == article_id(article.text) else article.id
    same = triplet.id == article.id
    return triplet.model_copy(
        update={
            **clean,
            "id": identity if same else triplet.id,
            "article": article.model_copy(update={"text": text, "id": identity}),
        }
    )
