"""Tokens a second, model-FLOPs utilisation and peak memory of our training beside TRL's defaults, on one GPU.

    python bench/train.py [--shape 0.5b|7b] [--data MIX.jsonl] [--context 4096] [--rows 48] [--json]

Both train a model of Qwen2.5's true shape with random weights, which is as fast as a trained one, on the same samples:
0.5B whole, 7B with LoRA. The data are a mixture of your own, or samples of random tokens whose lengths are those of
the paper's triplets. TRL's side has its defaults (a batch of 8, padded, gradient checkpointing, bf16), but the context
of ours, so that it does not cut, and weights as narrow as ours; ours packs rows of the context. Further sides tell what
each of our options brings. Each side runs in a process of its own, in turns; one that fails is told and left out.
Tokens are those that went through the model in the timed steps; padding is not counted. Utilisation is 6 N and
attention a token, 4 N under LoRA, without recomputation. Without a GPU it says so and ends; `--shape tiny` runs
anywhere and measures nothing worth having.
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
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
        "vocab_size": 512,
    },
}
PEAKS = {"H100 PCIe": 756e12, "H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bf16 FLOPs a second, from the makers' sheets; the first name that fits counts."""
TRL = "TRL's defaults"
PACKED: dict[str, Any] = {"per_device_train_batch_size": 2, "padding_free": True}
SIDES: dict[str, dict[str, Any]] = {
    TRL: {},
    "ours": PACKED | {"use_liger_kernel": True},
    "ours, padded": {"per_device_train_batch_size": 2, "use_liger_kernel": True},
    "ours, no Liger": PACKED,
    "ours, no recomputing": PACKED | {"use_liger_kernel": True, "gradient_checkpointing": False},
    "ours, compiled": PACKED | {"use_liger_kernel": True, "torch_compile": True},
}
"""Each with its arguments of SFTConfig; `ours` is `train sft --packing --liger --per-device 2`."""


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

    gpu = torch.cuda.is_available()
    if not gpu and given.shape != "tiny":
        print("bench/train.py skipped: there is no GPU, and on a CPU its question has no answer worth having.")
        return
    if given.side:
        print(json.dumps(one_side(given)))
        return
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(given.rounds):
        for side, rows in found.items():
            if row := in_own_process(side):
                rows.append(row)
    best = {side: max(rows, key=lambda row: row["tokens_per_second"]) for side, rows in found.items() if rows}
    device = torch.cuda.get_device_name() if gpu else "CPU"
    if given.json:
        print(json.dumps({"device": device, "shape": given.shape, "sides": best}, indent=2))
        return
    print(f"{device}, Qwen2.5 {given.shape}, context {given.context:,}, best of {given.rounds}")
    for side, row in best.items():
        times = f"{row['tokens_per_second'] / best[TRL]['tokens_per_second']:.2f}" if TRL in best else "?"
        used = f"{row['utilisation']:.1%}" if row["utilisation"] else "?"
        print(
            f"{side:21} {row['tokens_per_second']:>10,.0f} tokens/s {times:>6} ×  MFU {used:>6}  "
            f"peak {row['peak_gib']:.1f} GiB"
        )


def in_own_process(side: str) -> dict[str, float] | None:
    """What a side measured; None, and its last words, when it failed, as for want of memory."""
    words = [sys.executable, __file__, *sys.argv[1:], "--side", side]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"{side}: failed: {last[:300]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def one_side(given: argparse.Namespace) -> dict[str, float]:
    """Trains on all samples once, and times what comes after the first tenth of the steps."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, Qwen2Config, TrainerCallback
    from trl import SFTConfig, SFTTrainer, pack_dataset

    from coig_writer.train.adapter import adapter_config
    from coig_writer.train.estimate import shape_of
    from coig_writer.train.settings import LoraSettings, TrainSettings

    gpu = torch.cuda.is_available()
    options = dict(SIDES[given.side])
    if options.get("use_liger_kernel") and not (gpu and _has("liger_kernel")):
        del options["use_liger_kernel"]
    config = Qwen2Config(max_position_embeddings=32768, **SHAPES[given.shape])
    lora = LoraSettings() if given.shape == "7b" else None
    shape = shape_of(config, TrainSettings(lora=lora))
    samples = lengths(given)
    rng = random.Random(1)
    ids = [[rng.randrange(2, config.vocab_size) for _ in range(size)] for size in samples]
    rows = Dataset.from_dict({"input_ids": ids, "labels": ids})
    if options.get("padding_free"):
        rows = pack_dataset(rows, given.context, "bfd")

    flash = "sdpa" if given.side == TRL or not (gpu and _has("flash_attn")) else "flash_attention_2"
    dtype = torch.bfloat16 if lora else torch.float32
    with torch.device("cuda" if gpu else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=flash)
    marks: list[tuple[float, int]] = []
    """After each step: the time, and the tokens so far."""
    seen = 0

    class Counting(SFTTrainer):
        def training_step(self, model, inputs, *rest, **more):
            nonlocal seen
            mask = inputs.get("attention_mask")  # rows that are packed have none, and no padding
            seen += int(inputs["input_ids"].numel() if mask is None else mask.sum())
            return super().training_step(model, inputs, *rest, **more)

    class Clock(TrainerCallback):
        def on_step_end(self, args, state, control, **rest):
            if gpu:
                torch.cuda.synchronize()
            marks.append((time.monotonic(), seen))

    with tempfile.TemporaryDirectory() as folder:
        args = SFTConfig(
            folder,
            num_train_epochs=1,
            max_length=None,
            bf16=True,
            use_cpu=not gpu,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            **options,
        )
        trainer = Counting(
            model,
            args,
            train_dataset=rows,
            peft_config=adapter_config(lora) if lora else None,
            processing_class=padding(),
            callbacks=[Clock()],
        )
        trainer.train()
    if seen != sum(samples):
        raise RuntimeError(f"{sum(samples):,} tokens were given, and {seen:,} went through the model")
    if len(marks) < 2:
        raise RuntimeError("one step is too few to be timed: give more --rows")
    (began, before), (ended, after) = marks[max(1, len(marks) // 10) - 1], marks[-1]
    speed = (after - before) / (ended - began)
    flops = sum(size * shape.flops_per_token(size) for size in samples) / sum(samples)
    name = torch.cuda.get_device_name() if gpu else ""
    peak = next((each for known, each in PEAKS.items() if known in name), None)
    return {
        "tokens_per_second": speed,
        "utilisation": speed * flops / peak if peak else 0.0,
        "peak_gib": torch.cuda.max_memory_allocated() / (1 << 30) if gpu else 0.0,
        "tokens": seen,
        "steps": len(marks),
    }


def padding() -> Any:
    """A tokenizer that knows no words, only what rows are filled up with: the samples are ids already."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({"<pad>": 0, "<end>": 1}, unk_token="<end>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<end>", bos_token="<end>")


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


def _has(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


if __name__ == "__main__":
    main()
