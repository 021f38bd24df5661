"""Bringing texts in: files of candidates, drafts or triplets, and single texts that somebody proposes."""

from __future__ import annotations

import json
import time
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from coig_writer.corpus.assess import DIMENSIONS
from coig_writer.corpus.candidates import is_candidates
from coig_writer.corpus.findings import Finding
from coig_writer.dataset.read import Reject, iter_triplets
from coig_writer.dataset.strict_json import parse
from coig_writer.errors import CoigError
from coig_writer.schema import Article, Draft, Triplet
from coig_writer.studio import sharing
from coig_writer.studio.models import Item, Project, Version
from coig_writer.studio.models.audit import record
from coig_writer.taxonomy import resolve

CHUNK = 100
"""Items stored in one transaction, so that nobody who saves meanwhile waits long."""
SHOWN_REJECTS = 20
OPENING = 30
"""Characters of a first line that stand for a missing title."""
LOOKED_AT = 5_000
"""Texts of a project among which an import looks for near copies; with more it would take minutes, and says so."""

LOOKING = 5.0
"""Seconds that an import spends on the pre-analysis of its texts; the rest follows when they are listed."""


@dataclass(frozen=True)
class Incoming:
    """One record of a file: an article, and what it has of prompt and reasoning."""

    article: Article
    prompt: str = ""
    reasoning: str = ""
    draft: Draft | None = None


@dataclass(frozen=True)
class NearCopy:
    """An item that was added, and the older one that it nearly copies."""

    item: Item
    older: Item
    similarity: float


@dataclass
class Imported:
    """What an import did; `added`, `known` and the number of `rejects` add up to the records read."""

    added: int = 0
    known: int = 0
    """Articles that the project has already."""
    rejects: list[Reject] = field(default_factory=list)
    """Records that could not be read."""
    lost: list[Reject] = field(default_factory=list)
    """Fields that could not be kept, of records that were read."""
    near: list[NearCopy] | None = field(default_factory=list)
    """What was added and is very like what the project had; None: not looked for, since that was too much."""
    doubts: Counter[str] = field(default_factory=Counter)
    """Reason → how many of those added are hardly worth the work, as far as they were looked at."""
    unseen: int = 0
    """Added and not looked at for lack of time; it is made up for when they are shown."""

    @property
    def doubted(self) -> list[tuple[str, int]]:
        """`doubts`, the most frequent first; in a template a counter answers every name with a count."""
        return self.doubts.most_common()

    @property
    def doubtful(self) -> int:
        return self.doubts.total()


def import_file(
    project: Project, path: Path, *, actor: Any = None, name: str | None = None, seconds: float | None = LOOKING
) -> Imported:
    """Adds every article of a file that the project does not have yet.

    Args:
        path: a folder or Parquet file of `corpus build`, JSON Lines of articles, drafts or triplets, or any form of
            triplets that `dataset` reads.
        actor: who did it, for the audit log.
        name: what the file is called there, if not as it is called here.
        seconds: for which new texts are looked at one by one while somebody waits; None: until all are.

    Raises:
        InputError: the file is missing or of no known kind. One that is damaged further on comes in up to there.
    """
    done = Imported()
    until = None if seconds is None else time.monotonic() + seconds
    last = project.items.order_by("-pk").values_list("pk", flat=True).first() or 0
    for chunk in _chunks(_to_its_break(path)):
        records = []
        for each in chunk:
            if isinstance(each, Reject):
                where = each.where.replace(path.name, name or path.name)
                (done.rejects if each.whole else done.lost).append(replace(each, where=where))
            else:
                records.append(each)
        added = add(project, records)
        look_at(added, until=until)
        done.added += len(added)
        done.known += len(records) - len(added)
        done.doubts.update(item.doubt for item in added if item.doubt)
        done.unseen += sum(item.doubt is None for item in added)
    done.near = _near_copies(project, last)
    record(
        "import",
        actor=actor,
        project=project,
        file=name or path.name,
        added=done.added,
        known=done.known,
        rejected=len(done.rejects),
        lost=len(done.lost),
    )
    return done


