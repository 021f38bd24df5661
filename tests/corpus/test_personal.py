import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.corpus.personal import MARKS, find_personal_data, mask


def identity_number(seed: int) -> str:
    """A made-up number with a right check digit, of a region that does not exist."""
    body = f"99000019{random.Random(seed).randint(50, 99)}0101{seed % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13000000001。", "电话〔手机号〕。"),
        ("打 130-0000-0001 或 +86 130 0000 0001", "打 〔手机号〕 或 〔手机号〕"),
        ("电话１３００００００００１", "电话〔手机号〕"),
        ("座机010-62000000，热线400-000-0000", "座机〔固定电话〕，热线〔固定电话〕"),
        ("写信给 a.b-c@mail.example.com。", "写信给 〔邮箱〕。"),
        ("加QQ：10000001", "加QQ：〔QQ号〕"),
        ("QQ号是10000001吧", "QQ号是〔QQ号〕吧"),
        ("微信号：demo_0001，谢谢", "微信号：〔微信号〕，谢谢"),
        ("加V demo_0001", "加V 〔微信号〕"),
        ("喜欢的话+V demo_abc", "喜欢的话+V 〔微信号〕"),
        ("＋V demo_abc", "＋V 〔微信号〕"),
        ("加我V zhangsanfeng", "加我V 〔微信号〕"),
        ("加一下V：zhangsanfeng", "加一下V：〔微信号〕"),
        ("想学的加Vdemo_0001", "想学的加V〔微信号〕"),
        ("添加微信zhangsanfeng", "添加微信〔微信号〕"),
        ("企鹅号：10000001", "企鹅号：〔QQ号〕"),
        ("微信13000000001", "微信〔手机号〕"),
        ("我的微信是zhangsanfeng", "我的微信是〔微信号〕"),
        ("微信: zhangsanfeng", "微信: 〔微信号〕"),
        ("My WeChat ID is zhangsanfeng.", "My WeChat ID is 〔微信号〕."),
        ("加我微信 zhangsanfeng", "加我微信 〔微信号〕"),
        ("微信zhang-san", "微信〔微信号〕"),
        ("VX zhangsanfeng", "VX 〔微信号〕"),
        ("加QQ 10001", "加QQ 〔QQ号〕"),
        ("QQ10000001", "QQ〔QQ号〕"),
        (f"身份证{identity_number(7)}", "身份证〔身份证号〕"),
        ("卡号6222 0000 0000 0000 000", "卡号6222 0000 0000 0000 000"),
        ("卡号4111 1111 1111 1111", "卡号〔银行卡号〕"),
    ],
)
def test_each_kind_is_found_and_marked(text, masked):
    assert mask(text, find_personal_data(text)) == masked


@pytest.mark.parametrize(
    "text",
    [
        "他活了一百三十亿年，编号 12345678901。",
        "圆周率3.14159265358979",
        "2024-03-05 12:30:45",
        "订单 2024030512345678",
        "我在微信里看到 QQ 和邮箱都没有了",
        "票价 13000000001234 元",
        "微信公众号",
        "我用微信Android版",
        "微信WeChat",
        "微信：WeChat",
        "微信Windows客户端",
        "微信是Tencent做的",
        "微信 iPhone15 版",
        "微信mini-program",
        "用微信github登录",
        "a WeChat official account",
        "QQ 12306 购票",
        "我退出了QQ\n1000001次登录以后",
        "他关了微信\nHello-world是屏幕上最后一行",
        "他只有微信号\nLondon在窗外",
        "参加Vanguard合唱团的演出，2024-03-05",
        "添加Vertices节点，编号123456",
        "加Vitamin的面霜，编号123456",
        "用C++virtual函数写的，编号123456",
        "岛上有帝企鹅 595000只，去年帝企鹅为595000只",
    ],
)
def test_what_only_looks_like_it_is_left(text):
    assert find_personal_data(text) == []


@given(st.integers(0, 10_000))
def test_a_wrong_check_digit_is_no_identity_number(seed):
    number = identity_number(seed)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert [spot.kind for spot in find_personal_data(f"号码{number}。")] == ["identity"]
    assert "identity" not in [spot.kind for spot in find_personal_data(f"号码{wrong}。")]


@given(st.text(st.sampled_from("0123456789Xx-@. aQq微信号：＠１"), max_size=60))
def test_spots_do_not_overlap_and_masking_leaves_the_rest(text):
    spots = find_personal_data(text)
    for before, after in pairwise(spots):
        assert before.end <= after.start
    masked = mask(text, spots)
    assert len(masked) == len(text) + sum(len(MARKS[s.kind]) + 2 - (s.end - s.start) for s in spots)
