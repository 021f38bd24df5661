"""Assignment by rule: genre skills, load, a limit for each, and never the author as reviewer."""

import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from coig_writer.studio import assign, sharing
from coig_writer.studio.models import Assignment, AuditEntry, Membership
from coig_writer.studio.workflow import Role, Status

PLACES = [("poetry", "poetry"), ("essay", "essay"), ("", "fiction")]


def skills(user, *slugs):
    Membership.objects.filter(user=user).update(skills=list(slugs))


def holders(item, role):
    return set(Assignment.objects.filter(item=item, role=role, ended=None).values_list("user__username", flat=True))


def given(project, role):
    return {each.role: each for each in sharing.share_out(project)}[role]


def test_an_item_goes_to_who_is_at_home_in_its_genre_and_has_least_in_hand(project, item, person):
    items = [item(number, genre="modern-poetry", category="poetry") for number in range(3)]
    poet, busy, novelist = (person("annotator") for _ in range(3))
    skills(poet, "poetry")
    skills(busy, "modern-poetry")
    skills(novelist, "fiction")
    sharing.give(item(9, category="drama"), busy, Role.ANNOTATOR)
    sharing.give(item(8, category="drama"), busy, Role.ANNOTATOR)
    assert given(project, Role.ANNOTATOR).given == 3
    counts = Counter(name for each in items for name in holders(each, "annotator"))
    assert counts == {poet.username: 3}  # the novelist has nothing in hand, and no skill
    assert all(each.lease_until == each.due for each in Assignment.objects.filter(item__in=items))


def test_loads_are_level_afterwards(project, item, person):
    for number in range(12):
        item(number)
    for _ in range(5):
        person("annotator")
    assert given(project, Role.ANNOTATOR).given == 12
    assert sorted(hand.load for hand in sharing.hands(project, Role.ANNOTATOR)) == [2, 2, 2, 3, 3]


def test_nobody_gets_more_than_the_limit_and_the_rest_is_told(project, item, person):
    project.most_held = 2
    project.save()
    for number in range(5):
        item(number)
    item(7, genre="", category="nobody-knows-this")
    for each in (person("annotator"), person("annotator")):
        skills(each, *{one.category for one in project.items.all()} - {"nobody-knows-this"})
    done = given(project, Role.ANNOTATOR)
    assert (done.given, done.full, done.unskilled) == (4, 1, 1)
    again = given(project, Role.ANNOTATOR)
    assert (again.given, again.full, again.unskilled) == (0, 1, 1)


def test_a_scarce_item_does_not_lose_its_only_reader_to_a_common_one(project, item, person):
    project.most_held = 1
    project.save()
    common, scarce = item(0, category="essay", genre=""), item(1, category="poetry", genre="")
    poet, other = person("annotator"), person("annotator")
    skills(other, "essay")
    assert given(project, Role.ANNOTATOR).given == 2
    assert (holders(scarce, "annotator"), holders(common, "annotator")) == ({poet.username}, {other.username})


def test_reviews_go_to_as_many_others_as_the_item_needs(project, item, person, form):
    ordinary, special = item(0), item(1, specialist=True)
    author = person("annotator", "reviewer")
    reviewers = [person("reviewer") for _ in range(5)]
    for number, one in enumerate((ordinary, special)):
        sharing.give(one, author, Role.ANNOTATOR)
        author.client.post(f"/items/{one.pk}/submit", form(number))
        one.refresh_from_db()
        assert one.status == Status.IN_REVIEW
    assert given(project, Role.REVIEWER).given == 6
    assert (len(holders(ordinary, "reviewer")), len(holders(special, "reviewer"))) == (2, 4)
    assert author.username not in holders(ordinary, "reviewer") | holders(special, "reviewer")
    assert {each.load for each in sharing.hands(project, Role.REVIEWER) if each.member.user in reviewers} <= {1, 2}


