"""How fast are `stats`, `validate` and `convert` on a million records, beside pandas and `datasets` doing the same?

    python bench/dataset.py [--records 1000000] [--only stats,validate,convert] [--who ours,pandas] [--rounds 1]

Makes one file of triplets in full, as `full.jsonl` of a release holds them, short ones so that the work on each
counts. Every contender runs in a process of its own; printed are seconds, records per second and peak memory, that of
its workers with it (what processes share counts once), and the ratio of ours to the best.

The others do what a careful user would write with them:

- stats: count, least, mean and most characters of three parts by genre;
- validate: text in every part, sum at least 50, a known genre, Chinese, copied articles and prompts, quotations and
  personal data, for which both call our own functions row by row, having none;
- convert: to TRL's prompt-completion.

With `--rounds` all take turns so many times, and the best time of each counts: other work on a machine slows now one
down, now another.

Ours do all that the commands do, which is more: `validate` also looks for near copies and says where each finding is.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from coig_writer.schema import DIMENSIONS, article_id

CHARACTERS = "的一是不了在人有我他这个们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对"
GENRES = ["essay", "fiction_story", "modern_poetry", "drama_script", "advertisement"]
PARTS = ("prompt", "reasoning", "article")


def make(path: Path, records: int) -> None:
    """A file of triplets; every hundredth article is a copy."""
    draw = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        article = ""
        for number in range(records):
            article = article if number % 100 == 99 else "".join(draw.choices(CHARACTERS, k=120))
            values = [draw.randint(7, 10) for _ in DIMENSIONS]
            row = {
                "id": f"{number:016x}",
                "prompt": "".join(draw.choices(CHARACTERS, k=40)),
                "reasoning": "".join(draw.choices(CHARACTERS, k=80)),
                "article": {
                    "id": article_id(article),
                    "text": article,
                    "url": f"https://example.cn/{number}",
                    "language": "zh",
                    "licence": "cc-by-4.0",
                },
                "genre": draw.choice(GENRES),
                "scores": [{**dict(zip(DIMENSIONS, values, strict=True)), "by": "human:one"}],
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


def _frame(path: Path):
    import pandas as pd

    frame = pd.read_json(path, lines=True)
    frame["article"] = frame["article"].str["text"]
    return frame


def pandas_stats(path: Path, out: Path) -> None:
    frame = _frame(path)
    for part in PARTS:
        frame[part] = frame[part].str.len()
    assert len(frame.groupby("genre")[list(PARTS)].agg(["count", "min", "mean", "max"]))


def pandas_validate(path: Path, out: Path) -> None:
    from coig_writer.annotate.overlap import quoted_spans
    from coig_writer.corpus.personal import find_personal_data

    frame = _frame(path)
    scores = [[each[0][name] for name in DIMENSIONS] for each in frame["scores"]]
    wrong = {"gate": sum(sum(each) < 50 or min(each) < 8 for each in scores)}
    wrong["genre"] = (~frame["genre"].isin(GENRES)).sum()
    for part in PARTS:
        wrong[f"empty {part}"] = frame[part].str.strip().eq("").sum()
        han = frame[part].str.count("[\u3400-\u9fff]")
        wrong[f"language {part}"] = (han < 0.8 * frame[part].str.len()).sum()
        wrong[f"personal {part}"] = frame[part].map(find_personal_data).str.len().gt(0).sum()
    for part in ("prompt", "reasoning"):
        pairs = zip(frame[part], frame["article"], strict=True)
        wrong[f"quotes {part}"] = sum(bool(quoted_spans(text, article, 12)) for text, article in pairs)
    for part in ("id", "article", "prompt"):
        wrong[f"copies {part}"] = frame[part].duplicated().sum()
    assert wrong["copies article"]


def pandas_convert(path: Path, out: Path) -> None:
    import pandas as pd

    frame = _frame(path)
    answers = "<think>\n" + frame["reasoning"] + "\n</think>\n\n" + frame["article"]
    made = pd.DataFrame(
        {
            "prompt": [[{"role": "user", "content": text}] for text in frame["prompt"]],
            "completion": [[{"role": "assistant", "content": text}] for text in answers],
            "genre": frame["genre"],
            "id": frame["id"],
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
        lengths = found.setdefault(row["genre"], [[], [], []])
        texts = (row["prompt"], row["reasoning"], row["article"]["text"])
        for kept, text in zip(lengths, texts, strict=True):
            kept.append(len(text))
    assert {genre: [(min(x), sum(x) / len(x), max(x)) for x in lengths] for genre, lengths in found.items()}


def datasets_validate(path: Path, out: Path) -> None:
    import re

    from coig_writer.annotate.overlap import quoted_spans
    from coig_writer.corpus.personal import find_personal_data

    han = re.compile("[\u3400-\u9fff]")

    def right(row: dict) -> bool:
        texts = [row["prompt"], row["reasoning"], row["article"]["text"]]
        scores = [row["scores"][0][name] for name in DIMENSIONS]
        return (
            sum(scores) >= 50
            and min(scores) >= 8
            and row["genre"] in GENRES
            and all(text.strip() and len(han.findall(text)) >= 0.8 * len(text) for text in texts)
            and not any(find_personal_data(text) for text in texts)
            and not any(quoted_spans(text, texts[2], 12) for text in texts[:2])
        )

    data = _loaded(path, out)
    assert len(data.filter(right)) < len(data)
    copies = 0
    for of in (lambda row: row["id"], lambda row: row["article"]["text"], lambda row: row["prompt"]):
        seen: set[str] = set()
        for row in data:
            copies += of(row) in seen
            seen.add(of(row))
    assert copies


def datasets_convert(path: Path, out: Path) -> None:
    def change(row: dict) -> dict:
        answer = f"<think>\n{row['reasoning']}\n</think>\n\n{row['article']['text']}"
        return {
            "prompt": [{"role": "user", "content": row["prompt"]}],
            "completion": [{"role": "assistant", "content": answer}],
        }

    changed = _loaded(path, out).map(change, remove_columns=["reasoning", "article", "scores"])
    changed.to_json(out / "out.jsonl", force_ascii=False)


RUNS: dict[str, Callable[[Path, Path], None]] = {
    name: function for name, function in globals().items() if name.split("_")[0] in ("ours", "pandas", "datasets")
}


def _one(run: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        RUNS[run](path, Path(folder))
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds}))


def _watched(command: list[str]) -> dict[str, float]:
    """What a run prints, with the most memory that it and its workers took, looked at four times a second."""
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        while process.poll() is None:
            peak = max(peak, _megabytes(process.pid))
            time.sleep(0.25)
        assert process.stdout is not None and process.returncode == 0, command
        return {**json.loads(process.stdout.read().splitlines()[-1]), "megabytes": peak}


def _megabytes(pid: int) -> float:
    """Proportional set size of a process and all that it started."""
    total = 0.0
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total = int(next(row for row in rows if row.startswith("Pss:")).split()[1]) / 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, StopIteration):  # it has just ended
        children = []
    return total + sum(_megabytes(int(child)) for child in children)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--only", default="stats,validate,convert")
    parser.add_argument("--who", default="ours,pandas,datasets")
    parser.add_argument("--rounds", type=int, default=1, help="times that each takes its turn")
    parser.add_argument("--run", choices=list(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        _one(chosen.run, chosen.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "full.jsonl"
        make(path, chosen.records)
        print(f"{chosen.records:,} records, {path.stat().st_size / 1e6:,.0f} MB")
        for task in chosen.only.split(","):
            runs: dict[str, list[dict[str, float]]] = {who: [] for who in chosen.who.split(",")}
            for who in [*runs] * chosen.rounds:
                command = [sys.executable, __file__, "--run", f"{who}_{task}", "--file", str(path)]
                runs[who].append(_watched(command))
            figures = {
                who: {name: (max if name == "megabytes" else min)(run[name] for run in some) for name in some[0]}
                for who, some in runs.items()
            }
            best = min([each["seconds"] for who, each in figures.items() if who != "ours"], default=0.0)
            for who, each in figures.items():
                rate = chosen.records / each["seconds"]
                print(f"{task:9} {who:9} {each['seconds']:7.1f} s {rate:10,.0f} records/s {each['megabytes']:8,.0f} MB")
            if best and "ours" in figures:
                print(
                    f"{task:9} ours is {best / figures['ours']['seconds']:.2f} times as fast as the better of the two"
                )


if __name__ == "__main__":
    main()
