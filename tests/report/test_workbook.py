"""Workbooks are read back by another library, and nothing in them runs."""

from __future__ import annotations

import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.errors import StorageError
from coig_writer.report.workbook import LONGEST_CELL, sheet_names, write_workbook

RISKY = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "{=1}", "https://example.org", "12", "\x01坏"]


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    path = write_workbook(tmp_path / "a.xlsx", {"one": (["=name", "@b"], [[each, each] for each in RISKY])})
    sheet = openpyxl.load_workbook(path)["one"]
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert kinds == {"s"}
    assert [row[0].value for row in sheet.iter_rows(min_row=2)][:8] == RISKY[:8]
    inside = zipfile.ZipFile(path)
    assert not [name for name in inside.namelist() if b"<f>" in inside.read(name) or b"hyperlink" in inside.read(name)]


def test_header_is_frozen_and_filtered_and_values_keep_their_kind(tmp_path):
    rows = [["甲", 1, 0.25, True, None], ["乙", 2, float("nan"), False, float("inf")]]
    path = write_workbook(tmp_path / "a.xlsx", {"数": (list("abcde"), rows), "空": (["x"], []), "无": ([], [])})
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["数", "空", "无"]
    sheet = book["数"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:E3")
    assert [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)] == [
        ["甲", 1, 0.25, True, None],
        ["乙", 2, None, False, None],
    ]


def test_headers_stand_as_their_columns_and_long_text_is_wrapped_within_bounds(tmp_path):
    long = "雨下了一整夜。" * 400
    rows = [["甲", 1, 0.5, "雨"], ["乙", None, None, long], ["丙", 2, 1.5, "一\n二"]]
    sheet = openpyxl.load_workbook(write_workbook(tmp_path / "a.xlsx", {"a": (["m", "n", "x", "t"], rows)}))["a"]
    assert [cell.alignment.horizontal for cell in sheet[1]] == [None, "right", "right", None]
    assert sheet["D3"].alignment.wrap_text and sheet["D4"].alignment.wrap_text
    assert not sheet["D2"].alignment.wrap_text
    assert (sheet.row_dimensions[2].height, sheet.row_dimensions[3].height, sheet.row_dimensions[4].height) == (
        None,
        75,
        30,
    )
    assert sheet["D3"].value == long
    assert sheet.column_dimensions["D"].width <= 64


def test_a_wide_sheet_is_printed_over_several_pages_with_its_first_columns(tmp_path):
    header = [f"column{number}" for number in range(40)]
    tables = {"wide": (header, [list(range(40))]), "slim": (["a"], [[1]])}
    book = openpyxl.load_workbook(write_workbook(tmp_path / "a.xlsx", tables))
    assert (book["wide"].page_setup.fitToWidth, book["slim"].page_setup.fitToWidth) == (3, None)
    assert book["wide"].page_setup.orientation == "landscape"
    assert book["wide"].print_title_cols == "$A:$B"
    assert not book["slim"].print_title_cols


def test_the_same_tables_give_the_same_bytes(tmp_path):
    sheets = {"a": (["x"], [[1], ["二"]])}
    first, second = (write_workbook(tmp_path / name, sheets).read_bytes() for name in ("1.xlsx", "2.xlsx"))
    assert first == second


def test_a_cell_too_long_for_the_format_is_cut_with_a_mark(tmp_path):
    path = write_workbook(tmp_path / "a.xlsx", {"a": (["x"], [["字" * (LONGEST_CELL + 5)]])})
    value = openpyxl.load_workbook(path)["a"]["A2"].value
    assert len(value) == LONGEST_CELL
    assert value.endswith("…")


def test_emoji_count_twice_and_half_a_character_is_replaced(tmp_path):
    rows = [["😀" * LONGEST_CELL], ["a\ud800b"], ["字" * (LONGEST_CELL - 2) + "😀😀"]]
    sheet = openpyxl.load_workbook(write_workbook(tmp_path / "a.xlsx", {"a": (["x"], rows)}))["a"]
    assert sheet["A2"].value == "😀" * (LONGEST_CELL // 2) + "…"
    assert sheet["A3"].value == "a\ufffdb"
    assert sheet["A4"].value == "字" * (LONGEST_CELL - 2) + "…"


@given(st.lists(st.text(max_size=40), max_size=8, unique=True))
def test_any_names_become_valid_unique_ones(names):
    found = sheet_names(names)
    assert len({name.lower() for name in found}) == len(names)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in found)


def test_a_place_that_cannot_be_written_leaves_no_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        write_workbook(tmp_path / "file" / "a.xlsx", {"a": (["x"], [])})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
