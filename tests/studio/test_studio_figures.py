"""What the overview says of a project, number by number."""

import re
from datetime import timedelta

import krippendorff
import pytest
from django.utils import timezone

from coig_writer.studio import agreeing, figures
from coig_writer.studio.models import Decision, Item
from coig_writer.studio.workflow import Status

MARKS = {"semantic_consistency": 5, "authenticity": 4, "coherence": 5, "diversity": 4}


@pytest.fixture
def decide():
    """Stores a review as if it had been given: `decide(item, user, "accept", coherence=3)`."""

    def make(item, user, verdict="accept", *, round=1, **marks):
        given = MARKS | marks
        return Decision.objects.create(item=item, user=user, verdict=verdict, round=round, version=1, **given)

    return make


def overview(project, manager, language="zh-hans"):
    manager.client.post("/language", {"language": language, "next": "/"})
    page = manager.client.get(f"/projects/{project.pk}/overview")
    assert page.status_code == 200
    return page.content.decode()


def cells(page, name):
    """The cells of the row that begins with `name`, without marks and blanks."""
    row = next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f">{name}<" in row)
    return [re.sub(r"<[^>]*>|\s", "", cell) for cell in re.findall(r"<t[dh][^>]*>.*?</t[dh]>", row, re.DOTALL)]


def test_people_are_shown_with_the_known_items_that_they_judged_rightly(project, item, person, decide):
    answer = {"verdict": "send_back", "marks": MARKS, "why": ""}
    known = [item(n, draft_json=None, exercise=answer, status=Status.IN_REVIEW) for n in range(4)]
    careful, careless, manager = person("reviewer"), person("reviewer"), person("manager")
    for number, one in enumerate(known):
        decide(one, careful, "send_back", diversity=5)
        decide(one, careless, "send_back" if number < 2 else "accept", diversity=1 if number == 0 else 4)
    decide(item(5, status=Status.IN_REVIEW), careless)
    found = {each.name: (each.gold, each.reviews) for each in figures.of(project).people}
    assert found == {careful.username: ((4, 4), 0), careless.username: ((1, 4), 1)}
    page = overview(project, manager)
    assert cells(page, careful.username)[5] == "100%4/4"
    assert cells(page, careless.username)[4:6] == ["1", "25%1/4"]


def test_alpha_of_verdicts_and_marks_is_krippendorffs(project, item, person, decide):
    raters = [person("reviewer"), person("reviewer"), person("reviewer")]
    verdicts = [
        "accept",
        "accept",
        "send_back",
        "accept",
        "remove",
        "accept",
        "send_back",
        "accept",
        "accept",
        "accept",
    ]
    other = [
        "accept",
        "accept",
        "send_back",
        "send_back",
        "accept",
        "accept",
        "send_back",
        "accept",
        "accept",
        "accept",
    ]
    marks = [[5, 4, 2, 3, 1, 5, 2, 4, 5, 3], [5, 3, 2, 4, 2, 5, 1, 4, 4, 3]]
    for number, (one, two) in enumerate(zip(verdicts, other, strict=True)):
        judged = item(number, status=Status.IN_REVIEW)
        decide(judged, raters[0], one, coherence=marks[0][number])
        decide(judged, raters[1], two, coherence=marks[1][number])
    decide(item(11, status=Status.IN_REVIEW), raters[2])  # alone: says nothing about agreement
    found = {str(getattr(each.what, "en", each.what)): each for each in figures.of(project).alphas}
    codes = [[["accept", "send_back", "remove"].index(each) for each in row] for row in (verdicts, other)]
    nominal = krippendorff.alpha(codes, level_of_measurement="nominal")
    ordinal = krippendorff.alpha(marks, level_of_measurement="ordinal")
    assert found["Verdict"].value == pytest.approx(nominal)
    assert found["coherence"].value == pytest.approx(ordinal)
    assert [each.judged for each in found.values()] == [10] * 5
    low, middle, high = found["coherence"].drawn
    assert 0 <= low <= middle == round((ordinal + 1) * 120) <= high <= 240
    assert found["diversity"].value is None  # everybody gave 4
    page = overview(project, person("manager"))
    assert cells(page, "结论")[1].startswith(f"{nominal:.2f}")
    assert "大家给的全都一样" in cells(page, "对多样性的贡献")[2]


def test_where_too_few_have_judged_the_page_says_how_many_are_needed(project, item, person, decide):
    for number in range(9):
        one = item(number, status=Status.IN_REVIEW)
        decide(one, person("reviewer"), "accept")
        decide(one, person("reviewer"), "send_back")
    assert [each.value for each in agreeing.reviewers_agree(project)] == [None] * 5
    assert cells(overview(project, person("manager")), "结论")[2] == "要至少10件有两人以上评过；现有9件"
    page = overview(project, person("manager"), "en")
    assert cells(page, "Verdict")[2] == "needsatleast10thattwopeoplehavejudged;thereare9"


def test_the_chart_of_weeks_is_to_scale(project, item, person):
    now = timezone.now()
    for number, (sent, done) in enumerate([(0, 0), (0, None), (0, None), (14, 7), (200, None)]):
        Item.objects.filter(pk=item(number).pk).update(
            first_submitted=now - timedelta(days=sent),
            finished=now - timedelta(days=done) if done is not None else None,
            status=Status.APPROVED if done is not None else Status.IN_REVIEW,
        )
    found = figures.of(project)
    assert [(sent, done) for _, sent, done in found.weeks[-3:]] == [(1, 0), (0, 1), (3, 1)]
    drawn = found.chart
    assert [value for _, value in drawn.lines] == [0, 2, 4]
    assert [y for y, _ in drawn.lines] == [180, 102, 24]
    _, _, sent, done = drawn.weeks[-1]
    assert (sent.value, sent.y, sent.height, done.height) == (3, 63, 117, 39)
    page = overview(project, person("manager"))
    assert page.count('<rect class="one"') == page.count('<rect class="two"') == 12
    assert 'height="117"' in page
    assert f"<td>{found.weeks[-1][0]}</td>" in page


def test_a_project_without_anything_has_an_empty_chart(project, person):
    assert {bar.height for week in figures.of(project).chart.weeks for bar in week[2:]} == {0}
    overview(project, person("manager"))
