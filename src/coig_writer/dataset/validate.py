"""Whether a set is fit to be released or trained on: every triplet by itself, beside the others, beside a second set.

Memory does not grow with the length of the texts: a sketch, a place and an id stay of each triplet. The texts of likely
near copies are fetched in further passes over the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np

from coig_writer.corpus.dedup import DedupSettings
from coig_writer.dataset.containers import records_of
from coig_writer.dataset.copies import Sketch, Sketches, similarities, sketch
from coig_writer.dataset.near import Neighbourhood
from coig_writer.dataset.rules import Problem, Rules, Severity, problems_of
from coig_writer.dataset.sets import TripletSet
from coig_writer.dataset.shapes import Losses, Unusable, prompt_alone, triplet_of
from coig_writer.errors import InputError
from coig_writer.schema import Query, Triplet

EXAMPLES = 20
"""Findings of each rule that are kept; `report` gets all."""
_FETCHED = 50_000
"""Texts of likely near copies that are held at a time."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, and where."""

    rule: str
    """A key of `rules.EXPLAINED`."""
    severity: Severity
    where: str
    """`FILE:ROW`."""
    id: str | None
    """The triplet's, if there is one."""
    part: str | None
    message: str


@dataclass
class Validation:
    """What validation found."""

    triplets: int = 0
    unread: int = 0
    findings: Counter[tuple[str, Severity]] = field(default_factory=Counter)
    """(rule, severity) → findings."""
    affected: Counter[str] = field(default_factory=Counter)
    """Rule → records with such a finding."""
    examples: dict[str, list[Finding]] = field(default_factory=dict)

    def note(self, where: str, triplet: str | None, problems: Sequence[Problem]) -> list[Finding]:
        """Counts what is wrong with one record, and returns it with its place."""
        made = [Finding(each.rule, each.severity, where, triplet, each.part, each.message) for each in problems]
        for finding in made:
            self.findings[finding.rule, finding.severity] += 1
            self._keep(finding)
        self.affected.update({finding.rule for finding in made})
        return made

    def add(self, other: Validation) -> None:
        """Takes up what was found in the next records."""
        self.triplets += other.triplets
        self.findings.update(other.findings)
        self.affected.update(other.affected)
        for kept in other.examples.values():
            for finding in kept:
                self._keep(finding)

    def _keep(self, finding: Finding) -> None:
        kept = self.examples.setdefault(finding.rule, [])
        if len(kept) < EXAMPLES:
            kept.append(finding)

    @property
    def errors(self) -> int:
        return sum(count for (_, severity), count in self.findings.items() if severity == "error")

    @property
    def warnings(self) -> int:
        return sum(count for (_, severity), count in self.findings.items() if severity == "warning")


@dataclass(frozen=True)
class OtherText:
    """A text of the second set."""

    where: str
    part: str
    text: str


