"""Tokens a second, model-FLOPs utilisation and peak memory of our training beside TRL's defaults, on one GPU.

    python bench/train.py [--shape 0.5b|7b] [--data MIX.jsonl] [--context 4096] [--rows 48] [--json]

Both train a model of Qwen2.5's true shape with random weights, which is as fast as a trained one, on the same samples:
0.5B whole, 7B with LoRA. The data are a mixture of your own, or samples of random tokens whose lengths are those of
the paper's triplets. TRL's side has its defaults (a batch of 8, padded, gradient checkpointing, bf16), but the context
of ours, so that it does not cut; ours packs rows of the context. Each side runs in a process of its own, in turns.
Tokens are those of the samples; padding is not counted. Without a GPU it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SHAPES: dict[str, dict[str, Any]] = {
    "0.5b": {
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
        "vocab_size": 151936,
    },
    "7b": {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "tie_word_embeddings": False,
        "vocab_size": 152064,
    },
}
PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bf16 FLOPs a second, from the makers' sheets."""
SIDES = ("ours", "TRL's defaults", "ours, padded")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shape", choices=SHAPES, default="0.5b")
    options.add_argument("--data", type=Path, help="a mixture; its lengths are taken, by characters")
    options.add_argument("--context", type=int, default=4096)
    options.add_argument("--rows", type=int, default=48, help="rows of the context that the samples fill")
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--json", action="store_true")
    options.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    given = options.parse_args()
    import torch

    if not torch.cuda.is_available():
        print("bench/train.py skipped: there is no GPU, and on a CPU its question has no answer worth having.")
        return
    if given.side:
        print(json.dumps(one_side(given)))
        return
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(given.rounds):
        for side, rows in found.items():
            rows.append(in_own_process(side))
    best = {side: max(rows, key=lambda row: row["tokens_per_second"]) for side, rows in found.items()}
    if given.json:
        print(json.dumps({"device": torch.cuda.get_device_name(), "shape": given.shape, "sides": best}, indent=2))
        return
    print(f"{torch.cuda.get_device_name()}, Qwen2.5 {given.shape}, context {given.context:,}, best of {given.rounds}")
    for side, row in best.items():
        times = row["tokens_per_second"] / best["TRL's defaults"]["tokens_per_second"]
        used = f"{row['utilisation']:.1%}" if row["utilisation"] else "?"
        print(
            f"{side:16} {row['tokens_per_second']:>10,.0f} tokens/s {times:6.2f} ×  MFU {used:>6}  "
            f"peak {row['peak_gib']:.1f} GiB"
        )


def in_own_process(side: str) -> dict[str, float]:
    words = [sys.executable, __file__, *sys.argv[1:], "--side", side]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def one_side(given: argparse.Namespace) -> dict[str, float]:
    """Trains on all samples once, and times what comes after the first tenth of the steps."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, Qwen2Config, TrainerCallback
    from trl import SFTConfig, SFTTrainer, pack_dataset

    from coig_writer.train.adapter import adapter_config
    from coig_writer.train.base import find_base
    from coig_writer.train.estimate import shape_of
    from coig_writer.train.settings import LoraSettings, TrainSettings

    config = Qwen2Config(max_position_embeddings=32768, **SHAPES[given.shape])
    lora = LoraSettings() if given.shape == "7b" else None
    shape = shape_of(config, TrainSettings(lora=lora))
    samples = lengths(given)
    rng = random.Random(1)
    ids = [[rng.randrange(1000, 100_000) for _ in range(size)] for size in samples]
    rows = Dataset.from_dict({"input_ids": ids, "labels": ids})
    ours = given.side != "TRL's defaults"
    packed = given.side == "ours"
    if packed:
        rows = pack_dataset(rows, given.context, "bfd")

    flash = _flash() if ours else "sdpa"
    dtype = torch.bfloat16 if lora else torch.float32
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=flash)
    more: dict[str, Any] = {}
    if ours:
        more = {"per_device_train_batch_size": 2, "padding_free": packed, "use_liger_kernel": _has("liger_kernel")}
    marks: list[tuple[int, float]] = []

    class Clock(TrainerCallback):
        def on_step_end(self, args, state, control, **rest):
            torch.cuda.synchronize()
            marks.append((state.global_step, time.monotonic()))

    with tempfile.TemporaryDirectory() as folder:
        args = SFTConfig(
            folder,
            num_train_epochs=1,
            max_length=None,
            bf16=True,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            **more,
        )
        trainer = SFTTrainer(
            model,
            args,
            train_dataset=rows,
            peft_config=adapter_config(lora) if lora else None,
            processing_class=find_base("tiny-random").tokenizer(),
            callbacks=[Clock()],
        )
        trainer.train()
    first = max(1, len(marks) // 10)
    share = (len(marks) - first) / len(marks)
    seconds = marks[-1][1] - marks[first - 1][1]
    speed = sum(samples) * share / seconds
    flops = sum(size * shape.flops_per_token(size) for size in samples) / sum(samples)
    peak = next((each for name, each in PEAKS.items() if name in torch.cuda.get_device_name()), None)
    return {
        "tokens_per_second": speed,
        "utilisation": speed * flops / peak if peak else 0.0,
        "peak_gib": torch.cuda.max_memory_allocated() / (1 << 30),
    }


def lengths(given: argparse.Namespace) -> list[int]:
    """Tokens of samples that together fill so many rows: of the mixture, else spread as the paper's triplets are."""
    rng = random.Random(0)
    if given.data:
        lines = given.data.read_text(encoding="utf-8").splitlines()
        known = [min(given.context, max(32, len(line) * 7 // 10)) for line in lines]
        rng.shuffle(known)
    else:  # means of 283 + 1,089 + 2,214 characters, about .7 tokens each, skewed to the right
        known = [min(given.context, max(32, round(rng.lognormvariate(7.5, 0.75)))) for _ in range(20 * given.rows)]
    chosen: list[int] = []
    while sum(chosen) < given.rows * given.context and len(chosen) < len(known):
        chosen.append(known[len(chosen)])
    return chosen


def _flash() -> str:
    return "flash_attention_2" if _has("flash_attn") else "sdpa"


def _has(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


if __name__ == "__main__":
    main()
