"""The audit notices what is wrong with a set, and its figures are those of slow, obvious computations."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import date
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.dataset.audit import AuditSettings, audit
from coig_writer.dataset.findings import AuditFinding, Severity, find
from coig_writer.dataset.spread import Spread, gini
from coig_writer.dataset.style import SLOTS, Variety, profile
from coig_writer.dataset.templated import templated
from coig_writer.files import write_jsonl
from coig_writer.report.audit import audit_json, render_audit
from coig_writer.report.audit_words import words
from coig_writer.schema import Article
from support.drafts import triplet
from support.published_set import published_set

COUNTS = st.lists(st.integers(1, 30), min_size=1, max_size=12)


@given(COUNTS)
def test_gini_is_half_the_mean_difference_over_the_mean(counts):
    mean = sum(counts) / len(counts)
    difference = sum(abs(one - other) for one in counts for other in counts) / len(counts) ** 2
    assert gini(counts) == pytest.approx(difference / (2 * mean))


@given(COUNTS)
def test_the_effective_number_of_even_names_is_their_number(counts):
    even = Spread.of({str(at): counts[0] for at in range(len(counts))})
    assert even.effective == pytest.approx(len(counts))
    found = Spread.of({str(at): count for at, count in enumerate(counts)} | {None: 3})
    assert 1 - 1e-9 <= found.effective <= len(counts) + 1e-9
    assert found.unknown_share == pytest.approx(3 / (3 + sum(counts)))


def dense(text: str) -> np.ndarray:
    """The profile with all its zeros."""
    slots, values = profile(text)
    vector = np.zeros(SLOTS)
    vector[slots] = values
    return vector


TEXTS = st.lists(st.text("天地玄黄宇宙洪荒日月", min_size=3, max_size=20), min_size=2, max_size=6)


@settings(deadline=None, max_examples=40)  # the vectors are long
@given(TEXTS, TEXTS)
def test_variety_is_the_mean_over_all_pairs(ours, theirs):
    variety = Variety()
    for group, texts in (("a", ours), ("b", theirs)):
        for text in texts:
            variety.add(group, text)
    for group, texts in (("a", ours), ("b", theirs)):
        pairs = [1 - dense(one) @ dense(other) for one, other in combinations(texts, 2)]
        assert variety.within()[group] == pytest.approx(min(1, np.mean(pairs)))
    between = [1 - dense(one) @ dense(other) for one in ours for other in theirs]
    assert variety.across() == pytest.approx(min(1, np.mean(between)))


def test_profiles_have_length_one_and_short_texts_have_none():
    assert np.linalg.norm(dense("天地玄黄 天地玄黄")) == pytest.approx(1)
    assert profile("天 地") is None


def distance(one: str, other: str) -> float:
    """The distance of two texts with every trigram told apart."""
    ours, theirs = (Counter(text[at : at + 3] for at in range(len(text) - 2)) for text in (one, other))
    shared = sum((ours[gram] * theirs[gram]) ** 0.5 for gram in ours.keys() & theirs.keys())
    return 1 - shared / (ours.total() * theirs.total()) ** 0.5


def test_long_texts_do_not_seem_alike_because_they_are_long():
    chance = random.Random(0)
    letters = [chr(0x4E00 + at) for at in range(3000)]
    long = ["".join(chance.choices(letters, k=20_000)) for _ in range(6)]
    alike = [long[0][:9000] + text[9000:] for text in long]
    variety = Variety()
    for group, texts in (("unlike", long), ("alike", alike)):
        for text in texts:
            variety.add(group, text)
    for group, texts in (("unlike", long), ("alike", alike)):
        exact = np.mean([distance(*pair) for pair in combinations(texts, 2)])
        assert variety.within()[group] == pytest.approx(exact, abs=0.0025)


def test_shared_wording_is_found_by_hand_computed_shares():
    stock = "首先要仔细分析题目的要求再确定主题"  # 17 characters, 6 runs of 12
    own = [
        "甲乙丙丁戊己庚辛壬癸子丑",
        "春夏秋冬东南西北中发白红",
        "一二三四五六七八九十百千",
        "赵钱孙李周吴郑王冯陈褚卫",
    ]
    found = templated([f"{stock}，{each}" for each in own[:3]] + [own[3]])
    assert found.shared_opening == 0.75
    assert [(each.text, each.count) for each in found.openings] == [(stock[:10], 3)]
    assert found.repeated == pytest.approx([6 / 18, 6 / 18, 6 / 18, 0])
    assert [(each.text, each.count) for each in found.phrases] == [(stock, 3)]


def test_nothing_shared_is_nothing_found():
    found = templated(["甲乙丙丁戊己庚辛壬癸子丑", "短"])
    assert (found.shared_opening, found.repeated, found.openings, found.phrases) == (0, [0, 0], [], [])
    assert templated([]).mean_repeated == 0


def rules(*triplets):
    return {finding.rule: finding for finding in find(audit(triplets))}


def test_the_published_set_falls_short_in_no_category():
    found = audit(published_set(), AuditSettings(sample=20))
    assert [finding.rule for finding in find(found) if finding.rule == "category_short"] == []
    short = next(finding for finding in find(found) if finding.rule == "genres_short")
    assert (short.figures["genres"], short.figures["absent"], short.severity) == (16, 5, Severity.NOTE)


def test_a_missing_category_is_serious_and_comes_first():
    findings = find(audit([triplet(id=str(at), genre="essay") for at in range(2)]))
    assert findings[0].severity == Severity.SERIOUS
    assert {finding.figures["category"] for finding in findings if finding.rule == "category_short"} >= {
        "novel",
        "poetry",
    }
    assert [finding.severity for finding in findings] == sorted((each.severity for each in findings), reverse=True)


def of(at: int, **article):
    own = published_set()[500 + at]
    return own.model_copy(update={"article": own.article.model_copy(update=article)})


def test_one_source_that_holds_too_much_is_named():
    many = [
        of(at, platform="论坛" if at < 9 else f"站{at}", author=f"人{at % 5}", published=date(2023, 1 + at, 1))
        for at in range(12)
    ]
    found = find(audit(many))
    concentrated = {finding.figures["of"]: finding for finding in found if finding.rule == "concentrated"}
    assert (concentrated["platform"].figures["name"], concentrated["platform"].figures["count"]) == ("论坛", 9)
    assert concentrated["platform"].figures["effective"] == pytest.approx(144 / (81 + 3))
    assert set(concentrated) == {"platform", "author"}


def test_authors_without_a_name_are_not_one_author():
    found = audit([of(at, author=name) for at, name in enumerate(("佚名", "佚名", "Anonymous", None, "林"))])
    assert (found.spreads["author"].known, found.spreads["author"].unknown) == (1, 4)


def test_near_copies_are_grouped_by_part():
    text = published_set()[3].article.text
    pair = [of(1, text=text), of(2, text=text[:-3] + "终")]
    found = rules(*pair, of(5))
    assert found["near_copies"].figures == {"part": "article", "clusters": 1, "triplets": 2, "largest": 2}
    assert set(found["near_copies"].examples) == {each.id for each in pair}


def test_a_genre_written_to_one_pattern_is_noticed():
    same = "且说那日山雨欲来，客栈里只剩一盏灯，他把剑放在桌上，等那个人推门进来。"
    others = [each for each in published_set() if each.genre == "essay"][:10]
    alike = [of(at, text=same + f"第{at}回") for at in range(6)]
    found = rules(*[each.model_copy(update={"genre": "wuxia"}) for each in alike], *others)
    assert found["uniform_genre"].figures["genre"] == "wuxia"


def test_words_that_put_people_down_are_counted_once_a_triplet():
    found = audit([of(1, text="他骂了一句乡巴佬，又骂了一句乡巴佬"), of(2, text="He met a class of gays.")])
    region = next(each for each in found.mentions if each.attribute == "region")
    assert (region.triplets, region.derogatory, dict(region.words)) == (1, 1, {"乡巴佬": 1})
    assert next(each for each in found.mentions if each.attribute == "sexuality").triplets == 0  # whole words only


def test_only_a_sample_is_compared_and_the_same_one_whatever_the_order():
    few = AuditSettings(sample=5)
    many = published_set()[:30]
    first, second = audit(many, few), audit(many[::-1], few)
    assert (first.sampled, first.count) == (5, 30)
    assert sorted(first.reasoning.repeated) == sorted(second.reasoning.repeated)


def test_every_finding_has_words_in_both_languages_and_a_place_on_the_page():
    text = published_set()[3].article.text
    stock = "首先要仔细分析题目的要求，再确定主题与结构，然后写出初稿。" * 3
    many = [
        of(at, text=text + "乡巴佬" * at, platform="论坛", published=date(2023, 1, 1), author=None).model_copy(
            update={"reasoning": stock + str(at), "genre": "wuxia" if at < 6 else "essay"}
        )
        for at in range(7)
    ]
    extra = [of(at, author="林") for at in range(20, 24)]
    found = find(audit([*many, *extra]))
    assert {
        "category_short",
        "genres_short",
        "unrecorded",
        "concentrated",
        "near_copies",
        "derogatory",
        "sensitive",
    } <= {finding.rule for finding in found}
    assert {"shared_openings", "repeated_wording"} <= {finding.rule for finding in found}
    page = render_audit(audit([*many, *extra]), title='<b>"')
    for finding in found:
        for label in words(finding):
            assert label.zh and label.en and label.zh != label.en
        assert words(finding).what.zh in page.replace("&#39;", "'").replace("&#34;", '"')
    assert "<b>&#34;" not in page


def test_a_sole_author_and_no_absent_genre_are_put_into_plain_words():
    sole = next(f for f in find(audit([of(at, author="林") for at in range(3)])) if f.rule == "concentrated")
    assert words(sole).why.en == "There is no other."
    figures = {"genres": 51, "absent": 0, "least": 15, "missing": 690}
    assert words(AuditFinding("genres_short", Severity.NOTE, 1, figures)).what == (
        "51 种体裁不到 15 个。",
        "51 genres have fewer than 15 triplets.",
    )


def test_an_empty_set_is_audited_too():
    assert "nothing to audit" in render_audit(audit([]), title="空")
    assert find(audit([])) == []


def test_the_command_writes_page_and_json(tmp_path):
    write_jsonl(tmp_path / "some.jsonl", published_set()[:40])
    shown = CliRunner().invoke(
        app, ["dataset", "audit", str(tmp_path / "some.jsonl"), "--out", str(tmp_path / "out"), "--json"]
    )
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout) == json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert (tmp_path / "out" / "audit.html").stat().st_size > 10_000
    assert audit_json(audit([]))["findings"] == []
    assert Article.from_text("x").id
