"""Blind judging: who sees what, what is stored, what comes out."""

import json
import re
from collections import Counter
from datetime import timedelta
from itertools import permutations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coig_writer.cli import app
from coig_writer.evaluate.read import read_votes
from coig_writer.studio import arena, entries, results
from coig_writer.studio.models import Contest, Sheet
from coig_writer.studio.refusal import Refusal
from coig_writer.studio.results import Standing

TOKEN = re.compile(rb'value="\w{64}"|"X-CSRFToken": "\w{64}"')
COOKIE = re.compile(r"csrftoken=\w+|expires=[^;]+")
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
        return arena.create(project, "盲评", entries.take(responses), **settings)

    return make


def open_next(user, contest):
    answer = user.client.post(f"/arena/{contest.pk}/next")
    assert answer.status_code == 302
    return answer.url


def rank(user, path, order, **more):
    return user.client.post(path, {f"choice-{at}": place for at, place in enumerate(order)} | more)


def finish(user, contest, chooser):
    """Judges all that is left for the user, without pages; `chooser` gives places for a sheet."""
    while sheet := arena.next_sheet(contest, user):
        arena.choose(sheet, {f"choice-{at}": place for at, place in enumerate(chooser(sheet))}, final=True)


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
    found = results.standing(made)
    assert found.rate(MODELS[0], MODELS[4]) == 1.0
    assert "100" in manager.client.get(f"/projects/{project.pk}/arena").content.decode()
    for row in MODELS:
        for column in MODELS:
            assert compared["win_rate"][row][column] == (None if row == column else 100.0 * found.rate(row, column))


def test_win_rates_wait_for_enough_sheets(project, contest, person):
    made = contest(raters=3, enough=7)
    finish(person("evaluator"), made, lambda sheet: range(1, 6))
    assert results.standing(made).wins == {}


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
    file.write_text("".join(f"{dumps(row)}\n" for row in results.export(made)), encoding="utf-8")
    votes = read_votes([file])
    assert (len(votes.ratings), votes.unread) == (30, [])
    row = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    assert (row["depth"], row["seconds"], sorted(row["shown"])) == (0.0, None, MODELS)
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
    found = Standing(len(rankings), len(rankings), 1, ["a", "b", "c"], dict(wins))
    for row in "abc":
        assert found.rate(row, row) is None
        for column in "abc":
            if row != column:
                assert found.rate(row, column) + found.rate(column, row) == pytest.approx(1)


def write_answers(path, model, rows):
    lines = [{"model": model, "response": "一首诗", **row} for row in rows]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return path


def make_by_page(manager, project, files, **fields):
    given = [SimpleUploadedFile(file.name, file.read_bytes()) for file in files]
    data = {"name": "一场", "kind": "ranking", "files": given, **fields}
    return manager.client.post(f"/projects/{project.pk}/arena", data, follow=True)


SIZES = [
    ({"size": "3"}, 3),
    ({"size": "4"}, 4),
    ({"size": "10"}, 5),
    ({}, 5),
    ({"size": "4", "kind": "pair"}, 2),
    ({"size": "3", "kind": "rating"}, 3),
]


@pytest.mark.parametrize(("chosen", "stored"), SIZES)
def test_a_sheet_has_as_many_answers_as_the_manager_says(project, person, responses, chosen, stored):
    answer = make_by_page(person("manager"), project, responses, **chosen)
    assert answer.status_code == 200
    made = project.contests.get()
    assert made.size == stored
    page = answer.content.decode()
    assert "5 个模型，6 道题，30 个答案" in page
    evaluator = person("evaluator")
    sheet = evaluator.client.get(open_next(evaluator, made)).content.decode()
    assert sheet.count('<section class="answer"') == stored


