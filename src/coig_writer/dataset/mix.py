"""Training mixtures: creative triplets with more or less general instruction data, built the same way every time.

Which general examples are taken is decided by a hash of seed and content alone. So neither the order of the files
nor the size of the mixture changes who comes first, and the thousand of a small mixture are among the five thousand
of a larger one.
"""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from coig_writer import __version__
from coig_writer.corpus.dedup import DedupSettings
from coig_writer.dataset.conversation import answer_with_thoughts
from coig_writer.dataset.folder import MIXTURES, whole_folder
from coig_writer.dataset.general import Example, Message, read_general
from coig_writer.dataset.near import Neighbourhood, Quotations
from coig_writer.dataset.read import Reject
from coig_writer.dataset.sets import FULL, TripletSet, file_hash
from coig_writer.dataset.tokens import CutOff, Tokenizer, count_tokens, cut_off
from coig_writer.dataset.tombstones import Tombstone, Tombstones, read_tombstones
from coig_writer.errors import InputError, SettingError
from coig_writer.files import write_json, write_jsonl
from coig_writer.schema import Query, Triplet


@dataclass(frozen=True)
class Recipe:
    """What one mixture is made of."""

    name: str
    """Of its file, without ending."""
    general: int
    """General examples that are wanted."""
    creative: bool = True
    """Whether the creative triplets are in it, all of them."""


PAPER = (
    Recipe("cw", 0),
    Recipe("cw-1k", 1000),
    Recipe("cw-5k", 5000),
    Recipe("cw-10k", 10000),
    Recipe("g", 10000, creative=False),
)
"""The five training sets of the paper (table 1): CW, CW+1k, CW+5k, CW+10k, G."""


@dataclass(frozen=True)
class Sample:
    """One line of a mixture."""

    id: str
    source: str
    """`creative` or `general`."""
    prompt: tuple[Message, ...]
    completion: Message
    genre: str | None = None

    def record(self) -> dict[str, Any]:
        """Prompt and completion as conversations: what TRL trains on, the loss on the completion alone."""
        return {
            "id": self.id,
            "source": self.source,
            "genre": self.genre,
            "prompt": [asdict(message) for message in self.prompt],
            "completion": [asdict(self.completion)],
        }

    @property
    def text(self) -> str:
        return "\n".join([*(message.content for message in self.prompt), self.completion.content])


@dataclass(frozen=True)
class LeftOut:
    """A general example or triplet that is in no mixture, and why."""

    where: str
    reason: str
    """`unreadable`, `duplicate`, `retracted`, `near_benchmark`, `quotes_benchmark`, `near_creative_prompt` or
    `near_creative_article`."""
    detail: str
    id: str | None = None
    similarity: float | None = None


@dataclass(frozen=True)
class Mixture:
    """One mixture that was written."""

    name: str
    file: str
    creative: int
    general: int
    wanted: int
    """General examples that were asked for; more than `general` where there are not enough."""
    characters: int
    tokens: int | None = None
    """None without a tokenizer."""
    tokens_creative: int | None = None
    cut_off: list[CutOff] = field(default_factory=list)

    @property
    def ratio(self) -> str:
        """Creative to general as it truly is: `1:6.0`; `1:0` and `0:1` where one is missing."""
        if not self.creative:
            return "0:1"
        if not self.general:
            return "1:0"
        ratio = self.general / self.creative
        return f"1:{ratio:.1f}" if ratio >= 1 else f"1:{ratio:.2g}"  # 1 to 75 is not 1:0.0


@dataclass(frozen=True)
class MixSummary:
    """What `build_mixtures` wrote."""

    out: Path
    creative: int
    general: int
    """General examples that could be used, after de-duplication."""
    read: int
    """General records read; `general` and the general ones left out add up to it."""
    left_out: dict[str, int]
    """Reason → count."""
    mixtures: list[Mixture]


