"""Saves grow out of a version: none is lost, doubled or written over."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from coig_writer.studio.models import Assignment, AuditEntry, Version
from coig_writer.studio.wording import THEIRS, Merged, difference, merge


@pytest.fixture
def held(project, item, person):
    """An item and the author who holds it."""
    one, author = item(), person("annotator")
    author.client.post(f"/projects/{project.pk}/claim/annotator")
    one.refresh_from_db()
    return one, author


def save(user, item, data, json=True):
    return user.client.post(f"/items/{item.pk}/save", data, headers={"Accept": "application/json"} if json else {})


def test_a_save_adds_a_version_and_an_equal_one_does_not(held, form):
    one, author = held
    assert save(author, one, form(prompt="改过的提示")).json()["version"] == 2
    assert save(author, one, form(prompt="改过的提示", base=2)).json()["version"] == 2
    assert [each.prompt[:4] for each in one.versions.order_by("number")] == [form()["prompt"][:4], "改过的提"]


def test_a_save_that_is_sent_twice_is_stored_once(held, form):
    one, author = held
    first = save(author, one, form(prompt="甲", key="k1-" + str(one.pk)))
    again = save(author, one, form(prompt="甲", key="k1-" + str(one.pk)))
    assert first.json()["version"] == again.json()["version"] == 2
    assert one.versions.count() == 2


def test_a_submission_that_is_sent_twice_is_one(held, form):
    one, author = held
    data = form(prompt=form()["prompt"] + "谢谢。", key=f"s-{one.pk}")
    assert author.client.post(f"/items/{one.pk}/submit", data).status_code == 302
    assert author.client.post(f"/items/{one.pk}/submit", data).status_code == 302
    assert AuditEntry.objects.filter(item=one, action="submit").count() == 1


def test_a_stale_save_is_a_conflict_with_both_versions_and_a_merge(held, form):
    one, author = held
    base = form()["reasoning"].split("\n")
    theirs = "\n".join(["对方的新开头。", *base[1:]])
    yours = "\n".join([*base[:-1], "你的新结尾。"])
    assert save(author, one, form(reasoning=theirs)).status_code == 200
    assert save(author, one, form(reasoning=yours)).json() == {"conflict": 2}
    page = save(author, one, form(reasoning=yours), json=False)
    assert page.status_code == 409
    [part] = [part for part in page.context["parts"] if part["part"] == "reasoning"]
    assert part["merged"].conflicts == 0
    assert "对方的新开头。" in part["merged"].text
    assert "你的新结尾。" in part["merged"].text
    assert one.versions.count() == 2
    merged = {**form(reasoning=part["merged"].text, base=2), "merged": "1"}
    assert save(author, one, merged, json=False).status_code == 302
    assert one.versions.get(number=3).origin == "merge"


def test_a_stale_submission_is_a_conflict_too(held, form):
    one, author = held
    save(author, one, form(prompt="别的窗口存的"))
    assert author.client.post(f"/items/{one.pk}/submit", form(prompt="旧窗口交的")).status_code == 409
    one.refresh_from_db()
    assert one.submitted == 0


def test_a_text_with_marks_of_a_merge_is_not_handed_in(held, form):
    one, author = held
    merged = merge("甲", "乙", "丙").text
    answer = author.client.post(f"/items/{one.pk}/submit", form(reasoning=form()["reasoning"] + merged))
    assert answer.status_code == 400
    assert THEIRS in answer.content.decode()
    one.refresh_from_db()
    assert one.submitted == 0


def test_saves_at_the_same_moment_make_one_version_each_or_a_conflict(held, form):
    one, author = held
    answers, start = [], threading.Barrier(8)

    def write(number):
        start.wait()
        answers.append(save(author, one, form(prompt=f"第 {number} 个窗口")).status_code)
        connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [409] * 7
    assert list(one.versions.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_a_lease_that_ran_out_is_taken_up_again_unless_somebody_else_holds_the_item(project, held, form, person):
    one, author = held
    Assignment.objects.filter(item=one).update(lease_until=timezone.now() - timedelta(hours=1))
    assert save(author, one, form(prompt="过期后存的")).status_code == 200
    Assignment.objects.filter(item=one).update(lease_until=timezone.now() - timedelta(hours=1))
    other = person("annotator")
    assert other.client.post(f"/projects/{project.pk}/claim/annotator").url == f"/items/{one.pk}/"
    refused = save(author, one, form(prompt="被接手后存的", base=2))
    assert refused.status_code == 409
    assert "接手" in refused.json()["error"]
    assert one.versions.count() == 2


def test_two_people_never_hold_one_item(project, item, person):
    item()
    people = [person("annotator") for _ in range(6)]
    answers, start = [], threading.Barrier(len(people))

    def claim(user):
        start.wait()
        answers.append(user.client.post(f"/projects/{project.pk}/claim/annotator").status_code)
        connections.close_all()

    threads = [threading.Thread(target=claim, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302] + [409] * 5


@pytest.mark.parametrize("score", ["0", "11", "99", "-1", "7.5", "九", "٣", "true"])
def test_scores_are_whole_numbers_from_one_to_ten(held, form, score):
    one, author = held
    assert save(author, one, form(article_quality=score)).status_code == 400
    assert one.versions.count() == 1


def test_the_database_itself_refuses_to_change_history(held):
    one, _ = held
    for table in (Version, AuditEntry):
        for change in (lambda rows: rows.update(at=timezone.now()), lambda rows: rows.delete()):
            with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
                change(table.objects.filter(item=one))
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone() == ("wal",)


TEXTS = st.lists(st.sampled_from(["甲", "乙", "丙", "丁", ""]), max_size=6).map("\n".join)


@given(TEXTS, TEXTS)
def test_a_merge_with_an_unchanged_side_is_the_other_side(base, edited):
    assert merge(base, edited, base).text == edited
    assert merge(base, base, edited).text == edited
    assert merge(base, edited, edited).text == edited


def test_two_edits_of_one_paragraph_are_put_together_clause_by_clause():
    base = "写一则启事，要有实打实的特征，不许卖惨。"
    yours, theirs = base.replace("不许", "绝不许"), base.replace("启事", "寻物启事")
    assert merge(base, yours, theirs) == Merged("写一则寻物启事，要有实打实的特征，绝不许卖惨。", 0)
    same = merge(base, base.replace("启事", "告示"), theirs)
    assert (same.conflicts, same.text.count(base[-7:])) == (1, 2)


@given(TEXTS, TEXTS, TEXTS)
def test_a_merge_loses_no_line_that_a_side_added(base, yours, theirs):
    merged = merge(base, yours, theirs)
    lines = merged.text.split("\n")
    for side in (yours, theirs):
        assert set(side.split("\n")) - set(base.split("\n")) <= set(lines)
    assert merged.conflicts == lines.count(THEIRS)


@given(st.text("甲乙丙丁。\n", max_size=40), st.text("甲乙丙丁。\n", max_size=40))
def test_a_difference_holds_both_wordings(old, new):
    pieces = difference(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "old") == new
