"""The demo's raw texts are what their README says, and the program treats them as it says."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import as_file, files
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from coig_writer.annotate.injection import find_instructions
from coig_writer.corpus.fields import row_from_record
from coig_writer.corpus.pages import row_from_page
from coig_writer.corpus.personal import find_personal_data
from coig_writer.corpus.plain import row_from_plain
from coig_writer.corpus.rows import Row
from coig_writer.taxonomy import resolve

ENCODINGS = {"haircut.txt": "gb18030", "station13.txt": "utf-8-sig", "shelf.csv": "utf-8-sig"}
COPIES = {
    "配钥匙的老秦，看哭了": "等人不收钱",
    "一把刀的记性": "磨刀人",
    "睡前故事：一朵云": "不会下雨的云",
    "宋代快递小哥的最后一夜": "先站着",
}
INJECTED = "夜里不锁的侧门"
EXAMPLE_HOSTS = re.compile(r"(^|\.)example\.(com|org|net|cn)$")


@dataclass(frozen=True)
class Entry:
    """A line of the README's table."""

    where: str
    title: str
    genre: str
    fate: str
    what: str

    @property
    def good(self) -> bool:
        return self.fate == "kept" and self.title != INJECTED


@cache
def folder() -> Path:
    with as_file(files("coig_writer") / "data" / "demo") as path:
        return path


@cache
def entries() -> dict[str, Entry]:
    lines = (folder() / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[1]: Entry(*row) for row in cells[2:]}


@cache
def rows() -> dict[str, Row]:
    """Title → text and what its file says of it; `source` is written as in the README."""
    found = [*_records(), *_files()]
    assert len({row.title for row in found}) == len(found), "titles are the keys of the table"
    return {row.title: row for row in found if row.title}


def _records():
    tables = {
        "forum.jsonl": [json.loads(line) for line in _read("forum.jsonl").splitlines()],
        "essays.jsonl": [json.loads(line) for line in _read("essays.jsonl").splitlines()],
        "square.json": json.loads(_read("square.json")),
        "shelf.csv": list(csv.DictReader(_read("shelf.csv").splitlines(keepends=True))),
    }
    for name, records in tables.items():
        for number, record in enumerate(records, 1):
            yield row_from_record(record, f"{name} {number}", {})


def _files():
    for place, reader in (("notes", row_from_plain), ("pages", row_from_page)):
        for path in sorted((folder() / place).iterdir()):
            yield reader(_read(f"{place}/{path.name}"), f"{place}/{path.name}")


def _read(name: str) -> str:
    return (folder() / name).read_bytes().decode(ENCODINGS.get(Path(name).name, "utf-8"))


def text(title: str) -> str:
    found = rows()[title].text
    assert found
    return found


def likeness(one: str, other: str) -> float:
    """Jaccard similarity of the sets of 5 characters in a row, white space left out."""
    left, right = (
        {bare[i : i + 5] for i in range(len(bare) - 4)} for bare in ("".join(one.split()), "".join(other.split()))
    )
    return len(left & right) / len(left | right)


def good_titles() -> list[str]:
    return [title for title, entry in entries().items() if entry.good]


def test_the_table_names_every_text_and_nothing_else():
    assert {row.source: title for title, row in rows().items()} == {
        entry.where: title for title, entry in entries().items()
    }
    assert len(entries()) == 44
    assert len(good_titles()) == 26


def test_good_texts_say_their_genre_date_and_licence():
    assert {title: resolve(rows()[title].genre or "").slug for title in good_titles()} == {
        title: entries()[title].genre for title in good_titles()
    }
    assert len({entries()[title].genre for title in good_titles()}) == 26
    for title in good_titles():
        year, month, day = map(int, re.findall(r"\d+", rows()[title].stamps[0].value)[:3])
        assert date(2023, 1, 1) <= date(year, month, day) <= date(2026, 1, 31), title


def test_good_texts_are_short_enough_for_a_small_model():
    lengths = [len(text(title)) for title in good_titles()]
    assert min(lengths) >= 100
    assert max(lengths) <= 900
    assert sum(150 <= length <= 500 for length in lengths) >= 20


def test_no_two_good_texts_are_alike():
    alike = {(one, other): likeness(text(one), text(other)) for one, other in combinations(good_titles(), 2)}
    assert max(alike.values()) < 0.02