@pytest.mark.parametrize(
    "wrong", [{"size": "1"}, {"size": "11"}, {"size": "x"}, {"raters": "0"}, {"raters": "51"}, {"raters": "²"}]
)
def test_an_impossible_size_is_refused(project, person, responses, wrong):
    assert make_by_page(person("manager"), project, responses, **wrong).status_code == 400
    assert not project.contests.exists()
    with pytest.raises(Refusal):
        arena.create(project, "盲评", entries.take(responses), size=11)


def test_the_name_of_a_contest_does_not_tell_a_model(project, person, responses):
    answer = make_by_page(person("manager"), project, responses, name="SECRET-MODEL-V 与旧版")
    assert answer.status_code == 400
    assert not project.contests.exists()


def test_what_cannot_be_judged_is_told_with_its_reason(project, person, tmp_path):
    asked = {"query": "写桥"}
    files = [
        write_answers(tmp_path / "one.jsonl", "maker/Qwen-one", [
            {"id": "a", **asked, "response": "我是 qwen-ONE，写一座桥"}, {"id": "a", **asked, "sample": 1},
            {"id": "b", **asked, "response": None}, {"id": "c", "query": "写河"}, {"id": "d" * 201, **asked},
            {"id": "e", **asked}, {"id": "f", **asked, "response": "空\0字符"}]),
        write_answers(tmp_path / "two.jsonl", "two", [
            {"id": "a", "query": ""}, {"id": "b", **asked}, {"id": "c", "query": "写山"},
            {"id": "e", "query": "写桥 "}]),
    ]  # fmt: skip
    with files[0].open("a", encoding="utf-8") as file:
        file.write("不是 JSON\n")
    taken = entries.take(files)
    assert [(each.query, each.prompt, each.model) for each in taken.entries] == [
        ("a", "写桥", "maker/Qwen-one"), ("a", "写桥", "two"), ("e", "写桥", "maker/Qwen-one"), ("e", "写桥", "two"),
    ]  # fmt: skip
    assert taken.left_out == {
        entries.EMPTY: 1, entries.UNREADABLE: 1, entries.FURTHER: 1, entries.UNFIT: 2, entries.ALONE: 1,
        entries.DIFFERENT: 2,
    }  # fmt: skip
    page = make_by_page(person("manager"), project, files).content.decode()
    for label in taken.left_out:
        assert label.zh in page
    assert "1 个答案写出了自己的模型名" in page
    assert "a / maker/Qwen-one" in page


def test_a_file_that_cannot_be_read_is_named_as_it_was_chosen(project, person, tmp_path):
    wrong = tmp_path / "latin.jsonl"
    wrong.write_bytes(b"\xe9\xff")
    answer = make_by_page(person("manager"), project, [wrong])
    assert answer.status_code == 400
    assert "latin.jsonl：不是 UTF-8。请另存为 UTF-8。" in answer.content.decode()
    assert "/tmp" not in answer.content.decode()


def test_a_sheet_that_was_left_keeps_nobody_else_from_its_query(contest, person):
    made = contest(raters=1)
    gone, other = person("evaluator"), person("evaluator")
    path = open_next(gone, made)
    gone.client.post(f"{path}choose", {"choice-0": 1})
    left = Sheet.objects.get(user=gone)
    finish(other, made, lambda sheet: range(1, 6))
    assert left.query not in Sheet.objects.filter(user=other).values_list("query", flat=True)
    Sheet.objects.filter(pk=left.pk).update(opened=left.opened - timedelta(hours=made.project.lease_hours, minutes=1))
    finish(other, made, lambda sheet: range(1, 6))
    assert Sheet.objects.filter(user=other, query=left.query).exists()
    assert open_next(gone, made) == path  # what was begun is not lost
    assert rank(gone, path, [1, 2, 3, 4, 5]).status_code == 302


