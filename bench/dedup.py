"""Near-duplicate search: speed, memory, recall and precision beside other libraries, on planted near-duplicates.

    python bench/dedup.py poems_20k.jsonl [--texts 300000] [--edits at-most|at-least-one|nearest] [--json]

The file has one poem a line, as JSON with a `text`. Two corpora are made of it: the poems, and 4,000 texts of
2,000 characters cut from shuffled poems. Copies with 2 % and 5 % of their characters edited are planted in
both. Every contender runs in a process of its own, five times (`--rounds`); the fastest round counts, in CPU
seconds over all its threads, so the first may compile. At last our search alone runs over a large set made by
cutting poems into lines and shuffling them.

All use character 5-grams without punctuation, 128 values and 32 bands of 4.
"signed": from texts in memory to signatures. Ours and the hashes by numpy start from raw texts; for the others,
    removing punctuation and bringing texts into the shape they want is free of charge.
"clustered": from a Parquet file of raw texts to pairs of near-duplicates, everything counted.
"recall": of the planted pairs, and of all pairs whose exact Jaccard similarity reaches the threshold.
"precision": share of the found pairs that are planted or reach the threshold, and that reach it.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

THRESHOLD = 0.45
SHARES = (0.02, 0.05)
LONG, LONG_TEXTS = 2000, 4000
ROUNDING: dict[str, Callable[[float], int]] = {
    "at-most": int,
    "at-least-one": lambda count: max(1, int(count)),
    "nearest": round,
}
"""How many characters are edited; texts in which that is none get no copy."""
Pairs = set[tuple[int, int]]


# --- corpora ---------------------------------------------------------------------------------------------------


@dataclass
class Corpus:
    """Texts, the last of which are edited copies of earlier ones."""

    texts: list[str]
    planted: dict[float, Pairs]
    """Share of edited characters → (original, copy)."""


def uncounted(texts: list[str]) -> str:
    """The white space, punctuation and controls that occur."""
    kinds = ((c, unicodedata.category(c)) for c in sorted(set().union(*texts)))
    return "".join(c for c, kind in kinds if kind[0] in "PZ" or kind in ("Cc", "Cf"))


def bare(text: str, unwanted: str) -> str:
    """`text` in NFC without some characters (the quickest way Python has, if these are few)."""
    text = unicodedata.normalize("NFC", text)
    for character in unwanted:
        text = text.replace(character, "")
    return text


def edited(text: str, count: int, letters: str, rng: random.Random) -> str:
    """`text` with `count` characters replaced, removed or preceded by a new one, in equal parts by chance."""
    out = list(text)
    for place in rng.sample(range(len(out)), count):
        new = rng.choice(letters)
        while new == out[place]:
            new = rng.choice(letters)
        out[place] = rng.choice((new, "", new + out[place]))
    return "".join(out)


def planted(texts: list[str], each: int, rounding: Callable, rng: random.Random) -> Corpus:
    """`texts` with `each` edited copies a share, of different originals that are long enough for one edit."""
    letters = "".join(texts[:2000])
    corpus = Corpus(list(texts), {})
    free = rng.sample(range(len(texts)), len(texts))
    for share in SHARES:
        chosen = [i for i in free if rounding(share * len(texts[i])) >= 1][:each]
        free = sorted(set(free) - set(chosen))
        rng.shuffle(free)
        copies = [edited(texts[i], rounding(share * len(texts[i])), letters, rng) for i in chosen]
        corpus.planted[share] = set(zip(chosen, range(len(corpus.texts), len(corpus.texts) + len(copies)), strict=True))
        corpus.texts += copies
    return corpus


def long_texts(poems: list[str], rng: random.Random) -> list[str]:
    needed = LONG * LONG_TEXTS
    stream = ""
    while len(stream) < needed:
        stream += "".join(rng.sample(poems, len(poems)))
    return [stream[i : i + LONG] for i in range(0, needed, LONG)]


def shuffled_lines(poems: list[str], count: int, rng: random.Random) -> list[str]:
    """The poems and, up to `count`, new ones, dealt from all their lines in ever new order and as long as they."""
    cut = [[line + "。" for line in poem.split("。") if line] for poem in poems]
    lines = [line for poem in cut for line in poem]
    sizes = [len(poem) for poem in cut if len(poem) > 1]
    out, deck = list(poems), []
    while len(out) < count:
        size = rng.choice(sizes)
        if len(deck) < size:
            deck = rng.sample(lines, len(lines))
        out.append("".join(deck[-size:]))
        del deck[-size:]
    return out


def truth(texts: list[str]) -> Pairs:
    """All pairs whose 5-gram sets have a Jaccard similarity of at least the threshold, by an inverted index."""
    numbers: dict[str, int] = {}
    unwanted = uncounted(texts)
    grams, owners, sizes = [], [], np.zeros(len(texts), np.int64)
    for i, text in enumerate(texts):
        own = {numbers.setdefault(gram, len(numbers)) for gram in ngrams(bare(text, unwanted))}
        grams.append(np.fromiter(own, np.int64, len(own)))
        owners.append(np.full(len(own), i))
        sizes[i] = len(own)
    gram, owner = np.concatenate(grams), np.concatenate(owners)
    order = np.lexsort((owner, gram))
    gram, owner = gram[order], owner[order]
    met, step = [], 1
    while len(same := np.flatnonzero(gram[step:] == gram[:-step])):
        met.append(owner[same] * len(texts) + owner[same + step])
        step += 1
    pair, common = np.unique(np.concatenate(met), return_counts=True)
    one, other = pair // len(texts), pair % len(texts)
    alike = common / (sizes[one] + sizes[other] - common) >= THRESHOLD
    return set(zip(one[alike].tolist(), other[alike].tolist(), strict=True))


def ngrams(text: str) -> list[str]:
    return [text[i : i + 5] for i in range(len(text) - 4)] or [text][: len(text)]


def banded(signatures: np.ndarray) -> Pairs:
    """Pairs that agree in a band and whose signatures agree in enough values, with numpy."""
    found: Pairs = set()
    for band in np.ascontiguousarray(signatures).view("V16").T:
        order = np.argsort(band, kind="stable")
        edges = np.flatnonzero(np.concatenate([[True], band[order][1:] != band[order][:-1], [True]]))
        for run in np.flatnonzero(np.diff(edges) > 1):
            found |= all_pairs(sorted(order[edges[run] : edges[run + 1]].tolist()))
    return {(i, j) for i, j in found if (signatures[i] == signatures[j]).mean() >= THRESHOLD}


def all_pairs(members: list[int]) -> Pairs:
    return {(a, b) for place, b in enumerate(members) for a in members[:place]}


# --- contenders: `prepare` is free of charge for `sign`; `pair` starts from what `sign` returns ----------------------


class Ours:
    """The kernel on Arrow strings; `find_clusters` on the Parquet file. Members of a cluster count as found pairs."""

    def prepare(self, raw: list[str]) -> pa.Array:
        return pa.array(raw)

    def sign(self, texts: pa.Array) -> None:
        from coig_writer.corpus import minhash

        for start in range(0, len(texts), 2048):
            minhash.sketch(texts[start : start + 2048])

    def search(self, path: Path) -> Pairs:
        import daft

        from coig_writer.corpus.dedup import DedupSettings, find_clusters

        frame = daft.read_parquet(str(path)).collect()  # the others hold all texts in memory too
        table = find_clusters(frame, key="key", text="text", settings=DedupSettings(threshold=THRESHOLD))
        clusters: dict[str, list[int]] = {}
        for key, cluster in zip(table["key"].to_pylist(), table["cluster"].to_pylist(), strict=True):
            clusters.setdefault(cluster, []).append(int(key))
        return set().union(*map(all_pairs, clusters.values()))


class Other:
    """What the others have in common: the whole way is read, prepare, sign, pair."""

    unwanted: str | None = None

    def bare(self, raw: list[str]) -> list[str]:
        if self.unwanted is None:  # found out once, when it is free of charge
            self.unwanted = uncounted(raw)
        return [bare(text, self.unwanted) for text in raw]

    def prepare(self, raw: list[str]):
        return self.bare(raw)

    def search(self, path: Path) -> Pairs:
        return self.pair(self.sign(self.prepare(read(path))))


class Datasketch(Other):
    """`update_batch` with xxhash on a copied MinHash; MinHashLSH with an insertion session; estimates checked."""

    def sign(self, texts: list[str]) -> list:
        import xxhash
        from datasketch import MinHash

        blank = MinHash(num_perm=128, hashfunc=xxhash.xxh32_intdigest)
        signatures = [blank.copy() for _ in texts]
        for text, signature in zip(texts, signatures, strict=True):
            signature.update_batch([gram.encode() for gram in ngrams(text)])
        return signatures

    def pair(self, signatures: list) -> Pairs:
        from datasketch import MinHashLSH

        index = MinHashLSH(num_perm=128, params=(32, 4))
        with index.insertion_session() as session:
            for i, signature in enumerate(signatures):
                session.insert(i, signature, check_duplication=False)
        near = ((j, i) for i, signature in enumerate(signatures) for j in index.query(signature) if j < i)
        return {(j, i) for j, i in near if signatures[j].jaccard(signatures[i]) >= THRESHOLD}


class Rensa(Other):
    """RMinHash from lists of 5-grams; RMinHashLSH with its batch calls; estimates checked."""

    def sign(self, texts: list[str]) -> list:
        from rensa import RMinHash

        return RMinHash.from_token_sets([ngrams(text) for text in texts], 128, 1)

    def pair(self, signatures: list) -> Pairs:
        from rensa import RMinHashLSH

        index = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=32)
        index.insert_many(signatures)
        near = ((j, i) for i, found in enumerate(index.query_all(signatures)) for j in found if j < i)
        return {(j, i) for j, i in near if signatures[j].jaccard(signatures[i]) >= THRESHOLD}


class RensaHashed(Other):
    """RMinHash from hashes that numpy makes of all raw texts at once; bands sorted with numpy; estimates checked."""

    def __init__(self):
        self.counts = np.array([not uncounted([chr(i)]) for i in range(0x30000)])

    def prepare(self, raw: list[str]) -> list[str]:
        return raw

    def hashes(self, raw: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """64-bit hashes of the 5-grams of all texts, one after the other, and where each text's begin."""
        raw = [unicodedata.normalize("NFC", text) for text in raw]
        points = np.frombuffer("".join(raw).encode("utf-32-le"), np.uint32)
        kept = self.counts[points]
        ends = np.cumsum(kept)[np.cumsum([len(text) for text in raw]) - 1]
        lengths = np.diff(ends, prepend=0)
        points = points[kept].astype(np.uint64)
        keys = np.random.default_rng(1).integers(1 << 62, 1 << 63, 5).astype(np.uint64) | np.uint64(1)
        hashes = points[:-4] * keys[0]
        for i in range(1, 5):
            hashes += points[i : len(points) - 4 + i] * keys[i]
        hashes ^= hashes >> np.uint64(32)
        hashes *= keys[0]
        inside = np.ones(len(points), np.bool_)
        for i in range(1, 5):
            inside[ends - np.minimum(i, lengths)] = False  # a window must not reach into the next text
        return hashes[inside[:-4]], np.append(0, np.cumsum(np.maximum(lengths - 4, 0))).astype(np.uint64)

    def sign(self, raw: list[str]):
        from rensa import RMinHash

        return RMinHash.digest_matrix_from_flat_token_hashes(*self.hashes(raw), 128, 1)

    def pair(self, signatures) -> Pairs:
        return banded(np.array(signatures.to_rows(), np.uint32))


