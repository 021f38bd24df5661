"""Blind judging: who sees what, what is stored, what comes out."""

import json
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.evaluate.read import read_votes
from coig_writer.studio import arena
from coig_writer.studio.arena import Standing
from coig_writer.studio.models import Sheet

TOKEN = re.compile(rb'value="\w{64}"|"X-CSRFToken": "\w{64}"')
MODELS = [f"secret-model-{name}" for name in "vwxyz"]


@pytest.fixture
def responses(tmp_path):
    """A file of answers for each of five models to six queries."""
    files = []
    for model in MODELS:
        path = tmp_path / f"{model}.jsonl"
        rows = [
            {"id": f"zh-{q}", "query": f"写一首关于第 {q} 座桥的诗", "model": model,
             "response": f"  第 {q} 座桥，\n\n    {MODELS.index(model)} 号写法 <b>*星*</b>"}
            for q in range(6)
        ]  # fmt: skip
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        files.append(path)
    return files


@pytest.fixture
def contest(project, responses):
    def make(**settings):
        return arena.create(project, "盲评", responses, **settings)

    return make


def open_next(user, contest):
    answer = user.client.post(f"/arena/{contest.pk}/next")
    assert answer.status_code == 302
    return answer.url


def rank(user, path, order, **more):
    return user.client.post(path, {f"choice-{at}": place for at, place in enumerate(order)} | more)


def finish(user, contest, chooser):
    """Judges all that is left for the user; `chooser` gives places for a sheet."""
    while (path := open_next(user, contest)).startswith("/sheets/"):
        sheet = Sheet.objects.get(pk=path.split("/")[2])
        assert rank(user, path, chooser(sheet)).status_code == 302


def test_no_name_of_a_model_and_no_key_of_an_answer_reaches_an_evaluator(project, contest, person):
    evaluator, made = person("evaluator"), contest()
    path = open_next(evaluator, made)
    answers = [
        evaluator.client.get(path),
        evaluator.client.get(f"/projects/{project.pk}/arena"),
        evaluator.client.post(f"{path}choose", {"choice-0": 1}),
        rank(evaluator, path, [1, 2, 3, 4, 5]),
    ]
    keys = [str(key) for key in Sheet.objects.filter(contest=made).first().shown]
    for answer in answers:
        seen = answer.content.decode() + str(answer.headers) + str(answer.cookies) + answer.request["PATH_INFO"]
        assert "secret" not in seen
        assert not any(f'"{key}"' in seen for key in keys if int(key) > 30)
    for forbidden in (f"/arena/{made.pk}/results", f"/projects/{project.pk}/overview"):
        assert evaluator.client.get(forbidden).status_code == 403


def test_texts_are_shown_exactly_as_written(contest, person):
    evaluator = person("evaluator")
    page = evaluator.client.get(open_next(evaluator, contest())).content.decode()
    assert "座桥，\n\n    0 号写法 &lt;b&gt;*星*&lt;/b&gt;</div>" in page


def test_the_order_is_each_raters_own_and_stays(contest, person):
    made = contest(raters=12)
    raters = [person("evaluator") for _ in range(12)]
    orders = set()
    for rater in raters:
        path = open_next(rater, made)
        first = rater.client.get(path).content
        sheet = Sheet.objects.get(user=rater)
        orders.add((sheet.query, tuple(sheet.shown)))
        assert open_next(rater, made) == path
        assert TOKEN.sub(b"", rater.client.get(path).content) == TOKEN.sub(b"", first)
        assert Sheet.objects.get(user=rater).shown == sheet.shown
    assert len(orders) > 8  # of 12; by chance alone far fewer than one in a million would be 8


def test_going_back_shows_what_was_chosen_and_changes_nothing(contest, person):
    evaluator, made = person("evaluator"), contest()
    path = open_next(evaluator, made)
    rank(evaluator, path, [2, 1, 4, 3, 5])
    open_next(evaluator, made)
    page = evaluator.client.get(path).content.decode()
    assert page.count("checked disabled") == 5
    assert rank(evaluator, path, [1, 2, 3, 4, 5]).status_code == 409
    assert evaluator.client.post(f"{path}choose", {"choice-0": 5}).status_code == 409
    assert Sheet.objects.get(pk=path.split("/")[2]).chosen == {"0": 2, "1": 1, "2": 4, "3": 3, "4": 5}
    assert rank(evaluator, path, [2, 1, 4, 3, 5]).status_code == 302  # the same, sent twice


def test_a_sheet_goes_on_where_it_was_left(contest, person):
    evaluator, made = person("evaluator"), contest()
    path = open_next(evaluator, made)
    evaluator.client.post(f"{path}choose", {"choice-2": 1, "seconds": "12.5", "depth-2": "0.8"})
    evaluator.client.post(f"{path}choose", {"choice-2": 1, "choice-0": 2, "seconds": "2.5", "depth-2": "0.3"})
    sheet = Sheet.objects.get(pk=path.split("/")[2])
    assert (sheet.chosen, sheet.seconds, sheet.depth["2"]) == ({"2": 1, "0": 2}, 15.0, 0.8)
    assert open_next(evaluator, made) == path


@pytest.mark.parametrize("order", [[1, 2, 3, 4], [1, 1, 2, 3, 4], [2, 3, 4, 5, 5], [0, 1, 2, 3, 4], [1, 2, 3, 4, 6]])
def test_what_is_no_ranking_is_refused(contest, person, order):
    evaluator, made = person("evaluator"), contest()
    path = open_next(evaluator, made)
    assert rank(evaluator, path, order).status_code == 400
    assert Sheet.objects.get(contest=made).submitted is None