def test_time_and_depth_of_reading_come_out(contest, person, tmp_path):
    from coig_writer.files import dumps

    made, evaluator = contest(raters=1), person("evaluator")
    path = open_next(evaluator, made)
    depths = {f"depth-{at}": f"0.{at + 1}25" for at in range(5)}
    assert rank(evaluator, path, [3, 1, 2, 5, 4], seconds="61.26", **depths).status_code == 302
    [row] = results.export(made)
    assert row["seconds"] == 61.3
    assert [row["depth"][model] for model in row["shown"]] == [0.125, 0.225, 0.325, 0.425, 0.525]
    assert [row["places"][model] for model in row["shown"]] == [3, 1, 2, 5, 4]
    assert row["opened"] < row["submitted"]
    file = tmp_path / "rankings.jsonl"
    file.write_text(f"{dumps(row)}\n", encoding="utf-8")
    votes = read_votes([file])
    assert (len(votes.rankings), votes.rankings[0].seconds, votes.unread) == (1, 61.3, [])


def test_nothing_but_the_texts_differs_when_the_models_change_places(project, person, tmp_path):
    """What an evaluator gets, and what the server does for it, is the same whichever model wrote which text."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    texts = ["短", "长" * 3000, "<b>x</b>\n\n"]
    evaluator, seen = person("evaluator"), set()
    for number, models in enumerate(permutations(["x", "a-model-with-a-long-name", "张三/模型"])):
        files = [
            write_answers(tmp_path / f"{number}-{at}.jsonl", model, [{"id": "q", "query": "写", "response": texts[at]}])
            for at, model in enumerate(models)
        ]
        made = arena.create(project, "盲评", entries.take(files))
        path = open_next(evaluator, made)
        sheet = Sheet.objects.get(contest=made)
        order = sorted(sheet.shown, key=lambda key: texts.index(made.answers.get(pk=key).text))
        Sheet.objects.filter(pk=sheet.pk).update(shown=order)  # chance aside
        with CaptureQueriesContext(connection) as queries:
            page = evaluator.client.get(path)
        judged = evaluator.client.post(f"{path}choose", {"choice-0": 1})
        body = TOKEN.sub(b"", page.content).replace(path.encode(), b"/sheets/0/")
        cookies = COOKIE.sub("", str(page.cookies))
        headers = [{**answer.headers, "Content-Length": None} for answer in (page, judged)]  # the bodies are compared
        seen.add((body, str(headers), cookies, len(queries), judged.content))
        Contest.objects.filter(pk=made.pk).delete()
    assert len(seen) == 1


def test_a_small_contest_shows_win_rates_when_all_is_in(project, contest, person):
    made, manager = contest(raters=2), person("manager")
    models = dict(made.answers.values_list("pk", "model"))
    finish(person("evaluator"), made, lambda sheet: [MODELS.index(models[key]) + 1 for key in sheet.shown])
    assert (results.standing(made).enough, results.standing(made).wins) == (12, {})
    finish(person("evaluator"), made, lambda sheet: [MODELS.index(models[key]) + 1 for key in sheet.shown])
    found = results.standing(made)
    assert found.rate(MODELS[0], MODELS[4]) == 1.0
    assert (found.agreed.judged, found.agreed.value) == (6, None)
    assert (
        "要至少 10 件有两人以上评过；现有 6 件" in manager.client.get(f"/projects/{project.pk}/arena").content.decode()
    )


def test_my_work_shows_an_evaluator_what_there_is_to_judge(project, contest, person):
    evaluator, annotator = person("evaluator"), person("annotator")
    made = contest(raters=1)
    path = f"/projects/{project.pk}/"
    assert "还有 6 份可评" in evaluator.client.get(path).content.decode()
    sheet = open_next(evaluator, made)
    rank(evaluator, sheet, [1, 2, 3, 4, 5])
    page = evaluator.client.get(path).content.decode()
    assert "接着评" in page
    assert "你已交 1 份，还有 5 份可评" in page
    assert not any(model in page for model in MODELS)
    assert "待我评测" not in annotator.client.get(path).content.decode()
    made.open = False
    made.save()
    assert "眼下没有要评的" in evaluator.client.get(path).content.decode()
