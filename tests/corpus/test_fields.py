import pytest

from coig_writer.corpus.fields import parse_count, row_from_record
from coig_writer.corpus.plain import row_from_plain

TEXT = "一段足够长的正文，讲一件小事，讲完了。"


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (35, 35),
        ("3,456", 3456),
        ("1.2万", 12000),
        ("１2k", 12000),
        ("12K", 12000),
        ("100+", 100),
        ("2亿", 200_000_000),
        (7.0, 7),
        (float("nan"), None),
        (-1, None),
        (True, None),
        ("很多", None),
        ("", None),
        (None, None),
    ],
)
def test_counts_as_platforms_print_them(value, count):
    assert parse_count(value) == count


@pytest.mark.parametrize("name", ["text", "正文", "Content", " BODY ", "answer", "内容"])
def test_the_text_is_found_by_alias(name):
    assert row_from_record({"id": 1, name: TEXT}, "f:1", {}).text == TEXT


def test_the_likelier_name_wins():
    assert row_from_record({"answer": "摘要", "text": TEXT}, "f:1", {}).text == TEXT


def test_figures_inside_a_mapping_are_found():
    record = {"text": TEXT, "metrics": {"likes": 3, "评论数": "4"}, "metadata": {"genre": "wuxia", "text": "别的"}}
    row = row_from_record(record, "f:1", {})
    assert (row.text, row.likes, row.comments, row.genre) == (TEXT, 3, 4, "wuxia")


def test_paragraphs_in_a_list_are_one_text():
    assert row_from_record({"content": ["甲。", "乙。"]}, "f:1", {}).text == "甲。\n乙。"


def test_every_date_column_is_a_stamp():
    row = row_from_record({"text": TEXT, "date": "2024-01-01", "发布时间": "2024-02-02"}, "f:1", {})
    assert [(stamp.origin, stamp.value) for stamp in row.stamps] == [
        ("column date", "2024-01-01"),
        ("column 发布时间", "2024-02-02"),
    ]


def test_a_mapped_column_that_is_not_there_is_not_replaced_by_an_alias():
    row = row_from_record({"text": TEXT}, "f:1", {"text": "正文"})
    assert row.problem == "no-text-column"
    assert row.detail.startswith("no column '正文'")


def test_header_lines_and_a_heading_leave_a_plain_text():
    row = row_from_plain(
        f"# 渡口\n\n作者：石\n来源：https://example.com/a\n日期：2024年3月5日\n体裁：散文\n\n{TEXT * 5}\n", "a.md"
    )
    assert (row.title, row.author, row.platform, row.genre) == ("渡口", "石", "https://example.com/a", "散文")
    assert row.stamps[0].value == "2024年3月5日"
    assert row.text.strip() == TEXT * 5


def test_front_matter_leaves_a_plain_text():
    row = row_from_plain(f'---\ntitle: "渡口"\ndate: 2024-03-05\ntags: [a]\n---\n{TEXT}', "a.md")
    assert (row.title, row.stamps[0].value, row.text) == ("渡口", "2024-03-05", TEXT)


@pytest.mark.parametrize("head", ["渡口\n\n", "《渡口》\n\n", "渡口\n作者：石\n\n"])
def test_a_short_first_line_that_stands_alone_is_the_title(head):
    row = row_from_plain(head + TEXT * 3, "a.txt")
    assert (row.title, row.text.strip()) == ("渡口", TEXT * 3)


@pytest.mark.parametrize(
    "text", ["说：“走吧。”\n\n" + TEXT, "江头一夜雨初收，\n野渡无人系小舟。", "甲：你来了？\n乙：来了。\n" + TEXT]
)
def test_a_first_line_of_the_text_itself_stays(text):
    row = row_from_plain(text, "a.txt")
    assert (row.title, row.text) == (None, text)