def _near_copies(project: Project, last: int) -> list[NearCopy] | None:
    """Items after number `last` that nearly copy one up to it."""
    from coig_writer.dataset.near import Neighbourhood

    old, new = project.items.filter(pk__lte=last), project.items.filter(pk__gt=last)
    if old.count() > LOOKED_AT:
        return None
    if not (old.exists() and new.exists()):
        return []
    older, texts = zip(*old.values_list("pk", "article_json__text"), strict=True)
    added, written = zip(*new.values_list("pk", "article_json__text"), strict=True)
    found = zip(added, Neighbourhood(texts).matches(written), strict=True)
    pairs = [(pk, older[match.index], match.similarity) for pk, match in found if match]
    items = project.items.defer("article_json", "draft_json").in_bulk({pk for each in pairs for pk in each[:2]})
    return [NearCopy(items[pk], items[other], similarity) for pk, other, similarity in pairs]


def _chunks(records: Iterator[Incoming | Reject]) -> Iterator[list[Incoming | Reject]]:
    while chunk := list(islice(records, CHUNK)):
        yield chunk


def add(project: Project, records: list[Incoming]) -> list[Item]:
    """Stores those whose article the project does not have, and returns their items."""
    by_key = {each.article.id: each for each in records}
    with transaction.atomic():
        known = set(project.items.filter(key__in=by_key).values_list("key", flat=True))
        new = {key: each for key, each in by_key.items() if key not in known}
        items = Item.objects.bulk_create([_item(project, each) for each in new.values()])
        Version.objects.bulk_create(
            Version(item=item, number=1, origin="import", prompt=each.prompt, reasoning=each.reasoning)
            for item, each in zip(items, new.values(), strict=True)
            if each.prompt or each.reasoning
        )
    sharing.share_if_wanted(project)
    return items


def _item(project: Project, incoming: Incoming) -> Item:
    article = incoming.article
    genre = _genre(article.genre)
    draft = incoming.draft
    return Item(
        project=project,
        key=article.id,
        title=article.title[:300] if article.title else _opening(article.text),
        genre=genre.slug if genre else "",
        category=genre.category if genre else "",
        specialist=bool(genre and genre.specialist),
        platform=(article.platform or "")[:120],
        length=len(article.text),
        head=1 if incoming.prompt or incoming.reasoning else 0,
        article_json=article.model_copy(update={"genre": genre.slug if genre else None}).model_dump(mode="json"),
        draft_json=draft.model_dump(mode="json", exclude={"article"}) if draft else None,
    )


def _opening(text: str) -> str:
    """What stands for a title where there is none."""
    line = text.strip().splitlines()[0]
    return line if len(line) <= OPENING else line[: OPENING - 1] + "…"


def _genre(name: str | None):
    try:
        return resolve(name) if name else None
    except CoigError:
        return None


def _to_its_break(path: Path) -> Iterator[Incoming | Reject]:
    """The records of a file; where the rest cannot be read although some could, that is the last of its rejects."""
    some = False
    try:
        for each in _incoming(path):
            some = True
            yield each
    except CoigError as error:
        if not some:
            raise
        yield Reject(path.name, f"the rest: {error.message}")


def _incoming(path: Path) -> Iterator[Incoming | Reject]:
    kind = _kind(path)
    if kind == "triplets":
        for triplet in iter_triplets(path):
            yield triplet if isinstance(triplet, Reject) else _of_triplet(triplet)
        return
    if path.is_file() and path.suffix != ".parquet":
        yield from _of_lines(path)
        return
    from coig_writer.annotate.run import load_drafts

    yield from map(_of_draft, load_drafts(path))


