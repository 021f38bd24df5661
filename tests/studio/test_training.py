"""The course unlocks work; calibration shows how far people agree; known items show who drifts."""

import random
import re
from datetime import timedelta

import krippendorff
import pytest
from django.utils import timezone

from coig_writer.schema import DIMENSIONS
from coig_writer.studio import export, figures, gold, reviewing, training
from coig_writer.studio.models import Calibration, CalibrationScore, Item
from coig_writer.studio.workflow import Status

MARKS = {"semantic_consistency": 5, "authenticity": 4, "coherence": 5, "diversity": 4}


def right_answers(unit):
    return {f"answer-{at}": each.answer for at, each in enumerate(training.exercises(unit))}


@pytest.mark.parametrize("unit", training.UNITS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_unit_has_a_text_and_exercises(unit, language):
    assert "<h1>" in training.page(unit, language)
    assert "<script" not in training.page(unit, language)
    assert len(training.exercises(unit)) >= 4
    assert all(0 <= each.answer < len(each.options) for each in training.exercises(unit))


@pytest.mark.parametrize("unit", training.UNITS)
def test_the_same_place_every_time_passes_nothing(unit):
    for place in range(3):
        right = training.grade(unit, {f"answer-{at}": str(place) for at in range(len(training.exercises(unit)))})
        assert sum(right) / len(right) <= 0.6


@pytest.mark.parametrize("unit", training.UNITS)
def test_both_languages_have_the_same_sections(unit):
    chinese, english = (training.page(unit, language) for language in ("zh", "en"))
    for tag in ("<h2>", "<table>", "<blockquote>", "<li>"):
        assert chinese.count(tag) == english.count(tag), tag


def test_items_are_given_out_to_who_has_passed(project, item, person):
    item()
    annotator, manager = person("annotator"), person("manager")
    manager.client.post(f"/projects/{project.pk}/course", {"what": "required", "required": "1"})
    claim = f"/projects/{project.pk}/claim/annotator"
    assert annotator.client.post(claim).status_code == 403
    for unit in training.UNITS:
        path = f"/projects/{project.pk}/course/{unit}"
        wrong = {name: answer + 1 for name, answer in right_answers(unit).items()}
        assert not annotator.client.post(path, wrong).context["passed"]
        assert annotator.client.post(path, right_answers(unit)).context["passed"]
    assert annotator.client.post(claim).status_code == 302


def test_only_managers_change_the_course(project, person):
    annotator = person("annotator")
    path = f"/projects/{project.pk}/course"
    assert annotator.client.post(path, {"what": "required", "required": "1"}).status_code == 403
    assert annotator.client.post(path, {"what": "session", "name": "x"}).status_code == 403


def test_the_scores_of_others_show_after_ones_own(project, item, person):
    one = item(submitted=1, head=1)
    session = Calibration.objects.create(project=project, name="第一次")
    session.items.set([one])
    path = f"/projects/{project.pk}/calibrations/{session.pk}"
    high, low = person("reviewer"), person("reviewer")
    for user, score in ((high, 9), (low, 7)):
        assert "α" not in user.client.get(path).content.decode()
        user.client.post(path, {"item": one.pk, **dict.fromkeys(DIMENSIONS, score)})
    for odd in ("", "x", "9" * 30, "²"):
        assert low.client.post(path, {"item": odd, **dict.fromkeys(DIMENSIONS, 5)}).status_code == 400, odd
    page = low.client.get(path)
    assert [(each.user, each.scored, set(each.points.values())) for each in page.context["leans"]] == [(low, 1, {-2.0})]
    assert high.username not in page.content.decode()
    again = low.client.post(path, {"item": one.pk, **dict.fromkeys(DIMENSIONS, 3)})
    assert again.status_code == 409
    assert person("evaluator").client.get(path).status_code == 403


def test_nobody_scores_what_they_wrote(project, item, person):
    author, reader = person("annotator"), person("reviewer")
    own, other = item(0, submitted=1, head=1, author=author), item(1, submitted=1, head=1)
    manager = person("manager")
    course = f"/projects/{project.pk}/course"
    manager.client.post(course, {"what": "session", "name": "两篇", "size": "3"})
    session = project.calibrations.get()
    assert set(session.items.all()) == {own, other}
    path = f"/projects/{project.pk}/calibrations/{session.pk}"
    assert author.client.get(path).context["left"] == 1
    refused = author.client.post(path, {"item": own.pk, **dict.fromkeys(DIMENSIONS, 10)})
    assert refused.status_code == 400
    author.client.post(path, {"item": other.pk, **dict.fromkeys(DIMENSIONS, 8)})
    assert "leans" in author.client.get(path).context
    assert "已打 1 / 1" in author.client.get(course).content.decode()
    assert reader.client.get(path).context["left"] == 2


@pytest.mark.parametrize(("asked", "size"), [("3", 3), ("5", 5), ("4", 5), ("", 5)])
def test_a_session_has_as_many_items_as_were_asked_for(project, item, person, asked, size):
    for number in range(7):
        item(number, submitted=1, head=1)
    person("manager").client.post(f"/projects/{project.pk}/course", {"what": "session", "name": "x", "size": asked})
    assert project.calibrations.get().items.count() == size


def test_a_session_shows_the_ordinal_alpha(project, item, person):
    items = [item(number, submitted=1, head=1) for number in range(4)]
    session = Calibration.objects.create(project=project, name="α")
    session.items.set(items)
    given = [[9, 8, 9, 3], [9, 7, 8, 2], [10, 8, 4, None]]
    users = [person("reviewer") for _ in given]
    for user, row in zip(users, given, strict=True):
        for one, score in zip(items, row, strict=True):
            if score is not None:
                CalibrationScore.objects.create(
                    calibration=session, item=one, user=user, scores=dict.fromkeys(DIMENSIONS, score)
                )
    table = [[score or float("nan") for score in row] for row in given]
    expected = krippendorff.alpha(table, level_of_measurement="ordinal")
    shown = training.session(session)
    assert [each.value for each in shown.agreed] == pytest.approx([expected] * 6)
    leans = {each.user: each for each in shown.leans}
    assert [leans[each].scored for each in users] == [4, 4, 3]
    first = (9 - 9.5 + 8 - 7.5 + 9 - 6 + 3 - 2) / 4
    assert list(leans[users[0]].points.values()) == pytest.approx([first] * 6)


def test_who_leads_sees_how_everybody_scores_and_others_do_not(project, item, person):
    session = Calibration.objects.create(project=project, name="先看")
    session.items.set([item(number, submitted=1, head=1) for number in range(2)])
    raters = [person("reviewer"), person("annotator")]
    for user, score in zip(raters, (9, 7), strict=True):
        for one in session.items.all():
            CalibrationScore.objects.create(
                calibration=session, item=one, user=user, scores=dict.fromkeys(DIMENSIONS, score)
            )
    path = f"/projects/{project.pk}/calibrations/{session.pk}?results=1"
    manager = person("manager")
    page = manager.client.get(path).content.decode()
    assert all(user.username in page for user in raters)
    assert "要至少 3 件有两人以上评过；现有 2 件" in page
    assert (page.count("偏高"), page.count("偏低")) == (6, 6)
    assert path in manager.client.get(f"/projects/{project.pk}/course").content.decode()
    curious = person("reviewer")
    assert "α" not in curious.client.get(path).content.decode()


def known(item, maker, number=0, verdict="accept"):
    """The n-th packaged triplet as an item with a known answer, made by `maker`."""
    one = item(number, draft_json=None)
    answer = reviewing.judgement_from({**MARKS, "verdict": verdict, "comment": "已知"}, with_marks=True)
    return gold.make(one.pk, answer, by=maker)


def submitted(project, item, author, form, *numbers):
    """Ordinary items, written and handed in by `author`."""
    found = [item(number, draft_json=None) for number in numbers]
    for number, one in zip(numbers, found, strict=True):
        author.assignments.create(item=one, role="annotator", lease_until=timezone.now() + timedelta(hours=1))
        assert author.client.post(f"/items/{one.pk}/submit", form(number)).status_code == 302
        one.refresh_from_db()
        assert one.status == Status.IN_REVIEW
    return found


def test_a_known_item_looks_like_any_other_and_stays_for_the_next_reviewer(project, item, person, form, verdict):
    project.gold_every = 1
    project.save()
    manager, author = person("manager"), person("annotator")
    secret = known(item, manager)
    submitted(project, item, author, form, 1, 2)
    mine = f"/projects/{project.pk}/"
    for _ in range(3):  # more than the two that an ordinary item needs
        reviewer = person("reviewer", "inspector")
        before = queue_words(reviewer.client.get(mine))
        path = reviewer.client.post(f"{mine}claim/reviewer").url
        assert path == f"/items/{secret.pk}/review"
        assert queue_words(reviewer.client.get(mine)) == before
        reviewer.client.post(f"/items/{secret.pk}/remarks", {"part": "prompt", "body": "我的批注"})
        pages = [reviewer.client.get(each).content.decode() for each in (path, f"/items/{secret.pk}/versions", mine)]
        for text in pages:
            for tell in ("已知", "考题", "exercise", "gold", manager.username, project.handle(manager.pk)):
                assert tell not in text
        assert "作者的自评" in pages[0]  # as with every submission
        assert project.handle(reviewer.pk) in pages[0]  # the remark is the reviewer's own
        assert project.handle(-secret.pk) in pages[1]
        assert secret.title in reviewer.client.get(f"{mine}items").content.decode()
        assert reviewer.client.post(path, verdict(secret)).url == mine
        secret.refresh_from_db()
        assert secret.status == Status.IN_REVIEW
        assert reviewer.client.post(f"{mine}claim/reviewer").url != path  # nobody gets it twice
        reviewer.assignments.update(ended=timezone.now())
    assert [each.gold for each in gold.standings(project)] == [(1, 1)] * 3


def queue_words(page):
    """What the page says of the reviewers' queue."""
    return re.search("队列里[^<]*审", page.content.decode()).group()


def test_pages_of_known_and_ordinary_items_have_the_same_parts(project, item, person, form):
    manager, author, reviewer = person("manager"), person("annotator"), person("reviewer")
    secret = known(item, manager)
    [ordinary] = submitted(project, item, author, form, 1)
    pages = []
    for one in (secret, ordinary):
        reviewer.assignments.create(item=one, role="reviewer", lease_until=timezone.now() + timedelta(hours=1))
        pages.append(reviewer.client.get(f"/items/{one.pk}/review").content.decode())
    headings = [re.findall(r"<h2>\s*([^<\s]+)", page) for page in pages]
    forms = [re.findall(r'<(?:input|button|textarea)[^>]* name="(\w+)"', page) for page in pages]
    assert headings[0] == headings[1]
    assert forms[0] == forms[1]


def test_known_items_wait_until_two_ordinary_ones_do(project, item, person, form):
    project.gold_every = 1
    project.save()
    known(item, person("manager"))
    reviewer, author = person("reviewer"), person("annotator")
    claim = f"/projects/{project.pk}/claim/reviewer"
    assert reviewer.client.post(claim).status_code == 409
    [ordinary] = submitted(project, item, author, form, 1)
    assert reviewer.client.post(claim).url == f"/items/{ordinary.pk}/review"


def test_a_known_item_is_never_released_listed_or_counted(project, item, person, form, verdict):
    manager, inspector, reviewers = person("manager"), person("inspector"), [person("reviewer"), person("reviewer")]
    one = known(item, manager, verdict="send_back")
    for each in reviewers:
        each.assignments.create(item=one, role="reviewer", lease_until=timezone.now() - timedelta(days=1))
    assert figures.of(project).waiting == {"late": 0, "held": 0, "removed": 0}
    for each in reviewers:
        each.client.post(f"/items/{one.pk}/review", verdict(one))
    assert one.decisions.count() == 2
    assert inspector.client.post(f"/items/{one.pk}/inspect", verdict(one)).status_code == 404
    Item.objects.filter(pk=one.pk).update(status="approved")
    for name, rows in export.EXPORTS.items():
        found = list(rows(project))
        assert found == [] if name != "audit" else one.key not in {each["id"] for each in found}
    found = figures.of(project)
    assert (found.items, found.agreement, found.first_pass) == (0, (0, 0), (0, 0))
    assert [(each.reviews, each.hours) for each in found.people] == [(0, 0)] * 3
    assert one.title not in manager.client.get(f"/projects/{project.pk}/items").content.decode()
    assert manager.client.post(f"/projects/{project.pk}/release").status_code == 409
    session = {"what": "session", "name": "第一次"}
    assert manager.client.post(f"/projects/{project.pk}/course", session).status_code == 409


def test_only_untouched_items_with_a_text_become_known(project, item, person):
    manager, author = person("manager"), person("annotator")
    one = item(draft_json=None)
    author.client.post(f"/projects/{project.pk}/claim/annotator")
    form = {**MARKS, "what": "known", "verdict": "accept"}
    path = f"/projects/{project.pk}/gold"
    assert manager.client.post(path, {**form, "item": one.pk}).status_code == 404
    drafted = item(2, draft_json={"model": "x"})
    assert manager.client.post(path, {**form, "item": drafted.pk}).status_code == 404
    two = item(1, draft_json=None)
    assert manager.client.post(path, {**form, "item": two.pk, "verdict": ""}).status_code == 400
    assert manager.client.post(path, {**form, "item": two.pk}).status_code == 302
    two.refresh_from_db()
    assert two.exercise["verdict"] == "accept"
    for user in (person("reviewer"), person("inspector"), author):
        assert user.client.get(path).status_code == 403
        assert user.client.post(path, {**form, "item": two.pk}).status_code == 403


def test_managers_say_how_often_known_items_come(project, person):
    manager, path = person("manager"), f"/projects/{project.pk}/gold"
    for odd in ("101", "-1", "", "x", "9" * 30):
        assert manager.client.post(path, {"what": "every", "every": odd}).status_code == 400, odd
    assert manager.client.post(path, {"what": "every", "every": "0"}).status_code == 302
    project.refresh_from_db()
    assert not any(gold.is_time(project) for _ in range(50))


def test_marks_that_move_for_more_than_chance_are_drift():
    chance = random.Random(3)
    steady = [chance.choice([3.5, 4.0, 4.5]) for _ in range(60)]
    assert gold.drift(steady[:30]) is None
    assert gold.drift(steady)[2] is False
    assert gold.drift(steady[:40] + [each - 1 for each in steady[40:]])[2] is True
    assert gold.drift(steady[:40] + [each + 0.2 for each in steady[40:]])[2] is False  # too little to matter


def test_a_reviewer_who_is_often_wrong_is_warned_of(project, item, person, verdict):
    manager, careless = person("manager"), person("reviewer")
    for number in range(4):
        one = known(item, manager, number, "send_back")
        careless.assignments.create(item=one, role="reviewer", lease_until=timezone.now() + timedelta(hours=1))
        careless.client.post(f"/items/{one.pk}/review", verdict(one))
    [standing] = gold.standings(project)
    assert (standing.gold, standing.less_accurate) == ((0, 4), True)
    page = manager.client.get(f"/projects/{project.pk}/gold").content.decode()
    assert "考题错得多" in page
    assert careless.username in page
    manager.client.post("/language", {"language": "en", "next": "/"})
    assert "known items often wrong" in manager.client.get(f"/projects/{project.pk}/gold").content.decode()
