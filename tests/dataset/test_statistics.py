"""A set made to the published tables gives every published figure back; what the paper lacks is counted by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.dataset.compare import compare, contradictions, mean_places, weighted_mean
from coig_writer.dataset.statistics import human_share, region_of, statistics_of
from coig_writer.schema import Article, Provenance
from coig_writer.taxonomy import PARTS, genres, published
from support.drafts import review, scores, triplet
from support.published_set import published_set, rows


@pytest.fixture(scope="module")
def found():
    return statistics_of(published_set())


def test_the_published_set_gives_back_every_count(found):
    assert found.count == 1665
    counts = {group.slug: group.count for group in (*found.categories, *found.genres)}
    assert {slug: counts[slug] for slug, _ in rows()} == {slug: row.count for slug, row in rows()}
    assert {group.slug: group.count for group in found.categories} == {
        slug: row.count for slug, row in published().items() if slug in {each.slug for each in found.categories}
    }
    assert {group.slug: round(100 * group.share, 1) for group in found.categories} == {
        group.slug: published()[group.slug].share for group in found.categories
    }


def as_printed(value: float, places: int) -> Decimal:
    """Halves go to the even digit: five published means show it, such as 750.62 of 750.625 and 442.58 of 442.575."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def test_it_gives_back_every_least_and_most_exactly_and_every_mean_as_it_is_printed(found):
    """Tables 6–10 print the means of 44 genres with two places.

    Those of poetry and script stand in table 5 alone, as whole numbers, so nothing finer can be asked of them.
    """
    found_genres = {group.slug: group for group in found.genres}
    checked = Counter()
    for slug, row in rows():
        places = mean_places(row)
        for part in PARTS:
            ours, theirs = found_genres[slug].lengths[part], row.lengths[part]
            assert (ours.min, ours.max) == (theirs.min, theirs.max), (slug, part)
            assert as_printed(ours.mean, places) == Decimal(str(theirs.mean)), (slug, part, ours.mean)
            checked[places] += 1
    assert checked == {2: 44 * 3, 0: 2 * 3}


def test_the_whole_has_the_published_means_and_the_categories_those_of_their_rows(found):
    clashing = {each.of for each in contradictions()}
    for group in (found.overall, *found.categories):
        for part in PARTS:
            ours, theirs = group.lengths[part], published()[group.slug].lengths[part]
            assert (ours.min, ours.max) == (theirs.min, theirs.max)
            if group.slug not in clashing:
                assert as_printed(ours.mean, 0) == theirs.mean
                continue
            below = [row for slug, row in rows() if group.slug == genres()[slug].category]
            assert ours.mean == pytest.approx(weighted_mean(below, part), abs=0.005)


def test_the_comparison_finds_every_genre_equal_and_the_category_means_not(found):
    compared = compare(found)
    assert [each.slug for each in compared if each.missing] == []
    assert {each.slug for each in compared if each.differing and each.level == "genre"} == set()
    communication = next(each for each in compared if each.slug == "communication")
    pair = next(pair for pair in communication.pairs if pair.figure == "article_mean")
    assert (round(pair.ours), pair.published, pair.agrees) == (1792, 1584, False)


def test_the_paper_contradicts_itself_in_the_means_of_five_categories_and_nowhere_else():
    clashes = contradictions()
    assert {each.of for each in clashes} == {"communication", "novel", "nonfiction", "functional", "funny"}
    assert {each.figure for each in clashes} == {f"{part}_mean" for part in PARTS}
    assert len(clashes) == 15
    first = clashes[0]
    assert (first.of, first.figure, first.printed, round(first.from_rows)) == (
        "communication",
        "article_mean",
        1584,
        1792,
    )


def test_a_shortfall_is_named_with_its_size():
    compared = {each.slug: each for each in compare(statistics_of([triplet(genre="wuxia")]))}
    assert compared["wuxia"].missing == 29
    assert compared["overall"].missing == 1664
    assert "modern_poetry" not in compared  # nothing published, nothing in the set


