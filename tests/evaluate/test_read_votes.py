"""Rankings, pairs, ratings and answers come out of every kind of file, and what is not used is said."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coig_writer.errors import InputError
from coig_writer.evaluate.read import read_votes
from coig_writer.evaluate.read_table import pair_of
from coig_writer.evaluate.responses import read_responses
from coig_writer.evaluate.votes import Topic, natural, places_of, points
from coig_writer.schema import Ranking, Rating

MARKS = {
    "content_quality": 2,
    "creative_merit": 1,
    "cultural_appropriateness": 3,
    "task_fulfilment": 2,
    "overall_preference": 2,
}


def save(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def lines(*records):
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)


def entry(query, order, prompt="写一个雪夜的故事。", **more):
    ranked = [
        {"rank": place, "source_file": f"out/{model}.json", "my_response": "字" * place}
        for place, model in enumerate(order, 1)
    ]
    return {"sequence_number": 1, "question_id": query, "prompt": prompt, "ranked_responses": ranked, **more}


def ranking(query="zh-1", rater="human:li", **places):
    return {"query_id": query, "rater": rater, "places": places or {"A": 1, "B": 2}}


def test_the_pages_rankings(tmp_path):
    path = save(tmp_path / "li.json", [entry(7, ["G", "CW"]), entry("8", ["CW", "G"], "Write a tale of two cities.")])
    votes = read_votes([path])
    assert [(each.query_id, each.rater, each.places) for each in votes.rankings] == [
        ("7", "human:li", {"G": 1, "CW": 2}),
        ("8", "human:li", {"CW": 1, "G": 2}),
    ]
    assert votes.languages == ["en", "zh"]
    assert votes.lengths == {("7", "G"): 1, ("7", "CW"): 2, ("8", "CW"): 1, ("8", "G"): 2}
    assert votes.unread == []


def test_questions_of_one_number_and_two_prompts_stay_two(tmp_path):
    english = "Write about a lighthouse keeper."
    files = [
        save(tmp_path / "zh" / "li.json", [entry(1, ["G", "CW"])]),
        save(tmp_path / "en" / "wang.json", [entry(1, ["CW", "G"], english), entry(2, ["CW", "G"], english)]),
    ]
    answers = [
        save(tmp_path / "zh" / "CW.json", {"1": {"prompt": "写一个雪夜的故事。", "my_response": "雪"}}),
        save(tmp_path / "en" / "CW.json", {"1": {"prompt": english, "my_response": "The keeper slept."}}),
    ]
    votes = read_votes(files, answers)
    chinese, lighthouse, other = votes.rankings
    assert chinese.query_id != lighthouse.query_id
    assert chinese.query_id.startswith("1#")
    assert other.query_id == "2"
    assert votes.topic(chinese.query_id) == Topic("zh")
    assert votes.topic(lighthouse.query_id) == Topic("en")
    assert votes.lengths[chinese.query_id, "CW"] == 1
    assert votes.lengths[lighthouse.query_id, "CW"] == 17
    assert {each.id for each in read_responses(answers).answers} == {chinese.query_id, lighthouse.query_id}
    assert votes.unread == []


def test_files_of_one_name_in_two_folders_are_two_raters(tmp_path):
    files = [save(tmp_path / folder / "rankings.json", [entry(1, ["G", "CW"])]) for folder in ("li", "wang")]
    assert [each.rater for each in read_votes(files).rankings] == ["human:li/rankings", "human:wang/rankings"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (3, "no ranked_responses"),
        ({"question_id": 1}, "no ranked_responses"),
        ({"ranked_responses": []}, "no question_id"),
        (entry(2, ["G", "G"]), "G is ranked twice"),
        (entry(2, ["G"]), "two models"),
        ({"question_id": 2, "ranked_responses": [{"rank": 1}]}, "no source_file"),
        *(
            (
                {"question_id": 2, "ranked_responses": [{"rank": rank, "source_file": "G.json"}]},
                "the rank of G is not a whole number",
            )
            for rank in (None, "first", 1.5, float("nan"), float("inf"), [], True, "9" * 5000)
        ),
    ],
)
def test_an_entry_of_the_page_that_cannot_be_used_is_said(tmp_path, bad, reason):
    path = save(tmp_path / "li.json", [entry(1, ["G", "CW"]), bad])
    votes = read_votes([path])
    assert len(votes.rankings) == 1
    (unread,) = votes.unread
    assert (unread.file, unread.row) == (str(path), 2)
    assert reason in unread.reason


def test_records_of_ours_mixed_and_with_more_beside_them(tmp_path):
    rating = {"query_id": "en-1", "model": "B", "rater": "llm:judge@12345678", **MARKS}
    path = save(
        tmp_path / "export.jsonl",
        lines(ranking() | {"shown": ["B", "A"], "seconds": 9.5, "project": "x"}, rating)
        + "\n{torn\n"
        + lines([1], {"query_id": "q"}, ranking(A=2, B=2), rating | {"overall_preference": 4}),
    )
    votes = read_votes([path])
    assert votes.rankings == [
        Ranking(query_id="zh-1", rater="human:li", places={"A": 1, "B": 2}, shown=["B", "A"], seconds=9.5)
    ]
    assert votes.ratings == [Rating(**rating)]
    assert [(each.row, each.reason.partition(":")[0]) for each in votes.unread] == [
        (4, "not a JSON object"),
        (5, "not a JSON object"),
        (6, "neither places (a ranking) nor overall_preference (a rating)"),
        (7, "record"),
        (8, "overall_preference"),
    ]


def test_one_record_alone_and_an_array_of_records(tmp_path):
    one = save(tmp_path / "one.json", ranking())
    many = save(tmp_path / "many.json", [ranking("zh-2"), ranking("zh-3")])
    assert [each.query_id for each in read_votes([one, many]).rankings] == ["zh-1", "zh-2", "zh-3"]


def test_the_last_of_two_votes_counts_and_the_first_is_said(tmp_path):
    rating = {"query_id": "zh-1", "model": "A", "rater": "human:li", **MARKS}
    path = save(
        tmp_path / "votes.jsonl",
        lines(ranking(A=1, B=2), ranking(A=2, B=1), ranking(A=1, C=2), rating, rating | {"overall_preference": 0}),
    )
    votes = read_votes([path])
    assert [each.places for each in votes.rankings] == [{"A": 2, "B": 1}, {"A": 1, "C": 2}]
    assert [each.overall_preference for each in votes.ratings] == [0]
    assert [(each.row, each.reason) for each in votes.unread] == [
        (1, "replaced by a later ranking of the same query, models and rater"),
        (4, "replaced by a later rating of the same query, model and rater"),
    ]


def test_marks_become_rankings_where_a_rater_gave_none(tmp_path):
    def rating(rater, model, overall):
        return {"query_id": "zh-1", "model": model, "rater": rater, **MARKS, "overall_preference": overall}

    marks = [rating("human:wang", model, overall) for model, overall in (("A", 3), ("B", 1), ("C", 3))]
    path = save(tmp_path / "a.jsonl", lines(*marks, ranking(), rating("human:li", "A", 0), rating("human:li", "B", 3)))
    assert [(each.rater, each.places) for each in read_votes([path]).rankings] == [
        ("human:li", {"A": 1, "B": 2}),
        ("human:wang", {"A": 1, "B": 3, "C": 1}),
    ]


PAIRS = [
    ("prompt", "left", "right", "winner", "worker"),
    ("写一首诗", "A", "B", "left", "li"),
    ("写一首诗", "A", "B", "B", "wang"),
    ("Write a poem about rain", "B", "A", "tie", ""),
    ("Write a poem about rain", "B", "A", "平局", ""),
    ("写一首诗", "A", "A", "left", "li"),
    ("写一首诗", "A", "B", "C", "li"),
    ("写一首诗", "A", "B", "", "li"),
    ("", "A", "B", "left", "li"),
]


def check_pairs(votes):
    assert [(each.query_id, each.rater, each.places, each.shown) for each in votes.rankings] == [
        ("写一首诗", "human:li", {"A": 1, "B": 2}, ["A", "B"]),
        ("写一首诗", "human:wang", {"A": 2, "B": 1}, ["A", "B"]),
        ("Write a poem about rain", "human:unnamed", {"A": 1, "B": 1}, ["B", "A"]),
        ("Write a poem about rain", "human:unnamed", {"A": 1, "B": 1}, ["B", "A"]),
    ]
    assert [each.reason for each in votes.unread] == [
        "left and right are the same model",
        "the winner 'C' is neither of the two nor a tie",
        "no winner",
        "no prompt, left or right",
    ]
    assert votes.languages == ["en", "zh"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_pairs_from_text(tmp_path, delimiter, encoding):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(PAIRS)
    path = tmp_path / ("pairs.tsv" if delimiter == "\t" else "pairs.csv")
    path.write_bytes(text.getvalue().encode(encoding))
    check_pairs(read_votes([path]))


def test_a_broken_row_of_a_table_is_told(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("prompt,left,right,winner\n写,A,B,left\n写,A,B,left,more\n画,A,B,right\n", encoding="utf-8")
    votes = read_votes([path])
    assert len(votes.rankings) == 2
    assert [(each.row, each.reason) for each in votes.unread] == [(3, "a cell beside the 4 named columns")]


def workbook(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_pairs_from_a_workbook(tmp_path):
    check_pairs(read_votes([workbook(tmp_path / "pairs.xlsx", PAIRS)]))


def test_ratings_from_a_workbook(tmp_path):
    header = ["题号", "模型", "评审", "内容质量", "创意", "文化适切", "任务完成", "总体偏好"]
    rows = [
        ["zh-1", "A", "li", 2, 1, 3, 2, 2.0],
        ["zh-1", "B", "li", 2, 1, 3, 2, 3],
        ["zh-2", "A", "li", 2, 1, None, 2, 3],
        ["zh-2", "B", "li", 2, 1, "好", 2, 3],
        ["zh-2", "B", "li", 2, 1, 2.5, 2, 3],
        ["zh-2", "", "li", 2, 1, 2, 2, 3],
    ]
    votes = read_votes([workbook(tmp_path / "ratings.xlsx", [header, *rows])])
    assert [(each.model, each.rater, each.overall_preference) for each in votes.ratings] == [
        ("A", "human:li", 2),
        ("B", "human:li", 3),
    ]
    assert votes.rankings[0].places == {"A": 2, "B": 1}
    assert [(each.row, each.reason.partition(":")[0]) for each in votes.unread] == [
        (4, "cultural_appropriateness is missing"),
        (5, "cultural_appropriateness is not a number"),
        (6, "cultural_appropriateness"),
        (7, "no query or model"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.csv", None, "no such file"),
        ("gone.jsonl", None, "cannot read"),
        ("other.csv", "a,b\n1,2\n", "neither pairs nor ratings"),
        ("binary.csv", b"\x89PNG\r\n\x1a\n" + bytes(40), "neither text nor a table"),
        ("gb.jsonl", "写一首关于雪的诗。".encode("gb18030"), "not UTF-8"),
        ("broken.xlsx", b"PK\x03\x04 no workbook", "not a workbook"),
        ("empty.jsonl", "", "no usable ranking"),
        ("empty.csv", "", "no usable ranking"),
        ("deep.jsonl", "[" * 100_000, "no usable ranking"),
        ("prose.jsonl", "好\n", "no usable ranking"),
    ],
)
def test_a_file_of_no_use_is_an_error_with_its_name(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=said) as raised:
        read_votes([path])
    assert str(path) in str(raised.value)
    assert raised.value.remedy


def test_answers_of_ours_and_of_the_page(tmp_path):
    ours = save(
        tmp_path / "pred.jsonl",
        lines(
            {"id": "zh-1", "query": "写", "model": "A", "response": "一二三"},
            {"id": "zh-2", "query": "写", "model": "A", "error": "timeout"},
            {"id": "zh-1", "query": "写", "model": "A", "response": "四"},
            {"query": "no id"},
            7,
        ),
    )
    page = save(tmp_path / "B.json", {"zh-1": {"prompt": "写", "my_response": "五六"}, "zh-2": {"prompt": "写"}})
    found = read_responses([ours, page])
    assert [(each.id, each.model, each.response) for each in found.answers] == [
        ("zh-1", "A", "四"),
        ("zh-1", "B", "五六"),
    ]
    assert [each.id for each in found.failed] == ["zh-2"]
    assert [each.row for each in found.unread] == [3, 4, 5, 2]


def test_topics_come_from_the_benchmark_by_id(tmp_path):
    from coig_writer.packaged import load_benchmark

    query = load_benchmark()[0]
    votes = read_votes([save(tmp_path / "a.jsonl", lines(ranking(query.id)))])
    assert votes.topic(query.id) == Topic(query.language, query.genre)
    assert votes.topic(query.id).category
    assert Topic(genre="no such genre").category is None


def test_names_sort_by_their_numbers():
    assert sorted(["CW+10k", "G", "CW", "CW+5k", "CW+1k"], key=natural) == ["CW", "CW+1k", "CW+5k", "CW+10k", "G"]


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 3), min_size=2, max_size=6))
@settings(deadline=None)
def test_places_of_marks_are_a_ranking_and_points_add_up(marks):
    places = places_of(marks)
    made = Ranking(query_id="q", rater="human:a", places=places)
    assert all((marks[one] > marks[two]) == (places[one] < places[two]) for one in marks for two in marks)
    assert sum(points(made).values()) == pytest.approx(len(marks) / 2)


@given(st.dictionaries(st.sampled_from(["prompt", "left", "right", "winner", "seconds"]), st.text(max_size=4)))
@settings(deadline=None)
def test_any_row_of_a_pair_table_is_a_pair_or_a_reason(cells):
    found = pair_of(cells, "unnamed")
    if isinstance(found, Ranking):
        assert found.shown == [cells["left"].strip(), cells["right"].strip()]
        assert set(found.places.values()) in ({1}, {1, 2})
    else:
        assert found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["query_id", "rater", "places", "rank", "ranked_responses", "question_id", "source_file", "A"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=4))
@settings(deadline=None)
def test_any_json_is_read_or_refused_with_a_reason(tmp_path_factory, values):
    path = save(tmp_path_factory.mktemp("any") / "a.jsonl", "".join(json.dumps(each) + "\n" for each in values))
    whole = save(path.with_name("b.json"), [*values, entry(1, ["G", "CW"])])
    good = save(path.with_name("good.jsonl"), lines(ranking()))
    votes = read_votes([path, whole, good])
    assert len(votes.rankings) + len(votes.unread) >= 2
