"""Every record is released or withheld for one reason, and people's word goes before a model's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.dataset.inputs import distinct
from coig_writer.dataset.release import Reason, Rules, sort_out
from coig_writer.errors import SettingError
from coig_writer.files import dumps
from coig_writer.schema import Coherence, DraftStatus, Failure, Finding
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


def rejudged(coherence=Coherence(), **rules):
    """What becomes of a draft with five nines and a seven that an annotation run held back."""
    draft = drafts()[7].model_copy(update={"scores": scores(9, 9, 9, 9, 9, 7), "coherence": coherence})
    assert draft.status is DraftStatus.NEEDS_REFINEMENT
    return sort_out(items(draft), Rules(include_unreviewed=True, **rules))


def test_the_releases_gate_lets_in_drafts_that_missed_a_stricter_one():
    assert rejudged()[1][0].why == "reasoning_creativity 7 < 8"
    assert [each.id for each in rejudged(gate_each=7)[0]] == [drafts()[7].id]
    assert rejudged(gate_each=7, gate_sum=53)[1][0].why == "sum 52 < 53"


@pytest.mark.parametrize(
    ("coherence", "why"),
    [
        (
            Coherence(findings=[Finding(rule="overlap", part="prompt", severity="error", message="too much")]),
            "prompt: too much",
        ),
        (Coherence(holds=False, reason="不合"), "the model finds that the triplet does not hold together: 不合"),
    ],
)
def test_no_gate_lets_in_what_a_check_refused(coherence, why):
    released, (withheld,) = rejudged(coherence, gate_each=1, gate_sum=6)
    assert not released
    assert (withheld.reason, withheld.why) == (Reason.NEEDS_REFINEMENT, why)


def test_a_draft_that_needs_refinement_and_was_never_scored_keeps_its_reason():
    bare = drafts()[7].model_copy(update={"scores": None, "why": "rewrite it"})
    _, (withheld,) = sort_out(items(bare), UNREVIEWED)
    assert (withheld.reason, withheld.why) == (Reason.NEEDS_REFINEMENT, "rewrite it")


def quoting(draft, why: str, **changed):
    """The reason that is published for a draft whose own reason is `why`."""
    _, (withheld,) = sort_out(items(draft.model_copy(update={"why": why, **changed})), UNREVIEWED)
    return withheld.why


def test_a_reason_never_repeats_the_article():
    held, failed = drafts()[12], drafts()[13]
    assert quoting(held, held.why) == "the text seems to instruct the model that reads it (sets rules aside)"
    sentence = failed.article.text[:40]
    repeats = "score_prompt: the answer repeats an instruction from the text"
    assert quoting(failed, f"{repeats}: “{sentence}”") == repeats
    refused = f"score_prompt: the server refused: {sentence} is harmful"
    assert quoting(failed, refused) == "score_prompt: the server refused: … is harmful"
    failure = Failure(step="screen", kind="refusal", message=f"no: {sentence}")
    assert sentence[:8] not in quoting(failed, None, failure=failure)
    comment = f"“{drafts()[0].article.text[:20]}”太直白"
    _, (sent_back,) = sort_out(items(triplet(review("send_back", comment=comment))), UNREVIEWED)
    assert sent_back.why == "“…”太直白"


def test_a_reason_in_english_keeps_words_that_the_article_has_too():
    article = drafts()[13].article.model_copy(update={"text": "She left without a connection to anybody."})
    assert quoting(drafts()[13], "screen: the connection broke", article=article) == "screen: the connection broke"


def test_what_is_withheld_is_written_without_the_record_behind_it():
    _, withheld = sort_out(items(*drafts()), UNREVIEWED)
    assert {"record", "article", "text"}.isdisjoint(key for each in withheld for key in each.model_dump())
    assert all(each.record.article.text[:12] not in dumps(each) for each in withheld)


def test_names_of_inputs_are_told_apart():
    assert distinct(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]
    assert distinct(["a", "a", "a (2)"]) == ["a", "a (3)", "a (2)"]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("/home/lin/private/raw.jsonl:3", "raw.jsonl:3"),
        ("../clients/secret/raw.json:1#2", "raw.json:1#2"),
        ("file:///home/lin/raw.txt", "raw.txt"),
        ("C:\\Users\\lin\\raw.csv:7", "raw.csv:7"),
        ("/home/lin/texts/", "texts"),
        ("raw.jsonl:3", "raw.jsonl:3"),
        ("https://example.org/a/b?c=/d", "https://example.org/a/b?c=/d"),
        ("hf://datasets/someone/texts", "hf://datasets/someone/texts"),
        (None, None),
    ],
)
def test_of_a_local_source_only_the_files_name_is_released(source, kept):
    article = drafts()[0].article.model_copy(update={"source": source})
    for record in (triplet(article=article), drafts()[0].model_copy(update={"article": article})):
        (only,) = sort_out(items(record), UNREVIEWED)[0]
        assert only.article.source == kept


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
    low = triplet(genre="散文随笔", scores=[scores(7, 7, 7, 7, 7, 7)])
    assert sort_out(items(low), UNREVIEWED)[1][0].genre == "essay"


@pytest.mark.parametrize("gate", [{"gate_sum": 61}, {"gate_sum": 5}, {"gate_each": 0}, {"gate_each": 11}])
def test_a_gate_out_of_range_is_refused(gate):
    with pytest.raises(SettingError):
        Rules(**gate)
