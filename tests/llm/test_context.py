"""What a model gets to see of a text that is too long for it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.llm.context import estimate_tokens, fit

MARK = re.compile(r"\n〔以下略去 (\d+) 字〕\Z")
LETTERS = "灯下雨伞巷abc 12，；𠀀㐂é\t"
sentences = st.text(LETTERS, min_size=1, max_size=60).map(lambda text: text + "。")
paragraphs = st.lists(sentences, min_size=1, max_size=12).map("".join)
proses = st.lists(paragraphs, min_size=1, max_size=12).map("\n\n".join)
texts = st.one_of(proses, st.text(LETTERS + "。！？…”\n", max_size=2000), st.text(max_size=500))
rooms = st.integers(64, 2000)


def kept_of(shown: str) -> str:
    """What stands before the mark."""
    return shown[: MARK.search(shown).start()]


@given(texts, rooms)
def test_never_more_tokens_than_asked(text, room):
    assert estimate_tokens(fit(text, room).text) <= room


@given(texts, rooms)
def test_a_text_that_fits_is_untouched_and_any_other_bears_a_mark_that_counts(text, room):
    fitted = fit(text, room)
    if estimate_tokens(text) <= room:
        assert (fitted.text, fitted.note) == (text, None)
        return
    kept = kept_of(fitted.text)
    assert text.startswith(kept)
    assert int(MARK.search(fitted.text)[1]) == len(text) - len(kept)
    assert f"first {len(kept):,} of {len(text):,} characters" in fitted.note


@given(proses, st.integers(400, 2000))
def test_a_cut_is_at_the_end_of_a_paragraph_or_a_sentence(text, room):
    fitted = fit(text, room)
    if fitted.note:
        assert re.search(r"[。！？…!?.][”’」』）)]*\Z", kept_of(fitted.text))


@given(st.lists(st.text("灯下雨伞巷", min_size=20, max_size=60), min_size=20, max_size=40), st.integers(200, 700))
def test_a_paragraph_that_fits_whole_is_kept_whole(lines, room):
    fitted = fit("\n".join(lines), room)
    if fitted.note:
        whole = kept_of(fitted.text).split("\n")
        assert whole == lines[: len(whole)]
        assert estimate_tokens("\n".join(lines[: len(whole) + 1])) > room - 24, (
            "there is no room for the next and a mark"
        )


@given(st.integers(100, 1000), st.integers(3000, 5000))
def test_an_early_sentence_end_does_not_cost_the_rest(room, length):
    text = "灯亮了。\n" + "雨" * length
    assert len(kept_of(fit(text, room).text)) > room / 2


@given(texts, texts)
def test_the_estimate_grows_with_the_text(first, second):
    assert max(map(estimate_tokens, (first, second))) <= estimate_tokens(first + second)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("江南，春天", 5), ("𠮷", 3), ("hello", 2), ("a", 1)])
def test_the_estimate_counts_wide_rare_and_other_characters(text, tokens):
    assert estimate_tokens(text) == tokens


def test_a_paragraph_that_fits_to_the_last_token_is_kept():
    first = "雨" * 75 + "。"
    assert kept_of(fit(f"{first}\n{'灯' * 300}。", estimate_tokens(first) + 24).text) == first


def test_no_room_is_an_error():
    with pytest.raises(ValueError, match="only 63 tokens"):
        fit("灯", 63)
