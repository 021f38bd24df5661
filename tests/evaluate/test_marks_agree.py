"""Agreement, means and intervals against other libraries and by hand."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from coig_writer.evaluate.agreement_of_marks import agreement, ordinal_alpha, spearman, weighted_kappa
from coig_writer.evaluate.means import by_prompt, mean_of, paired

MARKS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@settings(deadline=None, max_examples=40)
@given(MARKS)
def test_kappa_alpha_and_rank_correlation_are_those_of_other_libraries(pairs):
    first, second = (list(each) for each in zip(*pairs, strict=True))
    assume(len({*first}) > 1 and len({*second}) > 1)
    found = agreement(first, second, [str(number) for number in range(len(pairs))])
    assert found.kappa == pytest.approx(
        cohen_kappa_score(first, second, weights="quadratic", labels=[0, 1, 2, 3]), abs=1e-9
    )
    expected = krippendorff.alpha([first, second], level_of_measurement="ordinal", value_domain=[0, 1, 2, 3])
    assert found.alpha == pytest.approx(expected, abs=1e-9)
    assert found.spearman == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-9)
    assert found.exact == pytest.approx(np.mean(np.array(first) == np.array(second)))
    assert found.kappa_low is None or found.kappa_low <= found.kappa_high


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=2, max_size=12))
def test_alpha_takes_any_number_of_readings(units):
    columns = [[unit[row] if row < len(unit) else np.nan for unit in units] for row in range(4)]
    pairable = [mark for unit in units if len(unit) > 1 for mark in unit]
    found = ordinal_alpha([(f"q{place}", unit) for place, unit in enumerate(units)]).alpha
    if len({*pairable}) < 2:
        assert found is None
    else:
        assert found == pytest.approx(krippendorff.alpha(columns, level_of_measurement="ordinal"), abs=1e-9)


def test_by_hand():
    found = agreement([0, 0, 3, 3], [0, 1, 3, 3], ["a", "b", "c", "d"])
    assert found.exact == 0.75
    assert found.within_one == 1.0
    assert found.difference == 0.25
    assert found.table == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 2]]
    # observed Σw·n = 1; expected Σw·r·c/n = (2·(0·1+1·1+9·2) + 2·(9·1+4·1+0·2))/4 = 16
    assert found.kappa == pytest.approx(1 - 1 / 16)


@pytest.mark.parametrize(("first", "second"), [([], []), ([2], [2]), ([1, 1, 1], [1, 1, 1])])
def test_what_is_not_defined_is_none(first, second):
    found = agreement(first, second, ["q"] * len(first))
    assert (found.kappa, found.alpha, found.spearman, found.kappa_low) == (None, None, None, None)
    assert found.n == len(first)
    assert found.exact == (1.0 if first else None)
    assert spearman([1, 2], [3, 3]) is None


def test_several_tables_at_once_are_each_their_own():
    tables = np.random.default_rng(1).integers(0, 9, (5, 4, 4))
    assert weighted_kappa(tables) == pytest.approx([float(weighted_kappa(table)) for table in tables])


def test_a_mean_weighs_prompts_alike_and_its_interval_is_that_of_scipy():
    rng = np.random.default_rng(3)
    values = {f"q{number}": float(mark) for number, mark in enumerate(rng.integers(0, 4, 60))}
    found = mean_of(values)
    data = (np.array(list(values.values())),)
    other = stats.bootstrap(data, np.mean, method="percentile", n_resamples=9999, random_state=1).confidence_interval
    assert found.mean == pytest.approx(np.mean(data))
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.05)
    assert mean_of(dict(reversed(values.items()))) == found
    assert by_prompt([("a", 0), ("a", 2), ("b", 3)]) == {"a": 1.0, "b": 3.0}


def test_a_difference_is_taken_on_shared_prompts():
    found = paired({"a": 3.0, "b": 1.0, "c": 0.0}, {"a": 1.0, "b": 1.0, "d": 3.0})
    assert (found.mean, found.prompts) == (1.0, 2)
    assert paired({"a": 1.0}, {"b": 1.0}) is None
    assert mean_of({"a": 2.0}).low is None