@pytest.mark.parametrize(("copy", "original"), COPIES.items())
def test_near_duplicates_are_near_and_not_the_same(copy, original):
    assert 0.7 <= likeness(text(copy), text(original)) < 0.9
    bare = ["".join(text(title).split()) for title in (copy, original)]
    assert 0.01 <= 1 - SequenceMatcher(None, *bare, autojunk=False).ratio() <= 0.06
    assert len(bare[0]) < len(bare[1]), "so that the original is the one to keep"


def test_the_exact_duplicate_is_exact_at_another_address():
    copy, original = rows()["转：桥洞底下那家修鞋铺"], rows()["修鞋铺招贴六则"]
    assert copy.text == original.text
    assert copy.url != original.url


def test_encodings_are_what_the_table_says():
    gb = (folder() / "notes" / "haircut.txt").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        gb.decode("utf-8")
    assert "枣树" in gb.decode("gb18030")
    assert (folder() / "notes" / "station13.txt").read_bytes().startswith(b"\xef\xbb\xbf")
    for path in folder().rglob("*.*"):
        if path.name not in ENCODINGS:
            assert not path.read_bytes().startswith(b"\xef\xbb\xbf")
            path.read_text(encoding="utf-8")


def test_planted_faults_are_there():
    assert "\ufffd" in text("抽屉里的船票")
    assert "鐨" in text("雪里蕻") and "雪里蕻" not in text("雪里蕻")
    assert not text("渡口").endswith(("。", "”", "？", "！"))
    assert "未完待续" in text("照骨灯 第一章")
    assert "<div" in text("阿芳换了招牌") and "&nbsp;" in text("阿芳换了招牌")
    assert "\n" not in text("搬家记，打字手酸没分段") and len(text("搬家记，打字手酸没分段")) > 1500
    assert text("The Fog Collector").isascii()
    assert rows()["拆迁前夜的向日葵"].stamps[0].value == "2019-05-02"
    assert rows()["晒被子"].stamps == []
    market = rows()["四十四号摊，谢谢"]
    assert "/2021/03/" in (market.url or "") and market.stamps[0].value.startswith("2024")
    assert "聽" in text("阿嬤的收音機") and "听" not in text("阿嬤的收音機")


def test_damage_is_only_where_it_was_planted():
    assert [title for title in rows() if "\ufffd" in text(title)] == ["抽屉里的船票"]


def test_personal_data_is_only_where_it_was_planted_and_nobodys():
    found = {title: find_personal_data(text(title)) for title in rows()}
    assert {title for title, spots in found.items() if spots} == {
        "寻猫，但不止寻猫",
        "旧房翻新特惠来袭",
        "在家就能做的副业",
    }
    assert {spot.kind for spot in found["寻猫，但不止寻猫"]} == {"mobile", "email"}
    for title in rows():
        assert all(re.fullmatch(r"1300000000\d", number) for number in re.findall(r"1\d{10}", text(title)))
        assert all(host == "example.com" for host in re.findall(r"@([\w.]+)", text(title)))


def test_only_the_planted_text_speaks_to_the_model():
    assert [title for title in rows() if find_instructions(text(title))] == [INJECTED]


def test_addresses_are_examples_and_no_two_are_the_same():
    urls = [row.url for row in rows().values() if row.url]
    assert len(urls) == len(set(urls)) == 41
    assert all(EXAMPLE_HOSTS.search(urlsplit(url).hostname or "") for url in urls)


def test_the_corpus_treats_every_text_as_the_table_says(tmp_path):
    import pyarrow.parquet as pq

    from coig_writer.corpus.build import build

    summary = build([folder()], tmp_path).summary
    kept = pq.read_table(tmp_path / "candidates.parquet").to_pylist()
    refused = pq.read_table(tmp_path / "rejected.parquet").to_pylist()
    fates = {row["title"]: "kept" for row in kept} | {row["title"]: row["reason"] for row in refused}
    assert fates == {title: entry.fate for title, entry in entries().items()}
    assert (summary.read, summary.kept) == (44, 27)
    assert {row["title"]: row["genre"] for row in kept} == {
        title: entry.genre for title, entry in entries().items() if entry.fate == "kept"
    }
    cat = next(row["text"] for row in kept if row["title"] == "寻猫，但不止寻猫")
    assert "13000000000" not in cat and "@" not in cat
