"""All figures of a comparison together, and the command that prints and saves them."""

from __future__ import annotations

import json

import openpyxl
import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.errors import StorageError
from coig_writer.evaluate.compare import CompareSettings, compare, comparison_json
from coig_writer.evaluate.read_table import MARKS
from coig_writer.evaluate.synthetic import published_rankings
from coig_writer.evaluate.votes import Topic, Votes
from coig_writer.files import dumps, write_jsonl
from coig_writer.schema import Rating
from support.ranked import random_rankings, ranked, rankings, votes_of

FEW = CompareSettings(rounds=100)
JUDGE = "llm:judge@12345678"


def test_groups_are_all_and_the_languages():
    english = [each.model_copy(update={"query_id": f"en-{at}"}) for at, each in enumerate(random_rankings(5))]
    unknown = [each.model_copy(update={"query_id": f"q{at}"}) for at, each in enumerate(random_rankings(2))]
    votes = votes_of([*random_rankings(8), *english, *unknown])
    votes = Votes(rankings=votes.rankings, topics={q: t for q, t in votes.topics.items() if t.language in ("zh", "en")})
    assert {name: each.n for name, each in compare(votes, FEW).items()} == {"all": 15, "en": 5, "zh": 8}


def test_splits_by_category_and_genre():
    made = random_rankings(9, "AB")
    genres = ("wuxia", "essay", "essay")
    topics = {each.query_id: Topic("zh", genres[at % 3]) for at, each in enumerate(made)}
    found = compare(Votes(rankings=made, topics=topics), FEW)["zh"].by
    assert {name: each.n for name, each in found["genre"].items()} == {"essay": 6, "wuxia": 3}
    assert sum(each.n for each in found["category"].values()) == 9
    assert found["genre"]["wuxia"].pairs[0].n == 3


def test_peoples_votes_are_counted_alone_where_there_are_any():
    judged = [each.model_copy(update={"rater": JUDGE}) for each in random_rankings(30, "ABC", seed=5)]
    people = random_rankings(30, "ABC")
    alone, both = compare(votes_of(people), FEW)["all"], compare(votes_of(people + judged), FEW)["all"]
    assert (both.voters, both.n, both.win_rate) == ("human", 30, alone.win_rate)
    assert list(both.judge_against_people) == [JUDGE]
    only = compare(votes_of(judged), FEW)["all"]
    assert (only.voters, only.n, only.judge_against_people) == ("llm", 30, {})


def test_the_same_votes_give_the_same_figures_and_another_seed_other_intervals():
    votes = votes_of(random_rankings(30, raters=2))
    one, two, other = (comparison_json(compare(votes, CompareSettings(100, seed))) for seed in (1, 1, 2))
    assert one == two
    assert one["all"]["bradley_terry"]["A"]["low"] != other["all"]["bradley_terry"]["A"]["low"]
    assert one["all"]["win_rate"] == other["all"]["win_rate"]


def test_one_model_alone_has_figures_without_pairs():
    marks = {"content_quality": 1, "creative_merit": 1, "cultural_appropriateness": 1, "task_fulfilment": 1}
    rating = Rating(query_id="zh-1", model="A", rater="human:li", overall_preference=2, **marks)
    found = comparison_json(compare(Votes(ratings=[rating]), FEW))["all"]
    assert (found["models"], found["n"], found["pairs"], found["power"]) == (["A"], 0, [], None)


@given(rankings)
@settings(max_examples=15, deadline=None)
def test_any_rankings_make_json_without_nan(made):
    assert json.loads(dumps(comparison_json(compare(votes_of(made), FEW))))["all"]["n"] == len(made)


@pytest.mark.parametrize("orders", [["A>B"], ["A=B"], ["A=B=C"] * 3, ["A>B>C"] * 5])
def test_the_smallest_and_the_flattest_votes(orders):
    found = compare(votes_of(ranked(*orders)), FEW)["zh"]
    assert found.n == len(orders)
    assert all(abs(each.score) < 20 for each in found.bradley_terry.values())