def test_who_judged_an_item_never_gets_it_to_write(project, item, person):
    one = item(0, status=Status.SENT_BACK)
    judge = person("annotator", "reviewer")
    one.decisions.create(user=judge, round=1, version=1, verdict="send_back")
    assert given(project, Role.ANNOTATOR).given == 0
    writer = person("annotator")
    assert given(project, Role.ANNOTATOR).given == 1
    assert holders(one, "annotator") == {writer.username}


def test_an_author_who_lost_the_lease_is_asked_first_and_who_gave_it_back_is_not(project, item, person):
    lost, returned = item(0), item(1)
    author, idle = person("annotator"), person("annotator")
    for one in (lost, returned):
        sharing.give(one, author, Role.ANNOTATOR)
    author.client.post(f"/items/{returned.pk}/release")
    Assignment.objects.filter(item=lost).update(lease_until=timezone.now() - timedelta(minutes=1))
    assert given(project, Role.ANNOTATOR).given == 2
    assert holders(lost, "annotator") == {author.username}
    assert holders(returned, "annotator") == {idle.username}


def test_known_items_come_beside_reviews_that_are_shared_out(project, item, person):
    project.gold_every = 1
    project.save()
    known, ordinary = item(0, status=Status.IN_REVIEW, exercise={"verdict": "accept"}), item(1, status=Status.IN_REVIEW)
    reviewers = {person("reviewer").username for _ in range(2)}
    assert given(project, Role.REVIEWER).given == 2  # the known one is in no count
    assert holders(ordinary, "reviewer") == holders(known, "reviewer") == reviewers
    item(2, status=Status.IN_REVIEW)
    assert given(project, Role.REVIEWER).given == 2
    assert known.assignments.count() == 2  # nobody gets it twice


def test_known_items_alone_are_shared_out_to_nobody(project, item, person):
    item(0, status=Status.IN_REVIEW, exercise={"verdict": "accept"})
    person("reviewer")
    assert given(project, Role.REVIEWER).given == 0


def test_who_has_not_passed_the_course_gets_nothing(project, item, person):
    project.course_required = True
    project.save()
    item()
    person("annotator")
    assert given(project, Role.ANNOTATOR).given == 0


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_project_the_rules_hold(project, item, person, form, seed):
    chance = random.Random(seed)
    project.most_held = chance.randint(1, 3)
    project.save()
    people = [person(*chance.sample(["annotator", "reviewer"], chance.randint(1, 2))) for _ in range(4)]
    for each in people:
        skills(each, *chance.sample(["poetry", "essay", "fiction"], chance.randint(0, 2)))
    for number in range(8):
        genre, category = chance.choice(PLACES)
        one = item(number, genre=genre, category=category, specialist=chance.random() < 0.3)
        if chance.random() < 0.5:
            type(one).objects.filter(pk=one.pk).update(status=Status.IN_REVIEW, author=chance.choice(people))
    sharing.share_out(project)
    for each in Assignment.objects.filter(item__project=project).select_related("item__project", "user"):
        member = Membership.objects.get(project=project, user=each.user, role=each.role)
        assert not member.skills or {each.item.genre, each.item.category} & set(member.skills)
        assert each.role == "annotator" or each.item.author_id != each.user_id
    for role in sharing.SHARED:
        assert all(0 <= hand.room <= project.most_held for hand in sharing.hands(project, role))
    for one in project.items.filter(status=Status.IN_REVIEW):
        assert len(holders(one, "reviewer")) <= one.reviewers_needed
    assert [each.given for each in sharing.share_out(project)] == [0, 0]


def test_two_managers_who_press_at_once_give_each_place_once(project, item, person):
    one = item(0, status=Status.IN_REVIEW)
    for _ in range(5):
        person("reviewer")
    start = threading.Barrier(2)

    def press():
        start.wait()
        sharing.share_out(project)
        connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(holders(one, "reviewer")) == 2


RULES = {"reviewers": 3, "specialist_reviewers": 5, "most_held": 2, "due_days": 3, "lease_hours": 4, "gate_sum": 48,
         "gate_each": 7}  # fmt: skip


