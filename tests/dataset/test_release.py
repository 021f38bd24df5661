"""Every record is released or withheld for one reason, and people's word goes before a model's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.dataset.release import Reason, Rules, sort_out
from coig_writer.errors import SettingError
from coig_writer.schema import DraftStatus
from support.drafts import drafts, items, review, scores, triplet

UNREVIEWED = Rules(include_unreviewed=True)


def reason(*records, rules=UNREVIEWED):
    """Why the only withheld one of these records was withheld."""
    _, withheld = sort_out(items(*records), rules)
    (only,) = withheld
    return only.reason


def test_drafts_go_by_their_status():
    released, withheld = sort_out(items(*drafts()), UNREVIEWED)
    assert [each.id for each in released] == [each.id for each in drafts() if each.status is DraftStatus.PASSED]
    assert [each.reason for each in withheld] == [
        *[Reason.NEEDS_REFINEMENT] * 3,
        *[Reason.SCREENED_OUT] * 2,
        Reason.HELD,
        Reason.ERROR,
    ]
    assert withheld[0].where == "some.jsonl:8"
    assert withheld[0].why.startswith("article_creativity 7 < 8")


records = st.one_of(
    st.sampled_from(drafts()),
    st.builds(
        lambda verdicts, values, genre: triplet(
            *[review(verdict, by=f"human:{at}") for at, verdict in enumerate(verdicts)],
            scores=[scores(*values)] if values else [],
            genre=genre,
        ),
        st.lists(st.sampled_from(["accept", "send_back", "remove"]), max_size=2),
        st.one_of(st.none(), st.lists(st.integers(1, 10), min_size=6, max_size=6)),
        st.sampled_from(["essay", "小说", "no such genre"]),
    ),
)


@given(st.lists(records, max_size=12), st.booleans())
def test_what_goes_in_comes_out_once(read, include):
    released, withheld = sort_out(items(*read), Rules(include_unreviewed=include))
    assert len(released) + len(withheld) == len(read)
    assert len({each.id for each in released}) == len(released)
    assert all(include or each.reviewed for each in released)
    assert all(not each.deciding_scores.shortfalls() for each in released)


def test_unreviewed_triplets_wait_for_a_person():
    assert reason(triplet(), rules=Rules()) is Reason.UNREVIEWED
    assert sort_out(items(triplet(review("accept"))), Rules())[0]


@pytest.mark.parametrize(("verdict", "expected"), [("remove", Reason.REMOVED), ("send_back", Reason.SENT_BACK)])
def test_what_a_person_refused_stays_out_even_when_unreviewed_ones_are_let_in(verdict, expected):
    assert reason(triplet(review("accept", by="human:a"), review(verdict, by="human:b"))) is expected


def test_a_reviewers_latest_word_counts():
    assert sort_out(items(triplet(review("send_back"), review("accept", round=2))), Rules())[0]


def test_a_persons_scores_decide():
    low = scores(9, 9, 9, 9, 9, 7, by="human:lin")
    assert reason(triplet(review("accept"), scores=[low, scores(9, 9, 9, 9, 9, 9)])) is Reason.NEEDS_REFINEMENT


@pytest.mark.parametrize("swap", [False, True])
def test_of_two_records_with_one_id_the_one_further_on_is_taken(swap):
    draft = drafts()[0]
    pair = [draft, triplet(review("accept"), prompt="人改过的提示")]
    released, withheld = sort_out(items(*(reversed(pair) if swap else pair)), UNREVIEWED)
    assert [each.prompt for each in released] == ["人改过的提示"]
    assert [each.reason for each in withheld] == [Reason.DUPLICATE]


def test_a_refused_triplet_does_not_come_back_as_its_draft():
    released, withheld = sort_out(items(drafts()[0], triplet(review("remove"))), UNREVIEWED)
    assert not released
    assert {each.reason for each in withheld} == {Reason.DUPLICATE, Reason.REMOVED}


def test_the_releases_gate_holds_for_drafts_that_passed_a_lower_one():
    assert reason(drafts()[0], rules=Rules(include_unreviewed=True, gate_sum=60)) is Reason.NEEDS_REFINEMENT


@pytest.mark.parametrize(
    ("record", "hint"),
    [
        (drafts()[0].model_copy(update={"reasoning": None}), "no reasoning"),
        (
            drafts()[0].model_copy(update={"article": drafts()[0].article.model_copy(update={"genre": None})}),
            "no genre",
        ),
        (triplet(genre="esay"), "essay"),
        (triplet(scores=[]), "nobody has scored it"),
    ],
)
def test_what_is_incomplete_says_what_is_missing(record, hint):
    _, (only,) = sort_out(items(record), UNREVIEWED)
    assert only.reason is Reason.INCOMPLETE
    assert hint in only.why


def test_every_reason_is_explained_in_the_docs():
    docs = (Path(__file__).parents[2] / "docs" / "dataset.md").read_text(encoding="utf-8")
    assert [reason.value for reason in Reason if f"`{reason.value}`" not in docs] == []


def test_published_spellings_of_a_genre_become_its_slug():
    assert sort_out(items(triplet(genre="散文随笔")), UNREVIEWED)[0][0].genre == "essay"


@pytest.mark.parametrize("gate", [{"gate_sum": 61}, {"gate_sum": 5}, {"gate_each": 0}, {"gate_each": 11}])
def test_a_gate_out_of_range_is_refused(gate):
    with pytest.raises(SettingError):
        Rules(**gate)