@pytest.mark.parametrize("orders", [["A>B"] * 4, ["A>B>C", "C>B>A"], ["A>B=C"]])
def test_too_few_queries_leave_no_interval_anywhere(orders):
    """Several raters each: all is known of these queries, and nothing of others."""
    made = [each for rater in "abc" for each in ranked(*orders, rater=f"human:{rater}")]
    lengths = {(each.query_id, model): 100 + 7 * ord(model) for each in made for model in each.places}
    found = json.loads(dumps(comparison_json(compare(votes_of(made, lengths=lengths), FEW))))["all"]
    intervals = [*found["bradley_terry"].values(), *found["plackett_luce"].values()]
    intervals += [found["agreement"]["human"][name] for name in ("places", "outcomes")]
    assert {(each["low"], each["high"]) for each in intervals} == {(None, None)}
    assert all(each["p"] is None for each in found["length_bias"].values())
    assert found["goodness_of_fit"] is None


def test_models_that_never_met_stand_in_lists_of_their_own():
    found = compare(votes_of(ranked(*["A>B", "B>A"] * 6, *["C>D", "D>C"] * 6)), FEW)["all"]
    assert found.components == [["A", "B"], ["C", "D"]]
    assert compare(votes_of(ranked("A>B", "B>C")), FEW)["all"].components == [["A", "B", "C"]]