def build_mixtures(
    creative: TripletSet,
    general: Sequence[Path],
    out: Path,
    recipes: Sequence[Recipe],
    *,
    benchmark: Sequence[Query],
    seed: int = 42,
    reasoning: bool = True,
    tokenizer: Tokenizer | None = None,
    tokenizer_name: str | None = None,
    contexts: Sequence[int] = (),
    settings: DedupSettings | None = None,
    retracted: Sequence[Path] = (),
) -> MixSummary:
    """Writes each recipe's mixture as JSON Lines into `out`, with a manifest and a list of what was left out.

    The same inputs, seed and options give the same bytes. All mixtures of one seed are nested.

    Args:
        creative: triplets; every readable one is taken, once.
        general: files in Alpaca, ShareGPT or messages form.
        benchmark: queries that no general example may resemble or contain.
        seed: chooses among the general examples and orders each file.
        reasoning: whether a triplet's completion is its reasoning in `<think>` and then the article, or the article.
        tokenizer: counts tokens; `tokenizer_name` is what the manifest calls it, of a path the last part.
        contexts: lengths in tokens for which the cut-off is estimated; they need the tokenizer.
        settings: what counts as a near-duplicate.
        retracted: lists of take-downs, or releases that have one, besides those of the releases in `creative`.

    Raises:
        InputError: a file cannot be read, or there are no triplets, or no general examples, for a recipe that wants
            them.
        SettingError: contexts without a tokenizer, two recipes of one name, or general examples wanted of no file.
        StorageError: `out` holds something else or cannot be written.
    """
    _check(recipes, contexts, tokenizer, general)
    settings = settings or DedupSettings()
    releases = [path.parent for path in creative.paths if path.name == FULL]
    triplets, left_out = _creative(
        creative, [stone for path in (*releases, *retracted) for stone in read_tombstones(path)]
    )
    if not triplets and any(recipe.creative for recipe in recipes):
        raise InputError("there are no triplets", where=str(creative.paths[0]), remedy="Give a release with triplets.")
    examples, read, refused = _general(general, triplets, benchmark, settings)
    if not examples and any(recipe.general for recipe in recipes):
        raise _nothing_general(general, read, refused)
    left_out += refused
    made = [_creative_sample(each, reasoning) for each in triplets]
    added = [_general_sample(each) for each in sorted(examples, key=lambda each: _rank(seed, each.id))]
    most = min(len(added), max(recipe.general for recipe in recipes))
    tokens = dict(_tokens([*made, *added[:most]], tokenizer))
    with whole_folder(out, MIXTURES) as folder:
        mixtures = [_write(folder, recipe, made, added, seed, tokens, contexts) for recipe in recipes]
        write_jsonl(folder / "left_out.jsonl", map(asdict, left_out))
        reasons = dict(sorted(Counter(each.reason for each in left_out).items()))
        options = {
            "seed": seed,
            "reasoning": reasoning,
            "tokenizer": _without_folders(tokenizer_name),
            **settings.model_dump(),
            "benchmark": {"queries": len(benchmark), "sha256": _hash_of(benchmark)},
        }
        counts = {"general_read": read, "general_usable": len(examples), "left_out": reasons}
        manifest = _manifest(folder, mixtures, options, counts, [*creative.paths, *general])
        write_json(folder / "manifest.json", manifest)
    return MixSummary(out, len(triplets), len(examples), read, reasons, mixtures)


def _check(
    recipes: Sequence[Recipe], contexts: Sequence[int], tokenizer: Tokenizer | None, general: Sequence[Path]
) -> None:
    if contexts and tokenizer is None:
        raise SettingError(
            "the cut-off at a context length is counted in tokens",
            remedy="Add --tokenizer with a tokenizer.json or a model on the Hub.",
        )
    if any(context < 1 for context in contexts):
        raise SettingError("a context length is below 1", remedy="Give --context in tokens, such as 4096.")
    if not general and any(recipe.general for recipe in recipes):
        raise SettingError(
            "general examples are wanted, and no file of general data is given",
            remedy="Add --general FILE; or ask for --general-count 0.",
        )
    if len({recipe.name for recipe in recipes}) < len(recipes):
        raise SettingError("two mixtures have the same name", remedy="Ask for each count of general examples once.")


def _nothing_general(paths: Sequence[Path], read: int, refused: Sequence[LeftOut]) -> InputError:
    """None of the general records can be used; the first says why."""
    reasons = ", ".join(
        f"{count:,} {reason.replace('_', ' ')}" for reason, count in Counter(each.reason for each in refused).items()
    )
    first = f" ({refused[0].where}: {refused[0].detail})" if refused else ""
    return InputError(
        f"of {read:,} general records none can be used" + (f": {reasons}" if reasons else "") + first,
        where=", ".join(path.name for path in paths),
        remedy="Give records in Alpaca (instruction, output), ShareGPT (conversations) or messages form.",
    )


def _without_folders(name: str | None) -> str | None:
    """What a tokenizer is called, wherever it lies: `org/model` of the Hub stays, of a path the last part."""
    return Path(name).name if name and Path(name).exists() else name


def _hash_of(queries: Sequence[Query]) -> str:
    """SHA-256 over the queries in order, each as a line of JSON."""
    return hashlib.sha256("".join(f"{query.model_dump_json()}\n" for query in queries).encode()).hexdigest()


def _creative(triplets: TripletSet, stones: Sequence[Tombstone]) -> tuple[list[Triplet], list[LeftOut]]:
    """Triplets that were not taken down, each id once, in the order of reading; and what is left out."""
    taken_down = Tombstones(stones)
    chosen: dict[str, Triplet] = {}
    left_out: list[LeftOut] = []
    for triplet in triplets:
        where = f"triplet {triplet.id}"
        if stone := taken_down.over(triplet):
            left_out.append(LeftOut(where, "retracted", stone.reason, triplet.id))
        elif triplet.id in chosen:
            left_out.append(LeftOut(where, "duplicate", "another triplet has the same id", triplet.id))
        else:
            chosen[triplet.id] = triplet
    left_out += [LeftOut(each.where, "unreadable", each.reason) for each in triplets.rejects]
    return list(chosen.values()), left_out


