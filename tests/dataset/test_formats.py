"""Texts come through every format unchanged, and the scores mean what the formats promise."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.dataset.formats import arrow_schema, creativity_score, earlier, published, score_lines
from coig_writer.dataset.tables import write_triplets
from coig_writer.files import dumps, write_jsonl
from coig_writer.schema import Article, Triplet
from support.drafts import drafts, review, scores, triplet

texts = st.text(st.characters(codec="utf-8"), min_size=1)


def test_the_published_record_keeps_the_published_names_and_says_who_scored():
    record = published(triplet(review("accept")))
    assert list(record) == ["reverse_inspiration_prompt", "reasoning_process", "article", "metadata"]
    metadata = record["metadata"]
    assert (metadata["genre"], metadata["quality_score"], metadata["creativity_score"]) == ("essay", 50, 8)
    assert metadata["reviewed"] is True
    assert metadata["scored_by"].startswith("llm:")
    assert sum(metadata["scores"].values()) == metadata["quality_score"]


@pytest.mark.parametrize(("creativity", "expected"), [((9, 9, 8), 9), ((8, 8, 9), 8), ((10, 10, 10), 10)])
def test_creativity_is_the_rounded_mean_of_three(creativity, expected):
    article, prompt, reasoning = creativity
    assert creativity_score(triplet(scores=[scores(8, article, 8, prompt, 8, reasoning)])) == expected


def test_unscored_triplets_have_no_scores_in_any_format():
    bare = triplet(scores=[])
    assert published(bare)["metadata"]["quality_score"] is None
    assert published(bare)["metadata"]["creativity_score"] is None
    assert score_lines(bare) == "审阅：未经人工审阅"


def test_the_earlier_record_gives_a_total_and_three_parts():
    record = earlier(triplet(scores=[scores(9, 8, 8, 8, 9, 10)]))
    assert list(record) == ["id", "query_type", "query", "thought", "answer", "link", "score"]
    assert record["query_type"] == "散文随笔"
    assert record["score"].splitlines() == [
        "总分：52/60",
        "答案 answer：17/20（质量 9，创意 8）",
        "提示 query：16/20（质量 8，创意 8）",
        "思路 thought：19/20（质量 9，创意 10）",
        "打分者：llm:toy@0123456789ab",
        "审阅：未经人工审阅",
    ]


def test_the_earlier_record_says_whether_a_person_has_accepted_the_triplet():
    assert earlier(triplet(review("accept")))["score"].endswith("审阅：已经人工审阅")
    assert earlier(triplet(review("send_back")))["score"].endswith("审阅：未经人工审阅")


@given(texts, texts, texts)
def test_every_character_survives(article, prompt, reasoning):
    made = triplet(article=Article.from_text(article, genre="essay"), prompt=prompt, reasoning=reasoning)
    new, old = json.loads(dumps(published(made))), json.loads(dumps(earlier(made)))
    kept = (article, prompt, reasoning)
    assert (new["article"], new["reverse_inspiration_prompt"], new["reasoning_process"]) == kept
    assert (old["answer"], old["query"], old["thought"]) == kept
    assert Triplet.model_validate_json(dumps(made)) == made


def test_parquet_holds_what_the_lines_hold(tmp_path):
    made = [draft.to_triplet() for draft in drafts()[:7]]
    write_triplets(tmp_path / "some.parquet", made, "published")
    write_jsonl(tmp_path / "some.jsonl", map(published, made))
    table = pq.read_table(tmp_path / "some.parquet")
    assert table.schema.equals(arrow_schema("published"))
    rows = json.loads(json.dumps(table.to_pylist(), default=str))
    assert rows == [json.loads(line) for line in (tmp_path / "some.jsonl").read_text().splitlines()]
