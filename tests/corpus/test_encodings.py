import pytest
from corpus_texts import GOOD, TRADITIONAL
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.corpus.encodings import commonness, decode, detect

ENCODED = {
    "utf-8": GOOD.encode(),
    "utf-8-sig": GOOD.encode("utf-8-sig"),
    "utf-16": GOOD.encode("utf-16"),
    "utf-16-be with mark": b"\xfe\xff" + GOOD.encode("utf-16-be"),
    "utf-16-le": GOOD.encode("utf-16-le"),
    "utf-16-be": GOOD.encode("utf-16-be"),
    "utf-16-le of Han alone": GOOD.replace("\n", "").encode("utf-16-le"),
    "utf-16-be of Han alone": GOOD.replace("\n", "").encode("utf-16-be"),
    "gb18030": GOOD.encode("gb18030"),
    "big5": TRADITIONAL.encode("big5"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_an_encoding_is_found_and_the_text_comes_back(name):
    raw = ENCODED[name]
    found = detect(raw)
    assert found is not None
    text = TRADITIONAL if name == "big5" else GOOD
    assert decode(raw, found) == (text.replace("\n", "") if "alone" in name else text, None)


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_sample_may_end_in_the_middle_of_a_character(cut):
    assert detect(GOOD.encode()[:-cut]) == "utf-8"
    assert detect(GOOD.encode("gb18030")[:-1]) == "gb18030"


@pytest.mark.parametrize(
    "raw", [b"\x89PNG\r\n\x1a\n" + bytes(50), b"PK\x03\x04" + GOOD.encode(), bytes(range(256)) * 8]
)
def test_what_is_no_text_has_no_encoding(raw):
    assert detect(raw) is None


def test_one_foreign_line_does_not_decide_for_the_file():
    lines = [GOOD.replace("\n", "").encode(), *["河水往东流。".encode()] * 5, "这一行是国标码。".encode("gb18030")]
    raw = b"\n".join(lines) + b"\n"
    assert detect(raw) == "utf-8"
    text, note = decode(lines[-1], "utf-8")
    assert text == "这一行是国标码。"
    assert note == "read as gb18030, its file is utf-8"


def test_a_damaged_line_is_not_read_as_something_else():
    raw = "我们在河边坐了很久，谁也没有说话。".encode()
    text, note = decode(raw[:10] + b"\xff" + raw[10:], "utf-8")
    assert text.replace("\ufffd", "").startswith("我们在")
    assert "\ufffd" in text
    assert note == f"{text.count(chr(0xFFFD))} places are not utf-8"


def test_common_characters_tell_text_from_mojibake():
    assert commonness(GOOD) > 0.4
    assert commonness(GOOD) > 2 * commonness(GOOD.encode().decode("gb18030", "replace"))
    assert commonness("plain") == 0


@given(st.binary(max_size=400))
def test_any_bytes_can_be_decoded(raw):
    encoding = detect(raw)
    if encoding and not encoding.startswith("utf-16"):
        text, _ = decode(raw, encoding)
        assert isinstance(text, str)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=60))
def test_utf8_is_never_taken_for_anything_else(text):
    assert detect(text.encode()) == "utf-8"


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=60))
def test_gb18030_is_not_taken_for_utf16(text):
    assert not (detect(f"{GOOD[:40]}{text}".replace("\n", "").encode("gb18030")) or "").startswith("utf-16")
