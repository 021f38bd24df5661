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


def test_the_same_tables_give_the_same_bytes(tmp_path):
    sheets = {"a": (["x"], [[1], ["二"]])}
    first, second = (write_workbook(tmp_path / name, sheets).read_bytes() for name in ("1.xlsx", "2.xlsx"))
    assert first == second


def test_a_cell_too_long_for_the_format_is_cut_with_a_mark(tmp_path):
    path = write_workbook(tmp_path / "a.xlsx", {"a": (["x"], [["字" * (LONGEST_CELL + 5)]])})
    value = openpyxl.load_workbook(path)["a"]["A2"].value
    assert len(value) == LONGEST_CELL
    assert value.endswith("…")


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