def test_ties_are_a_choice_of_the_contest(contest, person):
    evaluator, made = person("evaluator"), contest(ties=True)
    path = open_next(evaluator, made)
    assert rank(evaluator, path, [1, 1, 3, 3, 5]).status_code == 302


def test_each_query_gets_its_raters_and_no_more(contest, person):
    made = contest(raters=2)
    for _ in range(3):
        finish(person("evaluator"), made, lambda sheet: range(1, len(sheet.shown) + 1))
    taken = Counter(Sheet.objects.filter(contest=made).values_list("query", flat=True))
    assert taken == {f"zh-{q}": 2 for q in range(6)}


def test_pairs_show_each_rater_all_models_evenly(contest, person):
    made = contest(size=2, raters=1)
    rater = person("evaluator")
    finish(rater, made, lambda sheet: [1, 2])
    models = dict(made.answers.values_list("pk", "model"))
    seen = Counter(models[key] for sheet in Sheet.objects.filter(user=rater) for key in sheet.shown)
    assert set(seen) == set(MODELS)
    assert max(seen.values()) - min(seen.values()) <= 1


def compare_by_command(folder, rankings, *responses):
    """What `coig-writer compare` makes of an export: its figures for Chinese queries."""
    words = ["compare", "--rankings", rankings, "--json", folder / "out.json", "--save_dir", folder / "compared"]
    words += [word for file in responses for word in ("--responses", file)]
    done = CliRunner().invoke(app, [*map(str, words), "--rounds", "100"], catch_exceptions=False)
    assert done.exit_code == 0
    assert (folder / "compared" / "report.html").is_file()
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))["zh"]


def test_rankings_come_out_as_compare_reads_them(project, contest, responses, person, tmp_path):
    made = contest(raters=3, enough=18)
    models = dict(made.answers.values_list("pk", "model"))
    manager = person("manager")
    for _ in range(3):
        finish(person("evaluator"), made, lambda sheet: [MODELS.index(models[key]) + 1 for key in sheet.shown])
    file = tmp_path / "rankings.jsonl"
    file.write_bytes(b"".join(manager.client.get(f"/arena/{made.pk}/results").streaming_content))
    votes = read_votes([file])
    assert len(votes.rankings) == 18
    assert all(each.places == {model: at for at, model in enumerate(MODELS, 1)} for each in votes.rankings)
    assert all(sorted(each.shown) == MODELS for each in votes.rankings)
    assert len({each.rater for each in votes.rankings}) == 3
    compared = compare_by_command(tmp_path, file, *responses)
    assert (compared["n"], compared["prompts"], compared["raters"], compared["voters"]) == (18, 6, 3, "human")
    assert compared["win_rate"][MODELS[0]][MODELS[4]] == 100
    assert compared["agreement"]["human"]["places"]["alpha"] == 1
    assert (compared["position_bias"]["human"]["n"], compared["position_bias"]["human"]["queries"]) == (18, 6)
    found = arena.standing(made)
    assert found.rate(MODELS[0], MODELS[4]) == 1.0
    assert "100" in manager.client.get(f"/projects/{project.pk}/arena").content.decode()


def test_win_rates_wait_for_enough_sheets(project, contest, person):
    made = contest(raters=3, enough=7)
    finish(person("evaluator"), made, lambda sheet: range(1, 6))
    assert arena.standing(made).wins == {}


def test_ratings_come_out_as_compare_reads_them(contest, person, tmp_path):
    from coig_writer.evaluate.read_table import MARKS
    from coig_writer.files import dumps

    made = contest(kind="rating", raters=1)
    rater = person("evaluator")
    while (path := open_next(rater, made)).startswith("/sheets/"):
        marks = {f"choice-{name}-{at}": at % 4 for name in MARKS for at in range(5)}
        short = dict(list(marks.items())[:-1])
        assert rater.client.post(path, short).status_code == 400
        assert rater.client.post(path, marks).status_code == 302
    file = tmp_path / "ratings.jsonl"
    file.write_text("".join(f"{dumps(row)}\n" for row in arena.export(made)), encoding="utf-8")
    votes = read_votes([file])
    assert len(votes.ratings) == 30
    compared = compare_by_command(tmp_path, file)
    assert (compared["n"], len(compared["pairs"]), len(compared["agreement"]["human"]["marks"])) == (6, 10, 5)


def test_sheets_of_others_are_out_of_reach(contest, person):
    mine, other, made = person("evaluator"), person("evaluator", "manager"), contest()
    path = open_next(mine, made)
    assert other.client.get(path).status_code == 404
    assert rank(other, path, [1, 2, 3, 4, 5]).status_code == 404
    assert other.client.post(f"{path}choose", {"choice-0": 1}).status_code == 404


@given(st.lists(st.permutations(["a", "b", "c"]), min_size=1, max_size=8))
def test_win_rates_of_two_models_add_up_to_one(rankings):
    wins = Counter()
    for order in rankings:
        wins.update((order[i], order[j]) for i in range(3) for j in range(i + 1, 3))
    found = Standing(len(rankings), len(rankings), ["a", "b", "c"], dict(wins))
    for row in "abc":
        assert found.rate(row, row) is None
        for column in "abc":
            if row != column:
                assert found.rate(row, column) + found.rate(column, row) == pytest.approx(1)