def invoke(*words):
    return CliRunner().invoke(app, ["compare", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    write_jsonl(folder / "rankings.jsonl", published_rankings())
    done = invoke("--rankings", folder / "rankings.jsonl", "--json", folder / "out.json", "--rounds", 200)
    return done, json.loads((folder / "out.json").read_text(encoding="utf-8"))


def test_the_command_on_the_published_counts(published):
    done, found = published
    assert done.exit_code == 0
    assert list(found) == ["all", "en", "zh"]
    assert round(found["zh"]["win_rate"]["CW+10k"]["G"], 2) == 62.75
    best = next(each for each in found["zh"]["pairs"] if (each["a"], each["b"]) == ("CW+10k", "G"))
    assert (best["wins"], best["n"], round(best["p"], 4), round(best["p_holm"], 3)) == (128, 204, 0.0003, 0.002)
    scores = found["zh"]["bradley_terry"]
    assert max(scores, key=lambda model: scores[model]["score"]) == "CW+10k"
    assert all(each["low"] <= each["score"] <= each["high"] for each in scores.values())
    assert 0 < found["zh"]["kendall_w"] < 1
    assert found["zh"]["power"]["smallest"] == pytest.approx(9.99, abs=0.01)
    assert "62.75" in done.stdout
    assert "[mind] Synthetic rankings" in done.stdout
    assert "[open] CW+10k against G: no difference is shown. 46.46 %" in done.stdout


def test_nothing_else_is_a_key_of_the_json(published):
    assert set(published[1]["all"]) == {
        *("models", "n", "prompts", "raters", "wins", "win_rate", "pairs", "voters", "bradley_terry"),
        *("plackett_luce", "goodness_of_fit", "friedman", "kendall_w", "position_bias", "power", "agreement"),
        *("components", "crowd", "judge_against_people", "length_bias", "by"),
    }


def test_rows_that_were_not_used_are_said(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("prompt,left,right,winner\nWrite a poem,A,B,left\nWrite a poem,A,B,none\n", encoding="utf-8")
    done = invoke("--rankings", path)
    assert done.exit_code == 0
    assert f"{path}:3: the winner 'none' is neither of the two nor a tie" in done.stderr
    assert "Not used: 1 row." in done.stderr


def test_the_command_shows_what_has_no_interval_and_counts_in_words(tmp_path):
    write_jsonl(tmp_path / "rankings.jsonl", ranked("A>B"))
    said = invoke("--rankings", tmp_path / "rankings.jsonl", "--rounds", 100).stdout
    assert "zh: 1 ranking of 1 query by 1 rater." in said
    assert "none" in next(line for line in said.splitlines() if line.startswith("A "))
    assert "[open] There is one pair of models, and it shows no difference." in said
    assert "too few to resample" in said


def by_command(folder, rankings, *responses):
    words = [word for file in rankings for word in ("--rankings", file)]
    words += [word for file in responses for word in ("--responses", file)]
    done = invoke(*words, "--json", folder / "out.json", "--rounds", 100)
    assert done.exit_code == 0
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))


def test_the_original_pages_files_go_through_the_command(tmp_path):
    """Chinese and English sessions number their questions alike; each has a file of responses for each model."""
    prompts = {
        "zh": ["写一首关于雪的诗。", "写一篇游记。"],
        "en": ["Write a poem about the snow.", "Write of a long journey."],
    }
    orders = {"zh": ["ABC", "ACB"], "en": ["CBA", "BCA"]}
    rankings, responses = [], []
    for language, asked in prompts.items():
        texts = {model: {} for model in "ABC"}
        entries = []
        for number, (prompt, order) in enumerate(zip(asked, orders[language], strict=True), 1):
            for model in "ABC":
                texts[model][str(number)] = {"prompt": prompt, "my_response": model * (10 + number * ord(model) % 7)}
            entries.append({
                "sequence_number": number, "question_id": str(number), "prompt": prompt,
                "ranked_responses": [
                    {"rank": rank, "source_file": f"{model}.json", **texts[model][str(number)]}
                    for rank, model in enumerate(order, 1)
                ],
            })  # fmt: skip
        folder = tmp_path / language
        folder.mkdir()
        for model, said in texts.items():
            (folder / f"{model}.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
            responses.append(folder / f"{model}.json")
        rankings.append(folder / "results.json")
        rankings[-1].write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    found = by_command(tmp_path, rankings, *responses)
    assert {name: (each["n"], each["prompts"], each["raters"]) for name, each in found.items()} == {
        "all": (4, 4, 2), "en": (2, 2, 1), "zh": (2, 2, 1),
    }  # fmt: skip
    assert (found["zh"]["win_rate"]["A"]["B"], found["en"]["win_rate"]["A"]["B"]) == (100, 0)
    length = found["all"]["length_bias"]["human"]
    assert (length["n"], length["missing"]) == (12, 0)


def test_tables_of_pairs_and_of_ratings_go_through_the_command(tmp_path):
    pairs = tmp_path / "pairs.csv"
    rows = ["写一首诗,A,B,left,li", "写一首诗,B,A,tie,wang", "Write a long poem,A,B,B,li"]
    pairs.write_text("prompt,left,right,winner,worker\n" + "\n".join(rows), encoding="utf-8-sig")
    found = by_command(tmp_path, [pairs])["all"]
    assert (found["pairs"][0]["wins"], found["pairs"][0]["ties"], found["pairs"][0]["n"]) == (1, 1, 3)
    assert found["win_rate"]["A"]["B"] == 50
    assert found["position_bias"]["human"]["n"] == 3
    header = ["query_id", "model", "rater", *MARKS]
    marks = [["zh-1", "A", "li", 3, 3, 3, 3, 3], ["zh-1", "B", "li", 1, 1, 1, 1, 1], ["zh-1", "C", "li", 1, 1, 1, 1, 3]]
    table = tmp_path / "ratings.csv"
    table.write_text("\n".join(",".join(map(str, row)) for row in [header, *marks]), encoding="utf-8")
    book = openpyxl.Workbook()
    for row in [header, *marks]:
        book.active.append(row)
    book.save(tmp_path / "ratings.xlsx")
    one, two = (by_command(tmp_path, [path]) for path in (table, tmp_path / "ratings.xlsx"))
    assert one == two
    assert one["all"]["wins"]["A"] == {"A": None, "B": 1, "C": 0.5}


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    write_jsonl(tmp_path / "rankings.jsonl", ranked("A>B"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        invoke("--rankings", tmp_path / "rankings.jsonl", "--save_dir", tmp_path / "file")
    assert {each.name for each in tmp_path.iterdir()} == {"rankings.jsonl", "file"}


def test_the_command_saves_the_folder_and_says_where(tmp_path):
    write_jsonl(tmp_path / "rankings.jsonl", random_rankings(6, "ABC"))
    done = invoke("--rankings", tmp_path / "rankings.jsonl", "--save_dir", tmp_path / "out", "--rounds", 100)
    assert f"Next: open {tmp_path / 'out' / 'report.html'}" in done.stdout
    assert "<h1><bdi>rankings</bdi></h1>" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "unread.jsonl").read_text() == ""
