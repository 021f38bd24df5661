"""The Trainer sees what was prepared: no cut, no sorting, packed rows that know their samples, adapters that merge."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

from coig_writer.errors import InputError, SettingError, StorageError
from coig_writer.files import write_jsonl
from coig_writer.packaged import load_starter
from coig_writer.train.base import find_base
from coig_writer.train.card import ratio
from coig_writer.train.estimate import memory_of, shape_of
from coig_writer.train.folder import RunFolder
from coig_writer.train.logs import read_log
from coig_writer.train.memory import keep_freed_memory
from coig_writer.train.prepare import Prepared, prepare
from coig_writer.train.settings import FORMS, LoraSettings, TrainSettings
from coig_writer.train.template import IGNORED

pytestmark = pytest.mark.train

Make = Callable[..., Prepared]


@pytest.fixture
def make(tmp_path) -> Make:
    """Prepares general samples of the given lengths in characters."""

    def made(*sizes: int, **settings: object) -> Prepared:
        rows = [
            {"id": str(at), "prompt": f"第{at}题", "completion": "山高水长" * (size // 4)}
            for at, size in enumerate(sizes)
        ]
        write_jsonl(tmp_path / "mix.jsonl", rows)
        return prepare(tmp_path / "mix.jsonl", "tiny-random", tmp_path / "run", TrainSettings(**settings))

    return made


def order(prepared: Prepared, folder: Path) -> list[int]:
    """Lengths of the rows in the order in which the Trainer takes them in the first epoch."""
    from coig_writer.train.sft import build_trainer

    trainer = build_trainer(prepared, RunFolder(folder), [], 0)
    return [batch["input_ids"].shape[1] for batch in trainer.get_train_dataloader()]


def test_rows_are_shuffled_by_the_seed_and_not_sorted_by_length(make, tmp_path):
    sizes = range(8, 200, 8)
    one, again = (order(make(*sizes, batch=1, seed=1), tmp_path / "run") for _ in range(2))
    other = order(make(*sizes, batch=1, seed=2), tmp_path / "run")
    assert one == again != other
    assert sorted(one) == sorted(other) and one not in (sorted(one), sorted(one, reverse=True))


def test_nothing_is_cut_where_trl_would_cut(tmp_path):
    from trl import SFTConfig

    from coig_writer.train.sft import build_trainer

    default = SFTConfig(str(tmp_path), bf16=False, use_cpu=True).max_length
    assert default == 1024  # the trap is there
    longest = max(load_starter(), key=lambda triplet: len(triplet.article.text) + len(triplet.reasoning))
    completion = f"<think>\n{longest.reasoning}\n</think>\n\n{longest.article.text * 3}"
    write_jsonl(
        tmp_path / "mix.jsonl", [{"id": "a", "source": "creative", "prompt": longest.prompt, "completion": completion}]
    )
    prepared = prepare(tmp_path / "mix.jsonl", "tiny-random", tmp_path / "run", TrainSettings(batch=1))
    assert prepared.lengths.longest > default and prepared.context >= prepared.lengths.longest
    (batch,) = build_trainer(prepared, RunFolder(tmp_path / "run"), [], 0).get_train_dataloader()
    learnt = [label for label in batch["labels"][0].tolist() if label != IGNORED]
    assert prepared.tokenizer.decode(learnt) == completion + "<|im_end|>"
    with pytest.raises(InputError, match="1 of 1 samples are longer than 1,024"):
        prepare(tmp_path / "mix.jsonl", "tiny-random", tmp_path / "run", TrainSettings(context=default))
    assert (tmp_path / "run" / "long.jsonl").exists()


def test_a_context_beyond_the_models_is_refused(make):
    with pytest.raises(SettingError, match="made for 8,192 tokens"):
        make(8, context=9000)


def test_packed_rows_have_the_loss_of_their_samples_alone(make, tmp_path):
    """Samples in one row do not see each other, and every completion is learnt."""
    import torch

    from coig_writer.train.sft import build_trainer

    sizes = (40, 80, 24, 64)
    losses = []
    for packing in (False, True):
        prepared = make(*sizes, batch=4, per_device=1 if packing else 4, packing=packing, context=512)
        assert len(prepared.rows) == (1 if packing else 4)
        trainer = build_trainer(prepared, RunFolder(tmp_path / "run"), [], 0)
        (batch,) = trainer.get_train_dataloader()
        assert (batch["labels"] != IGNORED).sum() == prepared.lengths.learnt
        with torch.no_grad():
            losses.append(trainer.compute_loss(trainer.model, dict(batch)).item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


@pytest.mark.parametrize("packing", [False, True])
def test_labels_that_the_model_is_given_decode_to_the_completions_in_every_form(mixtures, tmp_path, packing):
    """Of the batch as it is collated: nothing of a prompt, all of a completion, and the token that ends it."""
    from coig_writer.train.data import read_mixture
    from coig_writer.train.prepare import dataset_of
    from coig_writer.train.sft import build_trainer

    path, size = mixtures / "cw-4.jsonl", 1 if packing else 8
    first = TrainSettings(batch=8, per_device=size, packing=packing, context=2048)
    prepared = prepare(path, "tiny-random", tmp_path / "run", first)
    collate = build_trainer(prepared, RunFolder(tmp_path / "run"), [], 0).data_collator
    for form in FORMS:
        samples = read_mixture(path, form)
        rows = list(dataset_of([prepared.format.encode(each) for each in samples], first, 2048))
        assert len(rows) < 8 or not packing
        learnt, given = [], []
        for at in range(0, len(rows), size):
            batch = collate(rows[at : at + size])
            for ids, labels in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
                for known, run in groupby(zip(ids, labels, strict=True), lambda pair: pair[1] != IGNORED):
                    text = prepared.tokenizer.decode([id for id, _ in run])
                    (learnt if known else given).append(text)
        assert sorted(learnt) == sorted(f"{each.completion}<|im_end|>" for each in samples)
        asked = [each for each in given if "assistant" in each]  # the rest is what rows are filled up with
        assert len(asked) == 8 and all(each.endswith("<|im_start|>assistant\n") for each in asked)


def test_the_learning_rate_rises_over_a_tenth_of_the_steps_and_falls_to_nothing(make, tmp_path):
    from coig_writer.train.sft import build_trainer

    prepared = make(*[16] * 10, batch=2, epochs=8)
    trainer = build_trainer(prepared, RunFolder(tmp_path / "run"), [], 0)
    assert prepared.estimate.steps == 40
    trainer.create_optimizer_and_scheduler(prepared.estimate.steps)
    rates = []
    for _ in range(41):
        rates.append(trainer.lr_scheduler.get_last_lr()[0])
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    expected = [2e-5 * (at / 4 if at <= 4 else (40 - at) / 36) for at in range(41)]
    assert rates == pytest.approx(expected)
    groups = trainer.optimizer.param_groups
    assert type(trainer.optimizer).__name__ == "AdamW"
    assert all((group["betas"], group["weight_decay"]) == ((0.9, 0.999), 0) for group in groups)


def test_operations_of_frozen_weights_are_counted_without_their_gradients():
    config = find_base("tiny-random").config()
    whole = shape_of(config, TrainSettings())
    adapter = shape_of(config, TrainSettings(lora=LoraSettings(rank=4, alpha=8)))
    assert whole.multiplied == whole.trained == whole.parameters  # its embedding is its head, too
    attention = 6 * whole.layers * 100 * whole.hidden
    assert whole.flops_per_token(100) == 6 * whole.parameters + attention
    assert adapter.flops_per_token(100) == 4 * adapter.parameters + 2 * adapter.trained + attention


def test_packing_keeps_the_batch_in_samples(make):
    packed = make(*[16] * 60, packing=True, context=256, batch=20).estimate
    samples_a_step = packed.accumulation * packed.samples / packed.rows
    assert packed.rows < 15 and samples_a_step == pytest.approx(20, abs=packed.samples / packed.rows / 2)


def test_an_adapter_is_trained_alone_and_merges_into_the_same_model(make, tmp_path):
    import torch
    from peft import PeftModel

    from coig_writer.train.export import export
    from coig_writer.train.sft import train

    prepared = make(16, 24, steps=2, batch=1, warmup=0, learning_rate=0.05, lora=LoraSettings(rank=4, alpha=8))
    assert prepared.shape.trained < prepared.shape.parameters / 100
    done = train(prepared, RunFolder(tmp_path / "run"))
    assert done.steps == 2
    merged = export(tmp_path / "run", tmp_path / "merged")
    assert json.loads((merged / "training.json").read_bytes())["settings"]["lora"]["rank"] == 4

    from transformers import AutoModelForCausalLM

    base = prepared.base.model(torch.float32, "sdpa")
    ids = torch.tensor([prepared.train[0].ids])
    with torch.no_grad():
        plain = base(ids).logits
        adapted = PeftModel.from_pretrained(base, str(done.folder.model))(ids).logits
        whole = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32)(ids).logits
    assert torch.allclose(adapted, whole, atol=1e-4)
    assert not torch.allclose(plain, whole, atol=1e-3)


def test_memory_that_ran_out_is_answered_with_numbers(make):
    import torch

    from coig_writer.train.sft import out_of_memory, ran_out

    prepared = make(4000, 16, batch=4, per_device=4)
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60)
    assert ran_out(caught.value) and not ran_out(RuntimeError("shapes differ"))
    said = str(out_of_memory(prepared, caught.value))
    for option in ("--per-device 2", "--gradient-checkpointing", "--lora", "--context", "fsdp"):
        assert option in said
    needs = [float(each) for each in re.findall(r"about ([\d.]+) GiB", said)]
    assert len(needs) == 6 and all(need <= needs[0] for need in needs)


def test_the_estimate_counts_parameters_and_steps_exactly(make):
    import torch

    prepared = make(*[16] * 10, batch=4, epochs=3)
    model = prepared.base.model(torch.float32, "sdpa")
    assert prepared.shape.parameters == sum(each.numel() for each in model.parameters())
    assert (prepared.estimate.steps, prepared.estimate.accumulation) == (9, 4)
    whole = memory_of(prepared.shape, 1000, mixed=False, lora=False, checkpointing=False)
    assert whole.weights + whole.gradients + whole.optimizer == pytest.approx(16 * prepared.shape.parameters / 2**30)
    assert memory_of(prepared.shape, 1000, mixed=False, lora=False, checkpointing=True).total < whole.total


def test_speed_is_measured_before_the_run(make):
    from coig_writer.train.measure import measured

    speed = measured(make(16, 24, 40, batch=1))
    assert speed.tokens_per_second > 0 and speed.hours > 0


def test_a_torn_last_line_of_a_log_is_left_out(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step":1}\n{"st', encoding="utf-8")
    assert list(read_log(tmp_path / "log.jsonl")) == [{"step": 1}]


@pytest.mark.parametrize(("creative", "general", "said"), [(1665, 10000, "1:6.0"), (5, 0, "1:0"), (0, 9, "0:1")])
def test_the_ratio_is_the_true_one(creative, general, said):
    assert ratio(creative, general) == said


def test_an_unknown_launch_configuration_is_answered_with_those_there_are():
    import yaml

    from coig_writer.train.launch import CONFIGS, launch_config

    for name in CONFIGS:
        assert yaml.safe_load(launch_config(name).read_text(encoding="utf-8"))["num_processes"] == 8
    with pytest.raises(SettingError, match="fsdp"):
        launch_config("tpu")


def test_two_runs_keep_out_of_one_folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.alone():
        assert folder.read() is None  # an empty folder but for the lock
        with pytest.raises(StorageError, match="another process trains here"), RunFolder(tmp_path / "run").alone():
            pass
    with folder.alone():
        pass


def test_weights_of_equal_size_are_told_apart(tmp_path):
    prints = []
    for weights in (b"a" * 5_000_000, b"a" * 4_990_000 + b"b" * 10_000, b"ab"):
        (tmp_path / "config.json").write_text("{}", encoding="utf-8")
        (tmp_path / "model.safetensors").write_bytes(weights)
        prints.append(find_base(str(tmp_path)).fingerprint)
    assert len(set(prints)) == 3


def test_without_a_gpu_freed_memory_is_kept():
    """Where the C library can be told so; the tests run on one that can."""
    import torch

    assert keep_freed_memory() == (not torch.cuda.is_available())
