from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.corpus.dates import date_in_text, date_in_url, parse_date, settle
from coig_writer.corpus.rows import Stamp
from coig_writer.corpus.settings import CorpusSettings
from coig_writer.corpus.sources import locate

MARCH_5 = date(2024, 3, 5)


@pytest.mark.parametrize(
    "value",
    [
        *("2024-03-05", "2024-03-05T23:59:59+08:00", "2024/3/5 12:00", "2024.3.5", "20240305", "2024年3月5日"),
        *("2024 年 3 月 5 号", "二〇二四年三月五日", "1709600000", "1709600000000", "1709600000.5"),
        *("Tue, 05 Mar 2024 10:00:00 GMT", "March 5, 2024", "5 Mar 2024", "Mar. 5th, 2024", "发布于2024-03-05"),
        *("202403051230", "20240305123000", "2024年3月5", "2024年3月5 10:00"),
    ],
)  # fmt: skip
def test_forms_of_dates(value):
    assert parse_date(value) == MARCH_5


@pytest.mark.parametrize(
    "value",
    ["3天前", "昨天 12:00", "刚刚", "2024", "2024-13-40", "", "0", "12345678901234567890", "1234-56", "123456789"],
)
def test_what_is_no_date(value):
    assert parse_date(value) is None


@pytest.mark.parametrize(("value", "month"), [("2024年3月", 3), ("2024-11", 11), ("二〇二三年十二月", 12)])
def test_a_month_is_its_first_day(value, month):
    assert (parse_date(value).month, parse_date(value).day) == (month, 1)


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_back(day):
    numerals = "〇一二三四五六七八九"
    year = "".join(numerals[int(digit)] for digit in f"{day:%Y}")
    for form in (day.isoformat(), f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"{year}年{day.month}月"):
        assert parse_date(form) in (day, day.replace(day=1), None if form.startswith(year) else day)
    han = {n: "十" * (n >= 10) + (numerals[n % 10] if n % 10 else "") for n in range(1, 20)}
    if day.day < 20 and day.year >= 1900:
        assert parse_date(f"{year}年{han[day.month]}月{han[day.day]}日") == day


@given(st.text(max_size=40))
def test_no_text_raises(value):
    assert parse_date(value) is None or 1900 <= parse_date(value).year < 2100


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://a.example/2024/03/05/x.html", MARCH_5),
        ("https://a.example/n/20240305_1.html", MARCH_5),
        ("https://a.example/2024-03-05-x", MARCH_5),
        ("https://a.example/2024/03/x", date(2024, 3, 1)),
        ("https://a.example/p/1234567", None),
        ("https://a.example/v2.0/99999999", None),
        ("https://opinion.people.com.cn/n1/2024/0305/c1003-326.html", MARCH_5),
        ("https://www.chinanews.com.cn/gn/2024/03-05/1.shtml", MARCH_5),
        ("https://www.163.com/dy/article/24/0305/09/X.html", MARCH_5),
        ("http://www.xinhuanet.com/2024-03/05/c_1.htm", MARCH_5),
        ("https://www.gov.cn/yaowen/2024-03/05/content_1.htm", MARCH_5),
        ("https://paper.people.com.cn/rmrb/202403/05/node.html", MARCH_5),
        ("https://new.qq.com/rain/a/20240305A01234", MARCH_5),
        ("https://x.gov.cn/a/202403/t20240305_12.html", MARCH_5),
        ("https://www.ifeng.com/20240305/1234.shtml", MARCH_5),
        ("https://a.example/202403/12.html", date(2024, 3, 1)),
        ("https://www.zhihu.com/question/20051018/answer/20061119", None),
        ("https://zhuanlan.zhihu.com/p/20051018", None),
        ("https://tieba.example/p/20051018.html", None),
        ("https://bbs.example/thread-20051018-1-1.html", None),
        ("https://www.bilibili.com/read/cv20051018", None),
        ("https://weibo.com/20051018/AbCd", None),
        ("https://a.example/question/200510/", None),
        ("https://a.example/x?id=20051018", None),
        ("https://a.example/1949/10/01/x.html", None),
    ],
)
def test_dates_in_urls(url, day):
    assert date_in_url(url) == day


def test_a_labelled_date_in_a_text_is_a_stamp_and_one_in_the_story_is_not():
    assert date_in_text("标题\n发布时间：2024-03-05 10:00 来源：某报\n正文。") == "2024-03-05"
    assert date_in_text("2019年3月5日，他离开了那座城。\n" * 3) is None


@pytest.mark.parametrize(
    "written", ["2024年3月31日", "2024 年 3 月 31 日", "2024-03-31", "2024.3.31", "2024/3/31", "2024年3月31号"]
)
def test_a_labelled_date_is_taken_whole(written):
    assert parse_date(date_in_text(f"发布时间：{written} 来源：某报\n正文。")) == date(2024, 3, 31)


def stamps(*values: str) -> list[Stamp]:
    return [Stamp(f"column {number}", value) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["2024-03-05"], None),
        (["2024-03-05", "2024-04-04"], None),
        (["2024-03-05", "2024-04-05"], "dates-disagree"),
        (["2022-11-01"], None),
        (["2022-10-31"], "too-old"),
        (["2025-01-02"], None),
        (["2025-01-03"], "future-date"),
        (["3天前"], "undated"),
        ([], "undated"),
    ],
)
def test_what_dates_say_together(values, reason):
    assert settle(stamps(*values), CorpusSettings(), today=date(2025, 1, 1)).reason == reason


def test_both_dates_are_shown():
    detail = settle(stamps("2024-03-05", "2021-01-01"), CorpusSettings()).detail
    assert detail == "2024-03-05 (column 0), 2021-01-01 (column 1): 1159 days apart, allowed 30"


def test_undated_texts_may_be_allowed():
    dating = settle(stamps("昨天"), CorpusSettings(allow_undated=True))
    assert (dating.published, dating.reason) == (None, None)
    assert "'昨天' is no date" in dating.detail


@pytest.mark.parametrize(
    ("url", "canonical", "key"),
    [
        ("HTTPS://WWW.Zhihu.com:443/a?utm_source=x&b=2#f", "https://www.zhihu.com/a?b=2", "zhihu.com/a?b=2"),
        ("http://zhihu.com/question/1/", "http://zhihu.com/question/1/", "zhihu.com/question/1"),
        ("zhuanlan.zhihu.com/p/1", "https://zhuanlan.zhihu.com/p/1", "zhuanlan.zhihu.com/p/1"),
        ("https://www.zhihu.com/", "https://www.zhihu.com/", None),
    ],
)  # fmt: skip
def test_urls_have_one_form(url, canonical, key):
    source = locate(url, "别的")
    assert (source.url.rstrip("/"), source.key, source.platform) == (canonical.rstrip("/"), key, "zhihu.com")


@pytest.mark.parametrize("url", ["ftp://x.example/a", "javascript:void(0)", "没有", "http://"])
def test_what_is_no_web_address_is_noted(url):
    source = locate(url, "某刊")
    assert (source.url, source.platform) == (None, "某刊")
    assert "not a web address" in source.note


def test_a_url_in_the_platform_column_is_a_url():
    assert locate(None, "https://a.example.com/x").platform == "example.com"


@given(st.text(max_size=60))
def test_no_url_raises(url):
    locate(url, None)
    date_in_url(url)
