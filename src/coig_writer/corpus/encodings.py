"""Bytes to text: which encoding a file has, and what to do with a line that has another.

Strict attempts come first, in an order in which a false success is unlikely: UTF-8 accepts little
that is not UTF-8, GB18030 and Big5 accept much, so these two are told apart by how common the
resulting characters are. Statistical guessing is the last resort.
"""

from __future__ import annotations

import codecs
import re

BINARY_MAGIC = (
    b"PK\x03\x04",
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x7fELF",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\xd0\xcf\x11\xe0",
    b"SQLite format 3",
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_COMMON = frozenset(
    "的一是不了在人有我他这这個个上们們来來到时時大地为為子中你说說生国國年着著就那和要她出也得里裡裏后後自以会會家可下"
    "而过過天去能对對小多然于於心学學么麼之都好看起发發当當没沒成只如事把还還用第样樣道想作种種开開美总總从從无無情己面最女但"
    "现現前些所同日手又行意动動方期它头頭经經长長儿兒回位分爱愛老因很给給名法间間斯知世什两兩次使身者被高已亲親其进進此话話常与與"
    "活正感见見明问問力理尔爾点點文几幾定本公特做外孩相西果走将將月十实實向声聲车車全信重三机機工物气氣每并並别別真打太新比才便夫再书書"
    "花风風云雲山水雨春秋夜白江海，。、；：？！“”‘’「」『』《》（）…—　"
)
_PLAIN = re.compile(r"[\x00-\x7f]+")
_ORDINARY = re.compile(r"[\t\n\r -~\u2014-\u2026\u3000-\u9fff\uff00-\uffef]")


def detect(sample: bytes) -> str | None:
    """The encoding of a file that begins with `sample`, or None when it is not text.

    The sample may end in the middle of a character.
    """
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return name
    if sample.startswith(BINARY_MAGIC):
        return None
    if b"\0" in sample:
        return _utf16(sample)
    is_utf8 = _decodes(sample, "utf-8")
    if not is_utf8 and (utf16 := _utf16_of_han(sample)):
        return utf16
    if len(_CONTROL.findall(sample)) > 0.02 * len(sample):
        return None
    if is_utf8:
        return "utf-8"
    return _by_lines(sample) or _guessed(sample)


def decode(raw: bytes, encoding: str) -> tuple[str, str | None]:
    """The text of `raw`, and a note when it had to be read otherwise than in `encoding`.

    Bytes that no encoding explains become U+FFFD, and the note says so.
    """
    try:
        return raw.decode(encoding), None
    except UnicodeDecodeError:
        lossy = raw.decode(encoding, "replace")
    for other in ("utf-8", "gb18030", "big5"):
        try:
            text = raw.decode(other)
        except UnicodeDecodeError:
            continue
        if commonness(text) >= commonness(lossy):
            return text, f"read as {other}, its file is {encoding}"
    return lossy, f"{lossy.count(chr(0xFFFD))} places are not {encoding}"


def commonness(text: str) -> float:
    """Share of very frequent Chinese characters and punctuation among the non-ASCII characters of `text`, 0–1."""
    rest = _PLAIN.sub("", text)
    return sum(char in _COMMON for char in rest) / len(rest) if rest else 0.0


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: the order of bytes that yields ordinary characters."""
    for name in ("utf-16-le", "utf-16-be"):
        text = sample.decode(name, "replace")
        if len(_ORDINARY.findall(text)) >= 0.95 * len(text):
            return name
    return None


def _utf16_of_han(sample: bytes) -> str | None:
    """UTF-16 without a mark, line ends or ASCII, hence without zero bytes: the characters are far more common so."""
    text = {name: sample[:8192].decode(name, "replace") for name in ("utf-16-le", "utf-16-be", "gb18030", "big5")}
    common = {name: commonness(decoded) for name, decoded in text.items()}
    best = max(common, key=lambda name: common[name])
    clear = common[best] >= 0.25 and common[best] >= 3 * max(common["gb18030"], common["big5"])
    return best if clear and best.startswith("utf-16") else None


def _by_lines(sample: bytes) -> str | None:
    """What most lines are, so that one foreign line does not decide for a whole file."""
    lines = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    readable = {name: sum(_decodes(line, name) for line in lines) for name in ("utf-8", "gb18030", "big5")}
    if readable["utf-8"] and 2 * readable["utf-8"] >= len(lines):
        return "utf-8"
    name = max(("gb18030", "big5"), key=lambda name: (readable[name], commonness(sample.decode(name, "replace"))))
    return name if 2 * readable[name] > len(lines) else None


def _guessed(sample: bytes) -> str | None:
    damaged = sample.decode("utf-8", "replace")
    if damaged.count("\ufffd") < 0.05 * len(damaged):
        return "utf-8"
    from charset_normalizer import from_bytes

    best = from_bytes(sample[:65536]).best()
    return best.encoding if best else None