class RensaGiven(RensaHashed):
    """The same with the hashes made beforehand: the bare sketching step, not the way from text to signature."""

    def prepare(self, raw: list[str]):
        return self.hashes(raw)

    def sign(self, hashes):
        from rensa import RMinHash

        return RMinHash.digest_matrix_from_flat_token_hashes(*hashes, 128, 1)


class DaftMinhash(Other):
    """`daft.functions.minhash` on characters set apart by spaces; bands by explode and groupby; estimates checked."""

    def prepare(self, raw: list[str]):
        import daft

        return daft.from_pydict({"id": list(range(len(raw))), "text": list(map(" ".join, self.bare(raw)))})

    def sign(self, frame):
        from daft import col
        from daft.functions import minhash

        signature = minhash(col("text"), num_hashes=128, ngram_size=5, hash_function="xxhash3_64")
        return frame.select("id", signature.alias("signature")).collect()

    def pair(self, signed) -> Pairs:
        from daft import col, lit

        bands = signed.select("id", col("signature").chunk(4).alias("band")).explode("band")
        groups = bands.groupby(col("band").hash()).agg(col("id").list_agg()).where(col("id").length() > lit(1))
        near = set().union(*(all_pairs(sorted(members)) for members in groups.to_pydict()["id"]))
        table = signed.sort("id").to_arrow()["signature"].combine_chunks()
        values = table.flatten().to_numpy().reshape(-1, 128)
        return {(i, j) for i, j in near if (values[i] == values[j]).mean() >= THRESHOLD}


