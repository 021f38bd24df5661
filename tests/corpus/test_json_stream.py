import json
import time

from hypothesis import given
from hypothesis import strategies as st

from coig_writer.corpus.json_stream import values

objects = st.dictionaries(
    st.text(max_size=5), st.integers() | st.text(max_size=30) | st.lists(st.booleans()), max_size=4
)


def pieces(text: str, size: int):
    return (text[at : at + size] for at in range(0, len(text), size))


@given(st.lists(objects, max_size=6), st.integers(1, 40), st.sampled_from([None, 1, 2]), st.booleans())
def test_values_come_back_wherever_the_stream_is_cut(records, size, indent, as_array):
    whole = json.dumps(records, indent=indent) if as_array else "\n".join(json.dumps(r, indent=indent) for r in records)
    found = list(values(pieces(whole, size), limit=10_000))
    assert [piece.value for piece in found] == records
    assert [piece.error for piece in found] == [None] * len(records)
    assert [piece.index for piece in found] == list(range(1, len(records) + 1))


@given(st.lists(objects, min_size=1, max_size=4), st.integers(0, 3), st.integers(1, 40))
def test_a_broken_object_on_its_own_line_costs_no_other(records, place, size):
    lines = [json.dumps(record) for record in records]
    lines.insert(min(place, len(lines)), '{"a": tru, "b" 1}')
    found = list(values(pieces("[" + ",\n".join(lines) + "]", size), limit=10_000))
    assert [piece.value for piece in found if not piece.error] == records
    (broken,) = [piece for piece in found if piece.error]
    assert broken.line == min(place, len(records)) + 1
    assert broken.raw.startswith('{"a": tru')


gaps = st.text(" \n\t", max_size=3)


@given(st.data(), st.lists(objects, min_size=1, max_size=4), st.sampled_from([",", "\n", ",\n"]), st.integers(0, 3))
def test_a_good_object_after_a_broken_one_is_found_wherever_the_stream_is_cut(data, records, separator, place):
    values_of = [json.dumps(record) for record in records]
    values_of.insert(min(place, len(values_of)), data.draw(st.sampled_from(['{"a": tru, "b" 1}', '{"a" 1', "oops"])))
    gap, size = data.draw(gaps), data.draw(st.integers(1, 30))
    text = "[" + (gap + separator + gap).join(values_of) + "]"
    whole, cut = list(values(iter([text]), 10_000)), list(values(pieces(text, size), 10_000))
    assert cut == whole
    assert [piece.value for piece in cut if not piece.error] == records
    assert len([piece for piece in cut if piece.error]) == 1


def test_a_long_gap_after_a_broken_value_takes_no_long_time():
    text = '[{"a": tru},' + "\n" * 300_000 + '{"a": 1}, {"b": tru}' + "\n" * 300_000 + "]"
    started = time.process_time()
    found = list(values(pieces(text, 1 << 18), 1 << 20))
    assert time.process_time() - started < 5
    assert [piece.value for piece in found if not piece.error] == [{"a": 1}]


def test_a_value_that_is_too_large_is_passed_over():
    text = '[{"a": "' + "x" * 5000 + '"},\n{"a": 1}]'
    large, small = values(pieces(text, 100), limit=1000)
    assert large.too_large
    assert large.error == "longer than 1,000 characters"
    assert (small.value, small.line) == ({"a": 1}, 2)


def test_an_array_that_breaks_off_is_reported():
    found = list(values(iter(['[{"a": 1}, {"a": "unfinis']), limit=1000))
    assert found[0].value == {"a": 1}
    assert "Unterminated string" in found[1].error


def test_deep_nesting_is_an_error_and_not_a_crash():
    (piece,) = values(iter(['{"a":' * 100_000]), limit=10_000_000)
    assert piece.error == "nested too deeply"


@given(st.text(max_size=200), st.integers(1, 20))
def test_no_text_raises(text, size):
    for piece in values(pieces(text, size), limit=100):
        assert piece.error or piece.value is not None or "null" in text
