"""How often do the checks by program speak up about Chinese that people have printed, and about drafts?

    python bench/false_alarms.py TEXTS.jsonl [MORE.jsonl …] [--field text]

Each line is an object; `--field` names what is read. `held` counts texts in which the detector of
instructions finds one, `chat-talk` those with a phrase of that check. The texts are then cut into
passages of 500 characters (the last, shorter one of each is left out, and a text that is shorter stays
whole), and the shares of repeated 4-grams and 8-grams are shown as quantiles over the passages.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from coig_writer.annotate.checks import CHAT_TALK, repetition
from coig_writer.annotate.injection import find_instructions
from coig_writer.annotate.overlap import Bare
from coig_writer.annotate.settings import AnnotateSettings

PASSAGE = 500
QUANTILES = (0.5, 0.9, 0.99, 1.0)


def passages(text: str) -> list[str]:
    return [text[start : start + PASSAGE] for start in range(0, max(1, len(text) - PASSAGE + 1), PASSAGE)]


def measure(path: Path, field: str) -> None:
    with open(path, encoding="utf-8") as file:
        texts = [text for line in file if (text := json.loads(line).get(field))]
    held = sum(bool(find_instructions(text)) for text in texts)
    chatting = sum(bool(CHAT_TALK.search(text)) for text in texts)
    print(f"{path.name}: {len(texts):,} texts, held {held:,}, chat-talk {chatting:,}")
    bare = [Bare.of(passage).text for text in texts for passage in passages(text)]
    for gram in (4, 8):
        shares = [repetition(passage, gram) for passage in bare]
        figures = "  ".join(f"{q:.0%} {np.quantile(shares, q):.3f}" for q in QUANTILES)
        over = sum(share > AnnotateSettings().most_repetition for share in shares)
        print(f"  repeated {gram}-grams in {len(bare):,} passages: {figures}  too many in {over:,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--field", default="text")
    options = parser.parse_args()
    for path in options.texts:
        measure(path, options.field)


if __name__ == "__main__":
    main()