CONTENDERS = {
    "ours": Ours,
    "datasketch": Datasketch,
    "rensa, 5-grams as strings": Rensa,
    "rensa, hashes by numpy": RensaHashed,
    "daft.functions.minhash": DaftMinhash,
    "(rensa, hashes given)": RensaGiven,
}
BESIDE = "(rensa, hashes given)"
"""Skips the way from text to hashes, so it is shown but not compared with."""


# --- measuring ----------------------------------------------------------------------------------------------------


def contend(name: str, corpus: Path, rounds: int) -> dict:
    """In a process of its own: CPU seconds, peak memory and the pairs found."""
    contender = CONTENDERS[name]()
    ready = contender.prepare(read(corpus))
    sign, search = [], []
    for _ in range(rounds):
        begun = time.process_time()
        contender.sign(ready)
        sign.append(time.process_time() - begun)
        begun = time.process_time()
        pairs = contender.search(corpus)
        search.append(time.process_time() - begun)
    return {"sign": min(sign), "search": min(search), "peak_mib": peak_mib(), "pairs": sorted(pairs)}


def read(corpus: Path) -> list[str]:
    return pq.read_table(corpus)["text"].to_pylist()


def peak_mib() -> float:
    """Most memory this process has held. (getrusage would report the parent's if that was more.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(name: str, corpus: Corpus, path: Path, rounds: int, alike: Pairs | None) -> dict:
    """Figures of one contender; `alike` are all pairs above the threshold, worked out for those found if None."""
    command = [sys.executable, __file__, str(path), "--contender", name, "--rounds", str(rounds)]
    done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found = {(a, b) for a, b in done["pairs"]}
    every = set().union(*corpus.planted.values())
    close = {pair for pair in found if is_alike(corpus, pair)} if alike is None else found & alike
    return {
        "signatures_per_cpu_second": len(corpus.texts) / done["sign"],
        "texts_per_cpu_second": len(corpus.texts) / done["search"],
        "peak_mib": done["peak_mib"],
        "recall": {str(share): len(found & pairs) / len(pairs) for share, pairs in corpus.planted.items()},
        "recall_all": None if alike is None else len(found & alike) / len(alike),
        "precision": len(close | (found & every)) / max(1, len(found)),
        "precision_exact": len(close) / max(1, len(found)),
        "found": len(found),
    }


def is_alike(corpus: Corpus, pair: tuple[int, int]) -> bool:
    texts = [corpus.texts[i] for i in pair]
    one, other = (set(ngrams(bare(text, uncounted(texts)))) for text in texts)
    return len(one & other) >= THRESHOLD * len(one | other)


def report(title: str, rows: dict[str, dict]) -> None:
    print(f"\n{title}")
    print(f"{'':26}{'texts per CPU second':^22}{'peak':>7}  {'recall':^20}  {'precision':^14}")
    print(f"{'':26}{'signed':>11}{'clustered':>11}{'MiB':>7}  {'2 %':>6}{'5 %':>7}{'all':>7}  {'all':>6}{'exact':>7}")
    for name, row in rows.items():
        every = "–" if row["recall_all"] is None else f"{row['recall_all']:.4f}"
        whole = "–" if name == BESIDE else f"{row['texts_per_cpu_second']:,.0f}"
        speed = f"{row['signatures_per_cpu_second']:11,.0f}{whole:>11}"
        recall = "".join(f"{value:7.4f}" for value in row["recall"].values())
        precision = f"{row['precision']:.4f} {row['precision_exact']:.4f}"
        print(f"{name:26}{speed}{row['peak_mib']:7,.0f} {recall}{every:>7}  {precision}")
    others = [row for name, row in rows.items() if name not in ("ours", BESIDE)]
    if others:
        kinds = ("signatures_per_cpu_second", "texts_per_cpu_second")
        ratio = [rows["ours"][kind] / max(row[kind] for row in others) for kind in kinds]
        print(f"ours ÷ the fastest other: signed {ratio[0]:.1f}, clustered {ratio[1]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("poems", type=Path)
    parser.add_argument("--texts", type=int, default=300_000, help="size of the large set; 0 leaves it out")
    parser.add_argument("--edits", choices=ROUNDING, default="at-most", help="how 5 %% of 28 characters is rounded")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(contend(options.contender, options.poems, options.rounds)))
        return

    rng = random.Random(20)
    rounding = ROUNDING[options.edits]
    poems = [json.loads(line)["text"] for line in options.poems.read_text("utf-8").splitlines() if line.strip()]
    corpora = {
        "poems": planted(poems, 1500, rounding, rng),
        f"texts of {LONG:,} characters": planted(long_texts(poems, rng), 500, rounding, rng),
    }
    large = "lines of poems, shuffled"
    if options.texts:
        corpora[large] = planted(shuffled_lines(poems, options.texts, rng), 3000, rounding, rng)
    figures: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as folder:
        for title, corpus in corpora.items():
            path = Path(folder, "corpus.parquet")
            keys = [f"{i:08d}" for i in range(len(corpus.texts))]
            pq.write_table(pa.table({"key": keys, "text": corpus.texts}), path)
            names = ["ours"] if title == large else list(CONTENDERS)
            alike = None if title == large else truth(corpus.texts)
            figures[title] = {name: measure(name, corpus, path, options.rounds, alike) for name in names}
            if not options.json:
                report(f"{title}: {len(corpus.texts):,}", figures[title])
    if options.json:
        print(json.dumps(figures, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
