"""AI flavour is learnt from texts of both, and found again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.errors import InputError
from coig_writer.evaluate.textstats.density import four_character_in, idioms, idioms_in
from coig_writer.evaluate.textstats.flavour import Lexicon, Lexicons, Unit, flavour, learn, log_odds, read_lexicons
from coig_writer.evaluate.textstats.run import packaged_lexicons
from coig_writer.evaluate.textstats.words import words_of
from coig_writer.files import write_json

MODEL = [f"阳光洒在窗台上，仿佛第{number}个故事告诉我们，他明白了。" for number in "一二三四五六七八"] * 5
MODEL = [f"1. {text}" for text in MODEL]
PEOPLE = [f"缸搬不动，第{number}个人来了也搬不动，门口的猫看着。" for number in "一二三四五六七八"] * 5


def learnt():
    return learn(MODEL, PEOPLE, "zh", models=["m"], human="people")


def test_log_odds_by_hand():
    """4 of 10 against 1 of 10 with a prior of 20 units: the prior count is 20 * 5 / 20 = 5."""
    odds, error = log_odds(4, 10, 1, 10, prior=20)
    assert odds == pytest.approx(math.log(9 / (10 + 20 - 9)) - math.log(6 / (10 + 20 - 6)))
    assert error == pytest.approx(math.sqrt(1 / 9 + 1 / 6))


def test_log_odds_of_equal_use_are_zero():
    assert log_odds(7, 100, 7, 100)[0] == pytest.approx(0)


def test_what_models_say_is_learnt_and_what_both_say_is_not():
    units = {unit.text: unit for unit in learnt().units}
    assert {"阳光", "洒"} & set(units)
    assert "仿佛/宛如…" in units and "这个故事告诉我们" in units
    assert "第" not in units and "搬" not in units and "1" not in units
    assert all(unit.z >= 2.58 and unit.log_odds >= math.log(2) for unit in units.values())


def test_a_score_is_the_weight_of_what_is_found_per_100_words():
    lexicon = learnt()
    for text in (MODEL[0], PEOPLE[0]):
        words = words_of(text, "zh")
        found = flavour(text, words, lexicon)
        weights = {unit.text: unit.log_odds for unit in lexicon.units}
        assert found.score == pytest.approx(100 * sum(weights[u] * n for u, n in found.hits.items()) / len(words))
    assert flavour(MODEL[0], words_of(MODEL[0], "zh"), lexicon).score > 0
    assert flavour(PEOPLE[0], words_of(PEOPLE[0], "zh"), lexicon).score == 0
    assert flavour("", [], lexicon).score is None


@settings(deadline=None)
@given(st.lists(st.sampled_from(["雨", "停", "了", "的", "我们", "天"]), max_size=12))
def test_runs_of_words_are_counted_wherever_they_stand(words):
    units = [
        Unit(text=each, log_odds=1, z=3, model=9, human=0) for each in ("雨", "雨 停", "雨 停 了", "了 的", "我们 的")
    ]
    lexicon = Lexicon(language="zh", models=[], human="", model_texts=9, human_texts=9, units=units)
    runs = [" ".join(words[at : at + size]) for size in (1, 2, 3) for at in range(len(words) - size + 1)]
    expected = {unit.text: runs.count(unit.text) for unit in units if unit.text in runs}
    assert flavour("", words, lexicon).hits == expected


def test_a_lexicon_file_is_read_back_and_a_broken_one_is_refused(tmp_path):
    made = Lexicons(lexicons=[learnt()])
    write_json(tmp_path / "lexicon.json", made.model_dump())
    assert read_lexicons(tmp_path / "lexicon.json") == made
    broken = made.model_dump()
    broken["lexicons"][0]["units"][0]["pattern"] = "("
    write_json(tmp_path / "broken.json", broken)
    for name in ("broken.json", "missing.json"):
        with pytest.raises(InputError):
            read_lexicons(tmp_path / name)


def test_too_few_texts_teach_nothing():
    with pytest.raises(InputError, match="too few"):
        learn(MODEL[:4], PEOPLE, "zh", models=["m"], human="people")


def test_the_packaged_lexicon_says_what_it_was_learnt_from():
    (lexicon,) = packaged_lexicons().lexicons
    assert lexicon.language == "zh" and lexicon.models and "starter" in lexicon.human
    assert lexicon.units


def test_idioms_and_four_character_words():
    assert len(idioms()) > 20_000
    words = words_of("他画蛇添足，又走了一万多里，中华人民。", "zh")
    assert idioms_in(words) == 1
    assert four_character_in(["画蛇添足", "一二", "abcd", "中华人民"]) == 2
