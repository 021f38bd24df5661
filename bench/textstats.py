"""How fast are text statistics beside a plain loop with jieba, and are the figures the same?

    python bench/textstats.py [--answers 100000] [--chars 1000] [--plain 100000] [FILE …]

Answers of about so many characters are put together from the sentences of the files, any that the corpus reader knows;
by default the starter triplets. In one sentence of twenty a number or a Latin word is drawn anew and put in, so
that the runs that go to jieba itself are not always the same. Both sides then make the very same figures:

- ours: `text_statistics`, as `coig-writer textstats` calls it, processes and their start included;
- plain: one process, `jieba.lcut`, and each measure of diversity and repetition as its definition reads, in Python; the
  figures that do not depend on how words are cut (tokens, contamination, behaviour …) by the same functions as ours.

Both the clock and CPU time are printed, for on a busy machine only the latter holds still. With `--plain N` the plain
loop takes only the first N answers, and its times are scaled up, which the report says. The mean TTR is compared over
the answers that both have. The last line says how many texts rjieba alone cuts otherwise than jieba, and how many ours.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from collections import Counter
from math import comb
from pathlib import Path

from coig_writer.evaluate.responses import Responses
from coig_writer.evaluate.textstats import answer as answers_module
from coig_writer.evaluate.textstats.answer import Answer, Tools, figures_of
from coig_writer.evaluate.textstats.diversity import HDD_SAMPLE, MTLD_LEAST, MTLD_THRESHOLD, WINDOW, Diversity
from coig_writer.evaluate.textstats.groups import grouped, samples, summary
from coig_writer.evaluate.textstats.human import read_texts
from coig_writer.evaluate.textstats.run import answers_of, packaged_lexicons, text_statistics
from coig_writer.evaluate.textstats.tokens import choose_tokenizer
from coig_writer.evaluate.textstats.words import differing
from coig_writer.packaged import load_starter
from coig_writer.schema import Response

SENTENCE = re.compile(r"[^。！？\n]+[。！？\n]?")
ODD = ("min_price", "1823-49", "3.5%", "Wi-Fi", "C++", "v2.0", "A-{}", "{}年{}月", "{}.{}", "{}-{}", "{}#", "x_{}")


def made_answers(texts: list[str], count: int, chars: int, seed: int = 7) -> list[Response]:
    """Answers of about `chars` characters, from sentences in random order; every twentieth sentence has an odd run."""
    chance = random.Random(seed)
    sentences = [each for text in texts for each in SENTENCE.findall(text)]
    made = []
    for number in range(count):
        text = ""
        while len(text) < chars:
            sentence = chance.choice(sentences)
            if chance.random() < 0.05:
                odd = re.sub(r"\{\}", lambda _: str(chance.randint(1, 9999)), chance.choice(ODD))
                place = chance.randrange(len(sentence))
                sentence = sentence[:place] + odd + sentence[place:]
            text += sentence
        made.append(
            Response(id=f"q{number // 4}", model=f"m{number % 4}", query="写一篇。", response=text, language="zh")
        )
    return made


def plain(answers: list[Answer], tools: Tools) -> tuple[float, float]:
    """The same figures in a plain loop: (seconds, mean TTR)."""
    import jieba

    kept = answers_module.words_of, answers_module.diversity, answers_module.repeated_shares
    jieba.initialize()
    began = time.perf_counter()
    answers_module.words_of = lambda text, _: [word for word in jieba.lcut(text) if any(map(str.isalnum, word))]
    answers_module.diversity = lambda numbers: plain_diversity(list(numbers))
    answers_module.repeated_shares = lambda numbers: plain_repeated(list(numbers))
    try:
        figures = []
        for each in answers:
            figures += figures_of([each], tools)
        groups = grouped(answers, figures)
        chosen = samples(groups)
        for group in groups:
            summary(group, chosen[group.model, group.language])
    finally:
        answers_module.words_of, answers_module.diversity, answers_module.repeated_shares = kept
    return time.perf_counter() - began, sum(each.ttr or 0 for each in figures) / len(figures)


def plain_diversity(words: list) -> Diversity:
    """TTR, MATTR, MTLD and HD-D as they are defined, without numpy and numba."""
    total = len(words)
    windows = [len(set(words[at : at + WINDOW])) / WINDOW for at in range(total - WINDOW + 1)]

    def factors(ordered: list) -> float | None:
        found, seen, length, ratio = 0.0, set(), 0, 1.0
        for word in ordered:
            seen.add(word)
            length += 1
            ratio = len(seen) / length
            if ratio < MTLD_THRESHOLD:
                found, seen, length, ratio = found + 1, set(), 0, 1.0
        found += (1 - ratio) / (1 - MTLD_THRESHOLD)
        return total / found if found else None

    both = [factors(words), factors(words[::-1])] if total >= MTLD_LEAST else [None]
    whole = comb(total, HDD_SAMPLE)
    hdd = (
        sum((1 - comb(total - many, HDD_SAMPLE) / whole) / HDD_SAMPLE for many in Counter(words).values())
        if total >= HDD_SAMPLE
        else None
    )
    return Diversity(
        len(set(words)) / total if total else None,
        sum(windows) / len(windows) if windows else None,
        sum(both) / 2 if None not in both else None,
        hdd,
    )


def plain_repeated(words: list) -> tuple[float | None, ...]:
    """rep-2, rep-3, rep-4 by sets of tuples."""
    found = []
    for order in (2, 3, 4):
        grams = [tuple(words[at : at + order]) for at in range(len(words) - order + 1)]
        found.append(1 - len(set(grams)) / len(grams) if grams else None)
    return tuple(found)


def cpu_seconds() -> float:
    """CPU time of this process and of those that it has ended; unlike the clock, it bears other work beside it."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--chars", type=int, default=1000)
    parser.add_argument("--plain", type=int, help="answers for the plain loop; all by default")
    given = parser.parse_args()
    texts = read_texts(given.files) if given.files else []
    for triplet in [] if texts else load_starter():
        texts += [triplet.article.text, triplet.reasoning]
    responses = made_answers(texts, given.answers, given.chars)
    characters = sum(len(each.response or "") for each in responses)
    print(f"{len(responses):,} answers, {characters / len(responses):,.0f} characters on average")
    tokenizer = choose_tokenizer(None)
    print("tokenizer:", tokenizer.name if tokenizer else "none, tokens are not counted")

    began, before = time.perf_counter(), cpu_seconds()
    found = text_statistics(Responses(responses), tokenizer=tokenizer)
    ours, ours_cpu = time.perf_counter() - began, cpu_seconds() - before
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(f"ours    {ours:8.1f} s, {ours_cpu:8.1f} s of CPU, peak {peak:,.0f} MB a process")

    answers = answers_of(Responses(responses))[: given.plain]
    before = cpu_seconds()
    seconds, mean = plain(answers, Tools.load(tokenizer, (packaged_lexicons(),)))
    cpu = cpu_seconds() - before
    scale = len(responses) / len(answers)
    said = f" (of {len(answers):,} answers, scaled)" if scale > 1 else ""
    print(f"plain   {seconds * scale:8.1f} s, {cpu * scale:8.1f} s of CPU{said}")
    print(f"ratio   {seconds * scale / ours:8.1f}    {cpu * scale / ours_cpu:8.1f}")

    ttr = {(each.model, each.id): each.ttr for group in found.groups for each in group.figures}
    same = [ttr[each.model, each.id] or 0 for each in answers]
    print(f"mean TTR  ours {sum(same) / len(same):.6f}  plain {mean:.6f}")
    import rjieba

    checked = [each.text for each in answers[:5000]]
    print(
        f"cut otherwise than by jieba, of {len(checked):,} texts: ours {sum(1 for _ in differing(checked)):,}, ", end=""
    )
    print(f"rjieba alone {sum(1 for _ in differing(checked, rjieba.cut)):,}")


if __name__ == "__main__":
    main()
