"""Models of the crowd beside crowd-kit and direct maximisation, and on raters whose skill is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from coig_writer.evaluate import crowd as crowd_models
from coig_writer.evaluate.choice import PRIOR, pair_sets, strengths
from coig_writer.evaluate.crowd import HONEST, crowd, dawid_skene, noisy_bradley_terry
from coig_writer.evaluate.wins import Duels
from coig_writer.schema import Ranking
from support.ranked import random_rankings, ranked


def labelled(accuracies, units=120, labels=3, seed=0):
    """Votes of raters of known accuracy on units of known truth: (unit, rater, label), truth."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, units)
    rows = []
    for rater, accuracy in enumerate(accuracies):
        right = random.random(units) < accuracy
        wrong = (truth + random.integers(1, labels, units)) % labels
        rows += [(unit, rater, truth[unit] if right[unit] else wrong[unit]) for unit in range(units)]
    return np.array(rows), truth


@pytest.mark.filterwarnings("ignore::Warning")  # crowd-kit's, about what pandas will change
def test_dawid_skene_as_crowd_kit(monkeypatch):
    aggregation = pytest.importorskip("crowdkit.aggregation")
    monkeypatch.setattr(crowd_models, "SMOOTHING", 1e-10)  # crowd-kit has none
    rows, _ = labelled([0.9, 0.85, 0.8, 0.75, 0.6], units=150)
    chance, _ = dawid_skene(*rows.T, 3)
    expected = aggregation.DawidSkene(n_iter=1000, tol=0).fit(pd.DataFrame(rows, columns=["task", "worker", "label"]))
    assert chance == pytest.approx(expected.probas_.sort_index()[[0, 1, 2]].to_numpy(), abs=1e-4)


def test_dawid_skene_finds_the_skill_and_beats_the_majority():
    accuracies = [0.95, 0.9, 0.45, 0.4, 0.4]
    rows, truth = labelled(accuracies, units=400)
    chance, accuracy = dawid_skene(*rows.T, 3)
    assert accuracy == pytest.approx(accuracies, abs=0.1)
    votes = np.zeros((400, 3))
    np.add.at(votes, rows[:, 0], np.eye(3)[rows[:, 2]])
    assert (chance.argmax(axis=1) == truth).mean() > (votes.argmax(axis=1) == truth).mean() + 0.05


def test_those_who_agree_on_all_are_all_right():
    chance, accuracy = dawid_skene(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 0, 2, 2]), 3)
    assert chance.argmax(axis=1).tolist() == [0, 2]
    assert accuracy == pytest.approx([1, 1], abs=0.05)


def noisy(reliabilities, count=150, models="ABCD", seed=0):
    random = np.random.default_rng(seed)
    made = []
    for at, reliability in enumerate(reliabilities):
        for each in random_rankings(count, models, seed=seed + at):
            for a, b in zip(models, models[1:] + models[:1], strict=True):
                first_won = (each.places[a] < each.places[b]) == (random.random() < reliability)
                places = {a: 1, b: 2} if first_won else {a: 2, b: 1}
                made.append(Ranking(query_id=each.query_id, rater=f"human:{at}", places=places))
    return made


def test_noisy_bradley_terry_is_the_maximum_of_its_likelihood():
    made = noisy([0.85, 0.75, 0.5], count=100)
    duels = Duels.of(made, "ABCD")
    rater = np.array([int(each.rater[-1]) for each in made])
    theta, reliability = noisy_bradley_terry(duels, rater, 3)

    def loss(values):
        scores, honest = values[:4], values[4:]
        rate = 1 / (1 + np.exp(scores[duels.second] - scores[duels.first]))
        won = honest[rater] * rate + (1 - honest[rater]) * (1 - rate)
        total = (duels.score * np.log(won) + (1 - duels.score) * np.log(1 - won)).sum()
        return -(total + HONEST * np.log(honest).sum() - PRIOR / 2 * (scores**2).sum())

    bounds = [(-3, 3)] * 4 + [(0.01, 0.999)] * 3
    found = minimize(loss, [0] * 4 + [0.8] * 3, bounds=bounds, tol=1e-12)
    assert reliability == pytest.approx(found.x[4:], abs=5e-3)
    assert theta == pytest.approx(found.x[:4], abs=5e-3)


def test_a_rater_who_answers_in_reverse_is_found_and_does_not_spoil_the_scores():
    made = noisy([0.95, 0.95, 0.1])
    rater = np.array([int(each.rater[-1]) for each in made])
    theta, reliability = noisy_bradley_terry(Duels.of(made, "ABCD"), rater, 3)
    assert reliability[2] < 0.4
    assert min(reliability[:2]) > 0.7
    honest = strengths(pair_sets(Duels.of(noisy([1.0] * 3), "ABCD")))[0]
    plain = strengths(pair_sets(Duels.of(made, "ABCD")))[0]
    assert np.abs(theta - honest).max() < np.abs(plain - honest).max()


def test_all_together_on_rankings():
    found = crowd(random_rankings(40, "ABC", raters=3), "ABC")
    assert found.units == 120
    assert found.accuracy.keys() == found.reliability.keys() == {"human:0", "human:1", "human:2"}
    assert all(0 <= value <= 1 for value in (*found.accuracy.values(), *found.reliability.values()))
    assert found.scores["A"] < found.scores["B"] < found.scores["C"]
    assert found.win_rate["A"]["A"] is None
    assert found.win_rate["C"]["A"] > 60
    assert found.win_rate["A"]["C"] + found.win_rate["C"]["A"] == pytest.approx(100)


def test_what_the_models_are_called_does_not_matter():
    made = random_rankings(40, "ABC", raters=3, ties=True)
    other = {"A": "Z", "B": "M", "C": "A"}
    renamed = [each.model_copy(update={"places": {other[m]: p for m, p in each.places.items()}}) for each in made]
    one, two = crowd(made, "ABC"), crowd(renamed, "ZMA")
    assert two.win_rate["Z"]["A"] == pytest.approx(one.win_rate["A"]["C"], abs=1e-4)
    assert two.accuracy == pytest.approx(one.accuracy, abs=1e-6)
    assert two.scores["M"] == pytest.approx(one.scores["B"], abs=1e-6)


def test_one_rater_each_or_nobody_named_is_no_crowd():
    assert crowd(random_rankings(10, "AB"), "AB") is None
    assert crowd([*ranked("A>B", rater="human:unnamed"), *ranked("B>A", rater="human:unnamed")], "AB") is None
    assert crowd([], "A") is None
