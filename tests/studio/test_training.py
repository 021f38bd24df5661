"""The course unlocks work; calibration shows how far people agree."""

import random
from itertools import permutations
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.schema import DIMENSIONS
from coig_writer.studio import training
from coig_writer.studio.models import Calibration


def right_answers(unit):
    return {f"answer-{at}": each.answer for at, each in enumerate(training.exercises(unit))}


@pytest.mark.parametrize("unit", training.UNITS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_unit_has_a_text_and_exercises(unit, language):
    assert "<h1>" in training.page(unit, language)
    assert "<script" not in training.page(unit, language)
    assert len(training.exercises(unit)) >= 4
    assert all(0 <= each.answer < len(each.options) for each in training.exercises(unit))


@pytest.mark.parametrize("unit", training.UNITS)
def test_both_languages_have_the_same_sections(unit):
    chinese, english = (training.page(unit, language) for language in ("zh", "en"))
    for tag in ("<h2>", "<table>", "<blockquote>", "<li>"):
        assert chinese.count(tag) == english.count(tag), tag


def test_items_are_given_out_to_who_has_passed(project, item, person):
    item()
    annotator, manager = person("annotator"), person("manager")
    manager.client.post(f"/projects/{project.pk}/course", {"what": "required", "required": "1"})
    claim = f"/projects/{project.pk}/claim/annotator"
    assert annotator.client.post(claim).status_code == 403
    for unit in training.UNITS:
        path = f"/projects/{project.pk}/course/{unit}"
        wrong = {name: answer + 1 for name, answer in right_answers(unit).items()}
        assert not annotator.client.post(path, wrong).context["passed"]
        assert annotator.client.post(path, right_answers(unit)).context["passed"]
    assert annotator.client.post(claim).status_code == 302


def test_only_managers_change_the_course(project, person):
    annotator = person("annotator")
    path = f"/projects/{project.pk}/course"
    assert annotator.client.post(path, {"what": "required", "required": "1"}).status_code == 403
    assert annotator.client.post(path, {"what": "session", "name": "x"}).status_code == 403


def test_the_scores_of_others_show_after_ones_own(project, item, person):
    one = item(submitted=1, head=1)
    session = Calibration.objects.create(project=project, name="第一次")
    session.items.set([one])
    path = f"/projects/{project.pk}/calibrations/{session.pk}"
    high, low = person("reviewer"), person("reviewer")
    for user, score in ((high, 9), (low, 7)):
        assert "α" not in user.client.get(path).content.decode()
        user.client.post(path, {"item": one.pk, **dict.fromkeys(DIMENSIONS, score)})
    page = low.client.get(path)
    assert [each.mine for each in page.context["agreement"]] == [-2.0] * 6
    again = low.client.post(path, {"item": one.pk, **dict.fromkeys(DIMENSIONS, 3)})
    assert again.status_code == 409
    assert person("evaluator").client.get(path).status_code == 403


def slow_alpha(units):
    """By the definition: one minus observed by expected disagreement over all ordered pairs."""
    kept = [unit for unit in units if len(unit) > 1]
    values = [value for unit in kept for value in unit]
    observed = sum(sum((a - b) ** 2 for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in kept) / len(values)
    expected = mean((a - b) ** 2 for a, b in permutations(values, 2))
    return 1 - observed / expected


@given(st.lists(st.lists(st.integers(1, 10), max_size=4), max_size=6))
def test_alpha_is_what_its_definition_says(units):
    found = training.interval_alpha(units)
    kept = [value for unit in units if len(unit) > 1 for value in unit]
    if len(set(kept)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(slow_alpha(units))


def test_alpha_of_chance_is_nought():
    chance = random.Random(1)
    units = [[chance.randint(1, 10) for _ in range(3)] for _ in range(4000)]
    assert training.interval_alpha(units) == pytest.approx(0, abs=0.03)