def validate(
    triplets: TripletSet,
    *,
    against: Sequence[OtherText] = (),
    rules: Rules | None = None,
    near: DedupSettings | None = None,
    report: Callable[[Finding], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Validation:
    """Looks at every triplet and at all of them together.

    Args:
        triplets: the set; gone through once, and again where there are likely near copies.
        against: texts that must not occur in the set, such as a benchmark's; held in memory.
        near: what counts as a near-duplicate.
        report: called with each finding as it is made, those about single triplets first.
        progress: called with the number of records so far, from time to time.

    Raises:
        InputError: a file cannot be read.
    """
    near = near or DedupSettings()
    check = _Check(triplets, near, report)
    parts = {part: [other for other in against if other.part == part] for part in ("prompt", "article")}
    apart = [_Apart(part, others, near) for part, others in parts.items() if others]
    for block in triplets.in_blocks(partial(_examine, rules=rules or Rules(), apart=apart, every=report is not None)):
        check.take(block)
        if progress:
            progress(check.found.triplets)
    check.refuse()
    check.together()
    return check.found


def other_texts(sources: Iterable[Path], queries: Iterable[Query] = ()) -> list[OtherText]:
    """The prompts and articles of a second set: triplets in any shape, or queries.

    Raises:
        InputError: a file cannot be read, or has a record with neither; names it.
    """
    found = [OtherText(query.id, "prompt", query.query) for query in queries]
    for path in sources:
        for record in records_of(path):
            try:
                if record.error:
                    raise Unusable("record", record.error)
                found += _texts(record.where, record.parsed())
            except ValueError as error:
                raise InputError(
                    f"neither a triplet nor a query: {error}", where=record.where, remedy="Mend or remove it."
                ) from error
    return found


def _texts(where: str, value: object) -> Iterator[OtherText]:
    if (asked := prompt_alone(value)) is not None:
        yield OtherText(where, "prompt", asked)
        return
    triplet = triplet_of(value, Losses())
    yield OtherText(where, "prompt", triplet.prompt)
    yield OtherText(where, "article", triplet.article.text)


@dataclass(frozen=True)
class _Examined:
    """What is known of a block of records; made in one process and taken up in another."""

    places: list[str]
    ids: list[str]
    found: Validation
    findings: list[Finding]
    """All of them if they are wanted: there may be several a record."""
    hashes: np.ndarray
    """uint64, triplets × 3: of id, article, prompt."""
    sketch: Sketch


def _examine(read: Sequence[tuple[str, Triplet]], rules: Rules, apart: Sequence[_Apart], every: bool) -> _Examined:
    """Each triplet of a block by itself and beside the second set."""
    triplets = [triplet for _, triplet in read]
    problems = [list(problems_of(triplet, rules)) for triplet in triplets]
    for each in apart:
        each.add_matches(triplets, problems)
    found, findings = Validation(len(triplets)), list[Finding]()
    for (where, triplet), some in zip(read, problems, strict=True):
        made = found.note(where, triplet.id, some)
        findings += made if every else ()
    hashes = [(_hash(each.id), _hash(each.article.text), _hash(each.prompt)) for each in triplets]
    return _Examined(
        places=[where for where, _ in read],
        ids=[triplet.id for triplet in triplets],
        found=found,
        findings=findings,
        hashes=np.array(hashes, np.uint64).reshape(-1, 3),
        sketch=sketch([triplet.article.text for triplet in triplets]),
    )


def _hash(text: str) -> int:
    """64 bits of a text without its white space."""
    digest = blake2b("".join(text.split()).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class _Apart:
    """Prompts, or articles, that must not occur in the set."""

    def __init__(self, part: str, others: Sequence[OtherText], near: DedupSettings) -> None:
        self.part, self._places = part, [other.where for other in others]
        self._near = Neighbourhood([other.text for other in others], near)

    def add_matches(self, triplets: Sequence[Triplet], problems: list[list[Problem]]) -> None:
        texts = [triplet.prompt if self.part == "prompt" else triplet.article.text for triplet in triplets]
        for match, found in zip(self._near.matches(texts), problems, strict=True):
            if match:
                message = f"is {match.similarity:.0%} the {self.part} of {self._places[match.index]}"
                found.append(Problem("against", "error", message, self.part))


class _Check:
    """One validation on its way."""

    def __init__(self, triplets: TripletSet, near: DedupSettings, report: Callable[[Finding], None] | None) -> None:
        self.found = Validation()
        self._triplets, self._report, self._near = triplets, report, near
        self._sketches = Sketches(near)
        self._places: list[str] = []
        self._ids: list[str] = []
        self._hashes: list[np.ndarray] = []

    def take(self, block: _Examined) -> None:
        """Takes up what is wrong in a block, and keeps what is needed of it later."""
        self.found.add(block.found)
        self._tell(block.findings)
        self._places += block.places
        self._ids += block.ids
        self._hashes.append(block.hashes)
        self._sketches.add(block.sketch)

    def refuse(self) -> None:
        """Notes what could not be read or kept."""
        for reject in [*self._triplets.rejects, *self._triplets.losses]:
            rule, severity = ("unreadable", "error") if reject.whole else ("lost-field", "warning")
            self.found.unread += reject.whole
            problem = Problem(rule, severity, reject.reason, reject.field)  # type: ignore[arg-type]
            self._tell(self.found.note(reject.where, None, [problem]))

    def _note(self, number: int, problem: Problem) -> None:
        self._tell(self.found.note(self._places[number], self._ids[number], [problem]))

    def _tell(self, findings: Iterable[Finding]) -> None:
        if self._report:
            for finding in findings:
                self._report(finding)

    def together(self) -> None:
        """What triplets have in common: ids, articles, prompts, and near copies of articles."""
        self._repeated("id", "duplicate-id", "error")
        self._repeated("article", "duplicate-article", "error")
        self._repeated("prompt", "duplicate-prompt", "warning")
        for one, other, similarity in self._near_copies():
            message = f"its article is {similarity:.0%} that of {self._places[one]}"
            self._note(other, Problem("near-duplicate", "warning", message, "article"))

    def _repeated(self, what: str, rule: str, severity: Severity) -> None:
        for first, later in repeats(self._hashed(what)):
            message = f"the same {what} as {self._places[first]}"
            self._note(later, Problem(rule, severity, message, what))

    def _hashed(self, what: str) -> np.ndarray:
        column = ("id", "article", "prompt").index(what)
        return np.concatenate([block[:, column] for block in self._hashes] or [np.empty(0, np.uint64)])

    def _near_copies(self) -> Iterator[tuple[int, int, float]]:
        """(number of the earlier, of the later, exact similarity) of articles that reach the threshold."""
        pairs = self._sketches.candidates()
        same = self._hashed("article")
        pairs = pairs[same[pairs[:, 0]] != same[pairs[:, 1]]]
        for some in np.array_split(pairs, len(pairs) * 2 // _FETCHED + 1):
            texts = self._fetch(set(some.ravel().tolist()))
            exact = similarities([texts[one] for one in some[:, 0]], [texts[other] for other in some[:, 1]])
            for (one, other), similarity in zip(some.tolist(), exact.tolist(), strict=True):
                if similarity >= self._near.threshold:
                    yield one, other, similarity

    def _fetch(self, wanted: set[int]) -> dict[int, str]:
        if not wanted:
            return {}
        return {number: each.article.text for number, each in enumerate(self._triplets) if number in wanted}


def repeats(hashes: np.ndarray) -> Iterator[tuple[int, int]]:
    """(first, later) of positions with equal hashes, by the first and then the later; each later one once."""
    if not len(hashes):
        return
    order = np.argsort(hashes, kind="stable")
    starts = np.r_[True, np.diff(hashes[order]) != 0]
    firsts = order[np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))]
    yield from sorted(zip(firsts[~starts].tolist(), order[~starts].tolist(), strict=True))
