"""Training, validation and test sets: stratified by genre, and nothing that belongs together straddles two of them.

What belongs together is kept in one group: triplets by one author, from one address, with one id, or with a nearly
equal article or prompt, and whatever is linked to them in turn. Groups, the largest first, go where their genres are
missing most, as long as their part has room: where genres are small, each of them alone would go into the largest part.
So shares are met as well as the groups allow, and groups are never broken for them.
"""

from __future__ import annotations

import hashlib
import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coig_writer import __version__
from coig_writer.corpus.dedup import DedupSettings
from coig_writer.corpus.sources import locate
from coig_writer.dataset.audit import author_of, near_copies
from coig_writer.dataset.counts import slug_of
from coig_writer.dataset.folder import SPLIT, whole_folder
from coig_writer.dataset.sets import TripletSet, file_hash
from coig_writer.errors import InputError, SettingError
from coig_writer.files import write_json, write_jsonl
from coig_writer.schema import Triplet

PARTS = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""Parts and their shares if none are named."""
_EXCESS = 0.02
"""Share of all triplets that a part may get too many, for the sake of a genre."""


@dataclass(frozen=True)
class SplitSummary:
    """What `write_split` wrote."""

    out: Path
    counts: dict[str, int]
    """Part → triplets."""
    wanted: dict[str, float]
    """Part → share that was asked for."""
    genres: dict[str, dict[str, int]]
    """Genre → part → triplets."""
    groups: int
    largest_group: int
    """Triplets in the largest group."""


def write_split(
    triplets: TripletSet,
    out: Path,
    parts: Mapping[str, float] | None = None,
    *,
    seed: int = 42,
    settings: DedupSettings | None = None,
) -> SplitSummary:
    """Writes each part as JSON Lines of triplets into `out`, with a manifest. The same input gives the same bytes.

    The manifest lists what could not be read or kept.

    Args:
        parts: name → share, of any sum; `PARTS` if left out.
        seed: decides among groups of one size.
        settings: what counts as a near-duplicate.

    Raises:
        InputError: there are no triplets.
        SettingError: shares are not positive, or a name is no file name.
        StorageError: `out` holds something else or cannot be written.
    """
    shares = checked_shares(parts or PARTS)
    read = list(triplets)
    if not read:
        raise InputError("there are no triplets", where=str(triplets.paths[0]), remedy="Give a file with triplets.")
    groups = groups_of(read, settings or DedupSettings())
    placed = split(read, groups, shares, seed)
    with whole_folder(out, SPLIT) as folder:
        for part in shares:
            write_jsonl(
                folder / f"{part}.jsonl", (each for each, where in zip(read, placed, strict=True) if where == part)
            )
        summary = _summary(out, read, placed, groups, shares)
        write_json(folder / "manifest.json", _manifest(folder, summary, triplets, seed))
    return summary


def checked_shares(parts: Mapping[str, float]) -> dict[str, float]:
    """Name → share of a sum of one.

    Raises:
        SettingError: see `write_split`.
    """
    if not parts or not all(0 < share < float("inf") for share in parts.values()):
        raise SettingError("a part's share is not positive", remedy="Give shares such as train=0.8, test=0.2.")
    bad = [name for name in parts if not name.replace("-", "").replace("_", "").isalnum()]
    if bad:
        raise SettingError(f"{bad[0]!r} cannot be the name of a file", remedy="Use letters, digits, - and _.")
    total = sum(parts.values())
    return {name: share / total for name, share in parts.items()}


def groups_of(triplets: Sequence[Triplet], settings: DedupSettings) -> list[int]:
    """For each triplet the number of its group, the place of the group's first member."""
    links: dict[tuple[str, str], int] = {}
    parent = list(range(len(triplets)))

    def find(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    def link(key: tuple[str, str], at: int) -> None:
        one, other = find(links.setdefault(key, at)), find(at)
        parent[max(one, other)] = min(one, other)

    for at, triplet in enumerate(triplets):
        for key in _belongings(triplet):
            link(key, at)
    for number, cluster in enumerate(near_copies(triplets, settings)):
        if cluster.part != "reasoning":  # alike reasonings are a matter of style, not of leaking a text
            for triplet_id in cluster.ids:
                link(("cluster", str(number)), links["id", triplet_id])
    return [find(at) for at in range(len(triplets))]


def _belongings(triplet: Triplet) -> Iterable[tuple[str, str]]:
    yield "id", triplet.id
    if author := author_of(triplet):
        yield "author", author
    if url := locate(triplet.article.url, None).key:
        yield "url", url


def split(triplets: Sequence[Triplet], groups: Sequence[int], shares: Mapping[str, float], seed: int) -> list[str]:
    """For each triplet the name of its part; triplets of one group get the same."""
    members: dict[int, list[int]] = defaultdict(list)
    for at, group in enumerate(groups):
        members[group].append(at)
    genres = [slug_of(triplet.genre) for triplet in triplets]
    counts = Counter(genres)
    lacking = {part: {genre: share * count for genre, count in counts.items()} for part, share in shares.items()}
    overall = {part: share * len(triplets) for part, share in shares.items()}
    placed = [""] * len(triplets)
    for group in sorted(members, key=lambda group: (-len(members[group]), _rank(seed, triplets[group].id))):
        size, held = len(members[group]), Counter(genres[at] for at in members[group])
        roomy = [part for part in shares if overall[part] - size >= -_EXCESS * len(triplets)]
        part = max(roomy or shares, key=lambda part: (_gain(held, lacking[part]), overall[part]))
        for genre, count in held.items():
            lacking[part][genre] -= count
        overall[part] -= size
        for at in members[group]:
            placed[at] = part
    return placed


def _gain(held: Mapping[str, int], lacking: Mapping[str, float]) -> float:
    """How much of what a part lacks a group would bring, less what it would bring too much."""
    return round(sum(count * lacking[genre] for genre, count in held.items()), 9)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}:{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _summary(
    out: Path, triplets: Sequence[Triplet], placed: Sequence[str], groups: Sequence[int], shares: Mapping[str, float]
) -> SplitSummary:
    pairs = Counter((slug_of(each.genre), part) for each, part in zip(triplets, placed, strict=True))
    sizes = Counter(groups)
    return SplitSummary(
        out=out,
        counts={part: placed.count(part) for part in shares},
        wanted=dict(shares),
        genres={genre: {part: pairs[genre, part] for part in shares} for genre in sorted({g for g, _ in pairs})},
        groups=len(sizes),
        largest_group=max(sizes.values()),
    )


def _manifest(folder: Path, summary: SplitSummary, triplets: TripletSet, seed: int) -> dict[str, Any]:
    return {
        "format": SPLIT,
        "format_version": 1,
        "versions": {"coig_writer": __version__, "python": platform.python_version()},
        "seed": seed,
        "inputs": [asdict(source) for source in triplets.sources()],
        "unread": [asdict(reject) for reject in triplets.rejects],
        "not_kept": [asdict(loss) for loss in triplets.losses],
        **{name: value for name, value in asdict(summary).items() if name != "out"},
        "files": {
            path.name: {"sha256": file_hash(path), "bytes": path.stat().st_size} for path in sorted(folder.iterdir())
        },
    }
