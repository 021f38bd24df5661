"""Geometry is right at its edges, and agrees with numpy where numpy has the same figure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.report.figures import Box, LogAxis, dodge, score_columns

lengths = st.lists(st.integers(1, 10**7), min_size=1, max_size=60)


@given(lengths)
def test_every_length_has_a_place_and_order_is_kept(values):
    axis = LogAxis.over(values)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert axis.low <= min(values)
    assert axis.high >= max(values)
    assert axis.ticks[0][0] == 0
    assert axis.ticks[-1][0] == 100


def test_powers_of_ten_are_evenly_spaced():
    assert LogAxis(10, 100_000).ticks == [(0, 10), (25, 100), (50, 1000), (75, 10_000), (100, 100_000)]


@pytest.mark.parametrize(("value", "place"), [(0, 0), (5, 0), (10**9, 100)])
def test_what_lies_outside_stands_at_the_edge(value, place):
    assert LogAxis(10, 100_000).place(value) == place


@given(lengths)
def test_boxes_agree_with_numpy(values):
    box = Box.of(values)
    found = [box.min, box.q1, box.median, box.q3, box.max]
    assert found == pytest.approx(list(np.quantile(values, [0, 0.25, 0.5, 0.75, 1])))


def test_dots_that_share_a_place_are_set_apart():
    spread = dodge([50.0, 50.0, 50.0, 80.0])
    assert len(set(spread)) == 4
    assert spread[0] == (50.0, 0)
    assert spread[3] == (80.0, 0)


@given(st.lists(st.integers(1, 10)), st.lists(st.integers(1, 10)))
def test_columns_hold_every_score_once(released, others):
    columns = score_columns(released, others, tallest=len(released) + len(others), height=80)
    assert [column.value for column in columns] == list(range(1, 11))
    assert sum(column.released for column in columns) == len(released)
    assert sum(column.others for column in columns) == len(others)
    assert all(column.released_height + column.others_height <= 80.02 for column in columns)
