"""How fast are `stats`, `validate` and `convert` on a million records, beside pandas and `datasets` doing the same?

    python bench/dataset.py [--records 1000000] [--only stats,validate,convert]

Makes one file of published records, short ones so that the work on each counts and not the disk. Every contender runs
in a process of its own; printed are seconds, records per second and peak memory, and the ratio of ours to the best.

The others do what a careful user would write with them:

- stats: count, least, mean and most characters of three parts by genre;
- validate: text in every part, sum at least 50, a known genre, Chinese, copied articles and prompts, quotations and
  personal data, for which both call our own functions row by row, having none;
- convert: to TRL's prompt-completion.

Ours do all that the commands do, which is more: `validate` also looks for near copies and says where each finding is.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CHARACTERS = "的一是不了在人有我他这个们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对"
GENRES = ["散文随笔", "武侠", "微小说", "essay", "现代诗"]
PARTS = {"prompt": "reverse_inspiration_prompt", "reasoning": "reasoning_process", "article": "article"}


def make(path: Path, records: int) -> None:
    """A file of published records; every hundredth article is a copy."""
    draw = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        article = ""
        for number in range(records):
            article = article if number % 100 == 99 else "".join(draw.choices(CHARACTERS, k=120))
            row = {
                "reverse_inspiration_prompt": "".join(draw.choices(CHARACTERS, k=40)),
                "reasoning_process": "".join(draw.choices(CHARACTERS, k=80)),
                "article": article,
                "metadata": {
                    "genre": draw.choice(GENRES),
                    "quality_score": draw.randint(46, 60),
                    "creativity_score": 9,
                },
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def ours_stats(path: Path, out: Path) -> None:
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.statistics import statistics_of

    assert statistics_of(TripletSet([path])).overall.count


def ours_validate(path: Path, out: Path) -> None:
    from coig_writer.dataset.sets import TripletSet
    from coig_writer.dataset.validate import validate

    assert validate(TripletSet([path])).triplets


def ours_convert(path: Path, out: Path) -> None:
    from coig_writer.dataset.convert import convert

    assert convert([path], out / "out.jsonl", "trl").written


def pandas_stats(path: Path, out: Path) -> None:
    import pandas as pd

    frame = pd.read_json(path, lines=True)
    frame["genre"] = [each["genre"] for each in frame["metadata"]]
    for part, column in PARTS.items():
        frame[part] = frame[column].str.len()
    assert len(frame.groupby("genre")[list(PARTS)].agg(["count", "min", "mean", "max"]))


def pandas_validate(path: Path, out: Path) -> None:
    import pandas as pd

    from coig_writer.annotate.overlap import quoted_spans
    from coig_writer.corpus.personal import find_personal_data

    frame = pd.read_json(path, lines=True)
    genre = pd.Series([each["genre"] for each in frame["metadata"]])
    score = pd.Series([each["quality_score"] for each in frame["metadata"]])
    wrong = {"gate": (score < 50).sum(), "genre": (~genre.isin(GENRES)).sum()}
    for column in PARTS.values():
        wrong[f"empty {column}"] = frame[column].str.strip().eq("").sum()
        han = frame[column].str.count("[\u3400-\u9fff]")
        wrong[f"language {column}"] = (han < 0.8 * frame[column].str.len()).sum()
        wrong[f"personal {column}"] = frame[column].map(find_personal_data).str.len().gt(0).sum()
    for column in list(PARTS.values())[:2]:
        pairs = zip(frame[column], frame["article"], strict=True)
        wrong[f"quotes {column}"] = sum(bool(quoted_spans(text, article, 12)) for text, article in pairs)
    for column in ("article", "reverse_inspiration_prompt"):
        wrong[f"copies {column}"] = frame[column].duplicated().sum()
    assert wrong["copies article"]


def pandas_convert(path: Path, out: Path) -> None:
    import pandas as pd

    frame = pd.read_json(path, lines=True)
    answers = "<think>\n" + frame["reasoning_process"] + "\n</think>\n\n" + frame["article"]
    made = pd.DataFrame(
        {
            "prompt": [[{"role": "user", "content": text}] for text in frame["reverse_inspiration_prompt"]],
            "completion": [[{"role": "assistant", "content": text}] for text in answers],
            "metadata": frame["metadata"],
        }
    )
    made.to_json(out / "out.jsonl", orient="records", lines=True, force_ascii=False)


def _loaded(path: Path, out: Path):
    import datasets

    datasets.disable_progress_bars()
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(out))


def datasets_stats(path: Path, out: Path) -> None:
    found: dict[str, list[list[int]]] = {}
    for row in _loaded(path, out):
        lengths = found.setdefault(row["metadata"]["genre"], [[], [], []])
        for kept, column in zip(lengths, PARTS.values(), strict=True):
            kept.append(len(row[column]))
    assert {genre: [(min(x), sum(x) / len(x), max(x)) for x in lengths] for genre, lengths in found.items()}


def datasets_validate(path: Path, out: Path) -> None:
    import re

    from coig_writer.annotate.overlap import quoted_spans
    from coig_writer.corpus.personal import find_personal_data

    han, seen, copies = re.compile("[\u3400-\u9fff]"), set(), 0

    def right(row: dict) -> bool:
        texts = [row[column] for column in PARTS.values()]
        about = row["metadata"]
        return (
            about["quality_score"] >= 50
            and about["genre"] in GENRES
            and all(text.strip() and len(han.findall(text)) >= 0.8 * len(text) for text in texts)
            and not any(find_personal_data(text) for text in texts)
            and not any(quoted_spans(text, texts[2], 12) for text in texts[:2])
        )

    data = _loaded(path, out)
    assert len(data.filter(right)) < len(data)
    for column in ("article", "reverse_inspiration_prompt"):
        seen.clear()
        for text in data[column]:
            copies += text in seen
            seen.add(text)
    assert copies


def datasets_convert(path: Path, out: Path) -> None:
    def change(row: dict) -> dict:
        answer = f"<think>\n{row['reasoning_process']}\n</think>\n\n{row['article']}"
        return {
            "prompt": [{"role": "user", "content": row["reverse_inspiration_prompt"]}],
            "completion": [{"role": "assistant", "content": answer}],
        }

    changed = _loaded(path, out).map(change, remove_columns=list(PARTS.values()))
    changed.to_json(out / "out.jsonl", force_ascii=False)


RUNS: dict[str, Callable[[Path, Path], None]] = {
    name: function for name, function in globals().items() if name.split("_")[0] in ("ours", "pandas", "datasets")
}


def _one(run: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        RUNS[run](path, Path(folder))
        seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--only", default="stats,validate,convert")
    parser.add_argument("--run", choices=list(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        _one(chosen.run, chosen.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "published.jsonl"
        make(path, chosen.records)
        print(f"{chosen.records:,} records, {path.stat().st_size / 1e6:,.0f} MB")
        for task in chosen.only.split(","):
            figures = {}
            for who in ("ours", "pandas", "datasets"):
                command = [sys.executable, __file__, "--run", f"{who}_{task}", "--file", str(path)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                figures[who] = json.loads(done.stdout.splitlines()[-1])
            best = min(figures["pandas"]["seconds"], figures["datasets"]["seconds"])
            for who, each in figures.items():
                rate = chosen.records / each["seconds"]
                print(f"{task:9} {who:9} {each['seconds']:7.1f} s {rate:10,.0f} records/s {each['megabytes']:8,.0f} MB")
            print(f"{task:9} ours is {best / figures['ours']['seconds']:.2f} times as fast as the better of the two")


if __name__ == "__main__":
    main()