def _of_lines(path: Path) -> Iterator[Incoming | Reject]:
    """Articles or drafts, a line each; a line that is neither is a reject, and the others come in all the same."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            bare = line.removeprefix(BOM_UTF8).strip()
            if not bare:
                continue
            try:
                record = parse(bare)
                if isinstance(record, dict) and "article" in record:
                    yield _of_draft(Draft.model_validate(record))
                else:
                    yield Incoming(Article.model_validate(record))
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(map(str, first["loc"])) or "record"
                yield Reject(f"{path.name}:{number}", first["msg"], place)
            except ValueError as error:
                yield Reject(f"{path.name}:{number}", str(error), getattr(error, "field", None))


def _of_draft(draft: Draft) -> Incoming:
    drafted = draft if draft.prompt or draft.reasoning or draft.screening or draft.analysis else None
    return Incoming(draft.article, draft.prompt or "", draft.reasoning or "", drafted)


def _kind(path: Path) -> str:
    """`drafts` for what `corpus` and `annotate` write, which `load_drafts` reads, else `triplets`."""
    if path.is_dir() or not path.is_file():
        return "drafts"
    if path.suffix == ".parquet":
        return "drafts" if is_candidates(path) else "triplets"
    with open(path, "rb") as file:
        line = next((line for line in file if line.strip()), b"")
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        return "triplets"
    if not isinstance(first, dict):
        return "triplets"
    article = isinstance(first.get("text"), str) and "id" in first
    return "drafts" if article or "status" in first else "triplets"


def _of_triplet(triplet: Triplet) -> Incoming:
    """The article takes the triplet's genre; a model's wording stays beside the text as its draft."""
    article = triplet.article.model_copy(update={"genre": triplet.genre})
    origin = triplet.provenance
    draft = None
    if origin.drafted_by and origin.drafted_by.startswith("llm:"):
        draft = Draft(
            id=triplet.id,
            article=article,
            prompt=origin.draft_prompt,
            reasoning=origin.draft_reasoning,
            model=origin.drafted_by.removeprefix("llm:"),
            templates=origin.templates,
        )
    return Incoming(article, triplet.prompt, triplet.reasoning, draft)


@dataclass(frozen=True)
class Assessed:
    """What the pre-analysis says of a proposed text."""

    article: Article | None
    reason: str | None
    """A code of `corpus.reasons.REASONS` that speaks against it; None: worth the work."""
    detail: str | None
    scores: dict[str, float]
    findings: dict[str, list[Finding]]
    alike: Item | None = None
    """The project's item that this text copies, or nearly."""
    similarity: float = 0.0


def assess(project: Project, text: str, *, url: str = "", published: str = "", title: str = "", genre: str = ""):
    """Looks at a proposed text as `corpus build` does, and for what the project has like it."""
    found = _inspected(text, url=url, published=published, title=title, genre=genre)
    evidence = json.loads(found.get("evidence") or "{}")
    findings = {name: [Finding(**each) for each in evidence.get(name, [])] for name in DIMENSIONS}
    article = None
    if found.get("id"):
        names = ("id", "text", "title", "url", "platform", "language", "script", "genre", "published")
        article = Article(**{name: found[name] for name in names}, genre_by="source" if found["genre"] else None)
    alike, similarity = near(project, article) if article else (None, 0.0)
    return Assessed(
        article,
        found.get("reason"),
        found.get("detail"),
        _dimensions(found),
        {name: each for name, each in findings.items() if each},
        alike,
        similarity,
    )


def look_at(items: Iterable[Item], *, until: float | None = None) -> None:
    """Stores what speaks against the work on articles that a file brought.

    A file need not give dates, so that a missing one speaks against nothing.

    Args:
        until: time of `time.monotonic` after which no further one is begun; those left are looked at when shown.
    """
    done = []
    for item in items:
        if until is not None and time.monotonic() > until:
            break
        article = item.article
        found = _inspected(
            article.text,
            url=article.url or "",
            published=article.published.isoformat() if article.published else "",
            title=article.title or "",
            genre=article.genre or "",
            undated=True,
        )
        item.doubt, item.doubt_detail = found.get("reason") or "", (found.get("detail") or "")[:300]
        done.append(item)
    Item.objects.bulk_update(done, ["doubt", "doubt_detail"])


def _inspected(text: str, *, url: str, published: str, title: str, genre: str, undated: bool = False) -> dict[str, Any]:
    from coig_writer.corpus.inspection import inspect_row
    from coig_writer.corpus.rows import Row, Stamp
    from coig_writer.corpus.settings import CorpusSettings

    stamps = [Stamp("proposer", published)] if published else []
    row = Row("proposed", text=text, title=title or None, url=url or None, genre=genre or None, stamps=stamps)
    return inspect_row(asdict(row) | {"key": "0"}, CorpusSettings(language="any", allow_undated=undated))


def _dimensions(found: dict[str, Any]) -> dict[str, float]:
    return {name: found[name] for name in DIMENSIONS if found.get(name) is not None}


def near(project: Project, article: Article) -> tuple[Item | None, float]:
    """The project's item most like an article, if it is nearly a copy, and how like (0–1)."""
    from coig_writer.dataset.near import Neighbourhood

    same = project.items.filter(key=article.id).first()
    if same:
        return same, 1.0
    known = list(project.items.values_list("pk", "article_json__text"))
    if not known:
        return None, 0.0
    match = Neighbourhood([text for _, text in known]).matches([article.text])[0]
    return (project.items.get(pk=known[match.index][0]), match.similarity) if match else (None, 0.0)