def test_reviews_raters_and_first_pass_are_counted_by_hand():
    lin, wu = "human:lin", "human:wu"
    found = statistics_of(
        [
            triplet(review("accept", by=lin), review("accept", by=wu), scores=[scores(9, 9, 9, 9, 9, 9, by=lin)]),
            triplet(review("send_back", by=lin), review("accept", by=lin, round=2), scores=[]),
            triplet(review("accept", by="llm:toy@0123456789"), scores=[scores(8, 8, 8, 8, 8, 8, by=lin)]),
            triplet(
                review("accept", by=wu, round=2), scores=[scores(1, 2, 3, 4, 5, 6), scores(7, 7, 7, 7, 7, 8, by=wu)]
            ),
        ]
    )
    assert found.reviews.reviewers == {0: 1, 1: 2, 2: 1}
    assert (found.reviews.first_round, found.reviews.accepted_first, found.reviews.first_pass) == (2, 1, 0.5)
    assert [(rater.by, rater.count, rater.mean_total) for rater in found.raters] == [
        (lin, 2, 51.0),
        (wu, 1, 43.0),
        ("llm:toy@0123456789ab", 1, 21.0),
    ]
    assert found.scores["article_quality"] == {9: 1, 8: 1, 7: 1}  # a person's scores decide
    assert found.overall.totals == {54: 1, 48: 1, 43: 1}


@given(st.text(max_size=30), st.text(max_size=30))
def test_peoples_share_is_the_edit_distance(draft, text):
    row = list(range(len(text) + 1))
    for at, left in enumerate(draft, 1):  # the textbook table, row by row
        before, row = row, [at]
        for place, right in enumerate(text, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (left != right)))
    expected = row[-1] / max(len(draft), len(text)) if draft or text else 0.0
    assert human_share(draft, text) == pytest.approx(expected)


def test_peoples_share_needs_a_models_draft():
    by_model = Provenance(drafted_by="llm:toy", draft_prompt="写一首诗", draft_reasoning="先想题目")
    by_person = by_model.model_copy(update={"drafted_by": "human:lin"})
    changed = {"prompt": "写一首词", "reasoning": "先想题目"}
    found = statistics_of([triplet(provenance=by_model, **changed), triplet(provenance=by_person, **changed)])
    shares = {each.part: (each.count, each.mean, each.untouched) for each in found.human}
    assert shares == {"prompt": (1, 0.25, 0), "reasoning": (1, 0.0, 1)}


def test_a_share_is_told_to_a_hundredth_of_a_per_cent_and_one_changed_character_is_a_touch():
    draft = "思" * 999 + "路"
    found = statistics_of(
        triplet(id=str(at), reasoning=text, provenance=Provenance(drafted_by="llm:toy", draft_reasoning=draft))
        for at, text in enumerate((draft, "思" * 1000, "思" * 996 + "甲乙丙丁"))
    )
    share = found.human[-1]
    assert (share.count, share.untouched) == (3, 1)
    assert (share.mean, share.median) == (pytest.approx(0.005 / 3, abs=5e-5), 0.001)


def test_sources_by_platform_month_and_region():
    article = Article.from_text(
        "字", platform="论坛", published=date(2023, 5, 9), url="https://bbs.a.com.tw/1", language="zh", script="hant"
    )
    found = statistics_of([triplet(article=article), triplet(article=Article.from_text("词"))]).sources
    assert found.platforms == {"论坛": 1, None: 1}
    assert found.months == {"2023-05": 1, None: 1}
    assert found.regions == {"tw": 1, None: 1}
    assert found.languages == {"zh-hant": 1, None: 1}


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://www.douban.com/note/1", None),
        ("https://a.gov.cn/x", "cn"),
        ("http://b.hk:8080", "hk"),
        ("https://t.co/x", None),
        ("https://10.0.0.12/x", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_regions_are_country_domains(url, region):
    assert region_of(url) == region


def test_nothing_at_all_has_statistics():
    found = statistics_of([])
    assert (found.count, found.overall.share, found.overall.lengths, found.reviews.first_pass) == (0, 0.0, {}, None)


def test_a_pass_keeps_no_triplets():
    """Ten thousand triplets pass through while at most a few are alive."""
    import weakref

    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0

    def passing():
        nonlocal most
        for at in range(10_000):
            made = triplet(id=str(at))
            alive.add(_Watched(made))
            most = max(most, len(alive))
            yield made

    class _Watched:
        def __init__(self, of):
            of.__dict__["_watched"] = self

    assert statistics_of(passing()).count == 10_000
    assert most <= 3