def test_a_manager_sets_the_rules_and_shares_out_with_a_button(project, item, person):
    one, manager, author = item(), person("manager"), person("annotator")
    path = f"/projects/{project.pk}/assignment"
    for name, odd in (("reviewers", "0"), ("most_held", ""), ("due_days", "x"), ("gate_sum", "61"), ("gate_each", "٣")):
        assert manager.client.post(path, {**RULES, name: odd}).status_code == 400, name
    assert manager.client.post(path, RULES).status_code == 302
    project.refresh_from_db()
    assert {name: getattr(project, name) for name in RULES} == RULES
    assert not project.shares_out
    page = manager.client.post(path, {"what": "share"})
    assert "分出 1 篇" in page.content.decode()
    assert holders(one, "annotator") == {author.username}
    [assignment] = one.assignments.all()
    assert timedelta(days=2.9) < assignment.due - timezone.now() < timedelta(days=3)
    assert one.title in author.client.get(f"/projects/{project.pk}/").content.decode()
    actions = AuditEntry.objects.filter(project=project).values_list("action", flat=True)
    assert {"set rules", "share out"} <= set(actions)
    for other in (author, person("reviewer"), person("inspector")):
        assert other.client.post(path, {"what": "share"}).status_code == 403
        assert other.client.get(path).status_code == 403


def test_where_it_happens_by_itself_nobody_presses_anything(project, item, person, form, verdict):
    author, manager = person("annotator"), person("manager")
    reviewers = [person("reviewer") for _ in range(2)]
    manager.client.post(f"/projects/{project.pk}/assignment", {**RULES, "reviewers": 2, "shares_out": "1"})
    project.refresh_from_db()
    one = item()
    assert holders(one, "annotator") == {author.username}
    author.client.post(f"/items/{one.pk}/submit", form())
    assert holders(one, "reviewer") == {each.username for each in reviewers}
    for each in reviewers:
        assert each.client.post(f"/items/{one.pk}/review", verdict(one)).status_code == 302
    one.refresh_from_db()
    assert one.status == Status.ACCEPTED


def test_a_manager_assigns_by_name_from_those_who_may(project, item, person):
    one = item(0, status=Status.IN_REVIEW)
    author, other, manager = person("annotator", "reviewer"), person("reviewer"), person("manager")
    type(one).objects.filter(pk=one.pk).update(author=author)
    page = manager.client.get(f"/items/{one.pk}/review")
    assert page.context["people"] == [(other.username, 0)]
    sent = manager.client.post(f"/items/{one.pk}/assign", {"name": other.username, "role": "reviewer"})
    assert sent.status_code == 302
    assert holders(one, "reviewer") == {other.username}
    assert manager.client.get(f"/items/{one.pk}/review").context["people"] == []


def test_special_knowledge_is_said_by_hand_too(project, item, person):
    one, manager, other = item(0), person("manager"), person("inspector")
    needed = one.reviewers_needed
    assert other.client.post(f"/items/{one.pk}/specialist").status_code in (403, 404)
    assert manager.client.post(f"/items/{one.pk}/specialist").status_code == 302
    one.refresh_from_db()
    assert {needed, one.reviewers_needed} == {2, 4}
    one.status = Status.APPROVED
    one.save()
    assert manager.client.post(f"/items/{one.pk}/specialist").status_code == 409


def test_a_manager_says_in_which_genres_somebody_is_at_home(project, item, person):
    manager, writer = person("manager"), person("annotator")
    one = item(0)
    item(20)
    member = Membership.objects.get(user=writer)
    path = f"/projects/{project.pk}/people/{member.pk}/skills"
    assert one.genre in manager.client.get(path).content.decode()
    manager.client.post(path, {"skills": [one.genre, "nothing-of-ours"]})
    member.refresh_from_db()
    assert member.skills == [one.genre]
    assert [each.pk for each in assign.to_write(project, writer)] == [one.pk]
    leads = Membership.objects.get(user=manager)
    assert manager.client.get(f"/projects/{project.pk}/people/{leads.pk}/skills").status_code == 404