def _general(
    paths: Sequence[Path], triplets: Sequence[Triplet], benchmark: Sequence[Query], settings: DedupSettings
) -> tuple[list[Example], int, list[LeftOut]]:
    """(usable examples, records read, those left out)"""
    chosen: dict[str, Example] = {}
    left_out: list[LeftOut] = []
    read = 0
    for path in paths:
        for found in read_general(path):
            read += 1
            if isinstance(found, Reject):
                left_out.append(LeftOut(found.where, "unreadable", found.reason))
            elif found.id in chosen:
                where = chosen[found.id].where
                left_out.append(LeftOut(found.where, "duplicate", f"the same conversation as {where}", found.id))
            else:
                chosen[found.id] = found
    near = {each.id: each for each in _too_near(list(chosen.values()), triplets, benchmark, settings)}
    return [each for each in chosen.values() if each.id not in near], read, [*left_out, *near.values()]


def _too_near(
    examples: Sequence[Example], triplets: Sequence[Triplet], benchmark: Sequence[Query], settings: DedupSettings
) -> Iterator[LeftOut]:
    """Examples that resemble a query of the benchmark or a creative triplet, with the first reason that holds."""
    asked, answered = [each.asked for each in examples], [each.answered for each in examples]
    queries, ids = [query.query for query in benchmark], [triplet.id for triplet in triplets]
    names = [f"query {query.id}" for query in benchmark], [f"triplet {each}" for each in ids]
    quoted = Quotations(queries)
    searches = [
        ("near_benchmark", names[0], Neighbourhood(queries, settings).matches(asked)),
        ("quotes_benchmark", names[0], [quoted.match(each.asked) for each in examples]),
        ("near_creative_prompt", names[1], Neighbourhood([t.prompt for t in triplets], settings).matches(asked)),
        (
            "near_creative_article",
            names[1],
            Neighbourhood([t.article.text for t in triplets], settings).matches(answered),
        ),
    ]
    for at, example in enumerate(examples):
        for reason, called, matches in searches:
            if match := matches[at]:
                yield LeftOut(example.where, reason, called[match.index], example.id, round(match.similarity, 4))
                break


def _rank(seed: int, name: str) -> bytes:
    """Where something stands in the line from which examples are taken; a seed shuffles it anew."""
    return hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=16).digest()


def _creative_sample(triplet: Triplet, reasoning: bool) -> Sample:
    article = triplet.article.text
    answer = answer_with_thoughts(triplet.reasoning, article) if reasoning else article
    prompt = (Message("user", triplet.prompt),)
    return Sample(triplet.id, "creative", prompt, Message("assistant", answer), triplet.genre)


def _general_sample(example: Example) -> Sample:
    return Sample(example.id, "general", example.messages[:-1], example.messages[-1])


def _tokens(samples: Sequence[Sample], tokenizer: Tokenizer | None) -> Iterator[tuple[tuple[str, str], int]]:
    """((source, id), tokens of all its texts) for each sample; nothing without a tokenizer."""
    if tokenizer is None:
        return
    counts = count_tokens((sample.text for sample in samples), tokenizer)
    for sample, count in zip(samples, counts, strict=True):
        yield (sample.source, sample.id), count


def _write(
    folder: Path,
    recipe: Recipe,
    creative: Sequence[Sample],
    general: Sequence[Sample],
    seed: int,
    tokens: dict[tuple[str, str], int],
    contexts: Sequence[int],
) -> Mixture:
    chosen = [*(creative if recipe.creative else ()), *general[: recipe.general]]
    chosen.sort(key=lambda sample: _rank(seed, f"{sample.source}:{sample.id}"))
    file = f"{recipe.name}.jsonl"
    write_jsonl(folder / file, (sample.record() for sample in chosen))
    counts = [tokens[sample.source, sample.id] for sample in chosen] if tokens else []
    turns = [len(sample.prompt) + 1 for sample in chosen]
    return Mixture(
        name=recipe.name,
        file=file,
        creative=sum(sample.source == "creative" for sample in chosen),
        general=sum(sample.source == "general" for sample in chosen),
        wanted=recipe.general,
        characters=sum(len(sample.text) for sample in chosen),
        tokens=sum(counts) if tokens else None,
        tokens_creative=(
            sum(count for sample, count in zip(chosen, counts, strict=True) if sample.source == "creative")
            if tokens
            else None
        ),
        cut_off=[cut_off(counts, turns, context) for context in contexts],
    )


def _manifest(
    folder: Path, mixtures: Sequence[Mixture], options: dict[str, Any], counts: dict[str, Any], inputs: Sequence[Path]
) -> dict[str, Any]:
    return {
        "format": MIXTURES,
        "format_version": 1,
        "versions": {"coig_writer": __version__, "python": platform.python_version()},
        "settings": options,
        "inputs": [{"name": path.name, "sha256": file_hash(path)} for path in inputs],
        "counts": counts,
        "mixtures": [asdict(each) | {"ratio": each.ratio} for each in mixtures],
        "files": {
            path.name: {"sha256": file_hash(path), "bytes": path.stat().st_size} for path in sorted(folder.iterdir())
        },
    }
