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
        (int("9" * 400), None),
        ("9" * 400, None),
        ("9" * 400 + "亿", None),
        (float("inf"), None),
    ],
)
def test_counts_as_platforms_print_them(value, count):
    assert parse_count(value) == count


@pytest.mark.parametrize("name", ["text", "正文", "Content", " BODY ", "answer", "内容"])
def test_the_text_is_found_by_alias(name):
    assert row_from_record({"id": 1, name: TEXT}, "f:1", {}).text == TEXT


def test_the_likelier_name_wins():
    assert row_from_record({"answer": "摘要", "text": TEXT}, "f:1", {}).text == TEXT


def test_what_a_record_says_of_others_is_not_said_of_its_text():
    others = {
        "author": {"name": "陶", "url": "https://a.example/u/1", "created_at": "2011-01-01", "likes": 7},
        "user": {"nickname": "渡", "title": "编辑"},
        "question": {"title": "怎样修表？", "created": "2012-01-01", "text": "问"},
        "source": {"platform": "某刊", "license": "CC"},
    }
    row = row_from_record({"text": TEXT, **others}, "f:1", {})
    assert (row.text, row.author) == (TEXT, "陶")
    assert (row.url, row.title, row.likes, row.platform, row.licence, row.stamps) == (None, None, None, None, None, [])
    mapped = row_from_record({"text": TEXT, **others}, "f:1", {"title": "question.title"})
    assert mapped.title == "怎样修表？"


@pytest.mark.parametrize("author", [{"nickname": "陶"}, [{"name": "陶"}], ["陶"], {"name": "陶", "title": "教授"}])
def test_an_author_may_be_an_object(author):
    assert row_from_record({"text": TEXT, "author": author}, "f:1", {}).author == "陶"


def test_the_columns_seen_name_those_inside():
    row = row_from_record({"id": 1, "answers": {"first": TEXT}}, "f:1", {})
    assert "columns seen: id, answers.first;" in row.detail
    assert row_from_record({"answers": {"first": TEXT}}, "f:1", {"text": "answers.first"}).text == TEXT


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([{"p": TEXT}], "a list of objects"),
        ([1, 2], "a list of numbers"),
        ([1, "x"], "a list of several kinds"),
        ({"p": TEXT}, "an object"),
        (3, "a number"),
    ],
)
def test_a_text_that_is_none_is_a_broken_record(value, what):
    row = row_from_record({"content": value}, "f:1", {})
    assert row.problem == "broken-record"
    assert row.detail.startswith(f"column 'content' is {what}, not text; name the column")


def test_a_column_that_holds_a_text_wins_over_a_likelier_name_that_holds_none():
    assert row_from_record({"article": {"id": 3}, "正文": TEXT}, "f:1", {}).text == TEXT


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


PLAIN_TEXTS = {
    "a play": "时间：深夜\n地点：渡口\n人物：船家、学生\n\n",
    "a play that begins at once": "作者：你来了？\n作者：我来了。\n",
    "a letter": "妈妈：\n日期：昨天\n地址：老地方\n\n",
    "a diary": "日期：2024年3月5日 天气：晴\n\n",
    "a dated line": "2024年3月5日\n\n",
    "a place": "地址：河边\n名字：石头\n\n",
    "no address": "链接：在心里\n点赞：很多\n\n",
    "rules around a dialogue": "---\n甲：你来了？\n乙：来了。\n---\n",
    "a rule at the head": "---\n江头一夜雨初收。\n---\n",
}


@pytest.mark.parametrize("name", PLAIN_TEXTS)
def test_the_first_lines_of_a_text_are_not_taken_for_columns(name):
    text = PLAIN_TEXTS[name] + TEXT * 5
    row = row_from_plain(text, "a.txt")
    if name == "a play that begins at once":
        assert (row.author, row.text) == ("你来了？", text.partition("\n")[2])
    else:
        assert (row.text, row.title, row.stamps) == (text, None, [])


@pytest.mark.parametrize(
    ("head", "left"),
    [
        ("# 渡口\n# 第一章\n\n", "# 第一章\n\n"),
        ("标题：渡口\n# 第一章\n", "# 第一章\n"),
        ("标题：渡口\n题目：石子\n", "题目：石子\n"),
        ("---\ntitle: 渡口\n---\n# 第一章\n", "# 第一章\n"),
        ("# 渡口\n石子\n\n", "石子\n\n"),
    ],
)
def test_a_line_whose_column_is_taken_stays(head, left):
    row = row_from_plain(head + TEXT * 5, "a.md")
    assert (row.title, row.text) == ("渡口", left + TEXT * 5)


def test_header_lines_hold_what_their_names_say():
    head = "标题：渡口\n作者：石\n发布时间：2024-03-05 10:00\n日期：二〇二四年三月六日\n链接：https://a.example/1\n点赞：1.2万\n"
    row = row_from_plain(f"{head}\n{TEXT * 5}", "a.txt")
    assert (row.title, row.author, row.url, row.likes) == ("渡口", "石", "https://a.example/1", 12000)
    assert {stamp.value for stamp in row.stamps} == {"2024-03-05 10:00", "二〇二四年三月六日"}
    assert row.text.strip() == TEXT * 5
