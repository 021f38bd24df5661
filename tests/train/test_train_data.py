"""Mixtures become samples: forms of the completion, what is held out, what is too long."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coig_writer.cli.train import app
from coig_writer.dataset.general import Message
from coig_writer.errors import InputError, SettingError
from coig_writer.packaged import load_starter
from coig_writer.train.data import Sample, hold_out, read_mixture
from coig_writer.train.lengths import fit, lengths_of
from coig_writer.train.settings import FORMS, TrainSettings, accumulation
from coig_writer.train.template import Encoded

pytestmark = pytest.mark.train


def of(mixture, form):
    return {sample.id: sample for sample in read_mixture(mixture, form)}


def test_each_form_holds_what_it_says_and_general_samples_stay(mixtures):
    path = mixtures / "cw-4.jsonl"
    forms = {form: of(path, form) for form in FORMS}
    triplets = {triplet.id: triplet for triplet in load_starter()}
    creative = {id for id, sample in forms["think"].items() if sample.source == "creative"}
    assert len(creative) == 4 and creative <= triplets.keys()
    for id in creative:
        reasoning, article, prompt = triplets[id].reasoning, triplets[id].article.text, triplets[id].prompt
        assert forms["think"][id].completion == f"<think>\n{reasoning}\n</think>\n\n{article}"
        assert forms["article"][id].completion == article
        assert forms["plain"][id].completion == f"构思：\n{reasoning}\n\n正文：\n{article}"
        assert forms["plan"][id].completion == article
        assert forms["plan"][id].prompt[-1].content == f"{prompt}\n\n构思：\n{reasoning}"
    for id in forms["think"].keys() - creative:
        assert len({forms[form][id] for form in FORMS}) == 1


def test_a_mixture_without_reasoning_cannot_be_trained_to_think(tmp_path):
    path = tmp_path / "mix.jsonl"
    row = {"id": "a", "source": "creative", "prompt": [{"role": "user", "content": "写"}]}
    path.write_text(json.dumps(row | {"completion": [{"role": "assistant", "content": "雨。"}]}), encoding="utf-8")
    with pytest.raises(InputError, match="no reasoning") as caught:
        read_mixture(path, "think")
    assert caught.value.where == f"{path}:1"
    assert read_mixture(path, "article")[0].completion == "雨。"


@pytest.mark.parametrize(
    "row",
    [
        "[]",
        '{"text": "a"}',
        '{"prompt": "a", "completion": " "}',
        '{"messages": [{"role": "user", "content": "a"}]}',
        '{"messages": [{"role": "tool", "content": "a"}, {"role": "assistant", "content": "b"}]}',
        '{"prompt": "a", ',
    ],
)
def test_a_bad_line_is_named(tmp_path, row):
    path = tmp_path / "mix.jsonl"
    path.write_text('{"prompt": "问", "completion": "答"}\n' + row + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_mixture(path, "think")
    assert caught.value.where == f"{path}:2"


def test_a_folder_is_answered_with_its_mixtures(mixtures):
    with pytest.raises(InputError, match=r"cw-4\.jsonl, cw\.jsonl"):
        read_mixture(mixtures, "think")


def samples(count: int, source: str) -> list[Sample]:
    return [Sample(f"{source}{at}", source, (Message("user", "问"),), "答", f"f:{at}") for at in range(count)]


def test_what_is_held_out_depends_on_seed_and_ids_not_on_order():
    everything = [*samples(40, "creative"), *samples(20, "general")]
    kept, held = hold_out(everything, 0.1, 42)
    again, same = hold_out(everything[::-1], 0.1, 42)
    assert {name: len(found) for name, found in held.items()} == {"creative": 4, "general": 2}
    assert {each.id for found in held.values() for each in found} == {
        each.id for found in same.values() for each in found
    }
    assert len(kept) == len(again) == 54
    assert hold_out(everything, 0.1, 7)[1] != held
    assert hold_out(everything, 0.0, 42) == (everything, {})
    assert hold_out(samples(1, "general"), 0.5, 42)[1] == {}


def encoded(*sizes: int) -> list[Encoded]:
    return [
        Encoded(Sample(f"s{at}", "creative", (Message("user", "问"),), "答", f"mix.jsonl:{at}"), list(range(size)), 10)
        for at, size in enumerate(sizes)
    ]


def test_too_long_samples_are_refused_and_listed_before_anything_is_trained(tmp_path):
    listing = tmp_path / "long.jsonl"
    with pytest.raises(InputError, match="2 of 3 samples") as caught:
        fit(encoded(100, 300, 200), 150, "refuse", listing)
    assert "--context 320" in str(caught.value) and "200 tokens" in str(caught.value)
    rows = [json.loads(line) for line in listing.read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["tokens"], row["beyond"], row["done"]) for row in rows] == [
        ("s1", 300, 150, "refused"),
        ("s2", 200, 50, "refused"),
    ]
    assert rows[0]["where"] == "mix.jsonl:1"


def test_too_long_samples_are_dropped_or_cut_when_asked(tmp_path):
    listing = tmp_path / "long.jsonl"
    kept, long = fit(encoded(100, 300), 150, "drop", listing)
    assert ([len(each.ids) for each in kept], len(long)) == ([100], 1)
    kept, long = fit(encoded(100, 300), 150, "cut", listing)
    assert [len(each.ids) for each in kept] == [100, 150]
    small = Encoded(encoded(5)[0].sample, [1, 2, 3], 1)
    kept, long = fit([small, *encoded(300)], 8, "cut", listing)
    assert (kept, [each.done for each in long]) == ([small], ["dropped"])  # no answer would be left to learn
    assert fit(encoded(100), 150, "refuse", listing) == (encoded(100), [])
    assert not listing.exists()
    with pytest.raises(InputError, match="no sample fits"):
        fit(encoded(100, 300), 50, "drop", listing)


def test_lengths_name_the_context_that_is_needed():
    found = lengths_of(encoded(100, 1025))
    assert (found.needed, found.longest, found.tokens, found.learnt) == (1088, 1025, 1125, 1105)
    assert lengths_of(encoded(64)).needed == 64


@given(batch=st.integers(1, 256), per_device=st.integers(1, 8), devices=st.integers(1, 16))
def test_the_batch_is_reached_exactly_or_refused(batch, per_device, devices):
    try:
        accumulated = accumulation(batch, per_device, devices)
    except SettingError as error:
        assert batch % (per_device * devices)
        assert ("--per-device" in error.remedy) == (batch % devices == 0)
    else:
        assert accumulated * per_device * devices == batch


def test_the_defaults_are_the_papers():
    paper = TrainSettings()
    assert (paper.epochs, paper.learning_rate, paper.batch, paper.warmup) == (3, 2e-5, 32, 0.1)
    assert (paper.form, paper.lora, paper.on_long) == ("think", None, "refuse")


def test_a_setting_that_cannot_be_is_named_as_its_option():
    words = ["sft", "--data", "mix.jsonl", "--model", "tiny-random", "--out", "run", "--lora", "--lora-dropout", "1.5"]
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, SettingError) and error.where == "--lora-dropout"
