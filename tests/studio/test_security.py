"""Each promise of safety, attacked."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from coig_writer.studio import people
from coig_writer.studio.models import AuditEntry, Invitation, Membership, Project
from coig_writer.studio.workflow import Role

NASTY = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>{{7*7}}{% now "Y" %}'


def paths(project, item):
    """(path, method) of everything that belongs to a project or an item."""
    p, i = f"/projects/{project.pk}", f"/items/{item.pk}"
    return [
        *[
            (f"{p}/{name}", "get")
            for name in ("", "items", "import", "propose", "people", "overview", "release", "arena", "programs")
        ],
        *[(f"{p}/export/{name}", "get") for name in ("triplets", "decisions", "history", "audit")],
        *[(f"{p}/{name}", "post") for name in ("claim/annotator", "claim/reviewer", "people/invite", "people/1")],
        *[(f"{p}/people/{name}", "post") for name in ("1/password", "invitations/1")],
        (f"{p}/people/1/skills", "get"),
        *[(f"{i}/{name}", "get") for name in ("", "versions", "review")],
        *[(f"{i}/{name}", "post") for name in ("save", "check", "submit", "release", "assign", "review", "inspect")],
        *[(f"{i}/{name}", "post") for name in ("set-aside", "specialist")],
        *[(f"{i}/{name}", "post") for name in ("remarks", "remarks/1/settle")],
    ]


OPEN = {"sign-in", "sign-out", "language", "invitation", "health", "metrics"}
"""Pages for who is not signed in; `metrics` asks where the request comes from."""
OWN = {"home", "account", "new-project"}
"""Pages that belong to no project."""


def _invited(project, manager):
    people.invite(project, Role.ANNOTATOR, by=manager)
    return Invitation.objects.get(project=project)


@pytest.fixture
def every_path(project, item, person):
    """Name → path of every page there is, about things of the project; a page that is added is here by itself."""
    from coig_writer.studio import arena
    from coig_writer.studio.entries import Entries, Entry
    from coig_writer.studio.models import Calibration
    from coig_writer.studio.urls import urlpatterns

    contest = arena.create(project, "盲评", Entries([Entry("q", "写", name, "文") for name in ("one", "two")]))
    known = {
        "project_id": project.pk,
        "item_id": item().pk,
        "contest_id": contest.pk,
        "sheet_id": arena.next_sheet(contest, person("evaluator")).pk,
        "calibration_id": Calibration.objects.create(project=project, name="校准").pk,
        "membership_id": Membership.objects.filter(project=project).first().pk,
        "comment_id": 1,
        "invitation_id": _invited(project, person("manager")).pk,
        "token": "x" * 43,
    }
    words = {
        "claim": {"role": "reviewer"},
        "export": {"name": "triplets"},
        "unit": {"name": "criteria"},
        "draft": {"step": "prompt"},
    }
    found = {}
    for pattern in urlpatterns:
        if isinstance(pattern, URLPattern):  # the interface for programs has tests of its own
            given = known | words.get(pattern.name, {})
            wanted = pattern.pattern.converters
            found[pattern.name] = reverse(pattern.name, kwargs={key: given[key] for key in wanted})
    assert len(found) > 40
    return found


def test_no_page_is_open_to_strangers_or_to_people_of_other_projects(every_path, person):
    outsider = person()
    for name, path in every_path.items():
        if name in OPEN:
            continue
        for method in ("get", "post"):
            stranger = getattr(Client(), method)(path)
            told = (stranger.status_code, stranger.headers.get("Location"))
            if name == "draft":  # asked for by a script, which a page to sign in on would not help
                assert told == (405 if method == "get" else 404, None)
            else:
                assert told == (302, f"/sign-in?next={path}"), name
        if name not in OWN:
            codes = {getattr(outsider.client, method)(path).status_code for method in ("get", "post")}
            assert codes in ({404}, {404, 405}), name
    assert outsider.client.get(every_path["new-project"]).status_code == 404


def test_no_page_takes_a_change_without_the_token_of_a_page(project, every_path, person):
    boss = person("admin", "annotator", "reviewer", "inspector", "evaluator")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(boss)
    for name, path in every_path.items():
        assert strict.post(path, {"what": "token", "name": "x"}).status_code == 403, name
    assert not project.tokens.exists()


def test_a_role_opens_its_own_pages_and_no_others(every_path, person):
    """What each role may at least look at; all that stands in no set is for managers."""
    everybody = {"mine", "course", "unit"}
    may = {
        "annotator": {"propose", "calibrate", "claim"},
        "reviewer": {"calibrate", "claim"},
        "inspector": {"items", "calibrate"},
        "evaluator": {"arena", "next-sheet"},
    }
    for role, theirs in may.items():
        user = person(role)
        for name, path in every_path.items():
            if name in OPEN | OWN or name in everybody | theirs:
                continue
            codes = {getattr(user.client, method)(path).status_code for method in ("get", "post")}
            assert codes <= {403, 404, 405}, (role, name, codes)


def test_strangers_are_asked_to_sign_in_and_others_find_nothing(project, item, person):
    one = item()
    outsider = person()
    for path, method in paths(project, one):
        stranger = getattr(Client(), method)(path)
        assert stranger.status_code == 302, path
        assert stranger.url.startswith("/sign-in?next="), path
        assert getattr(outsider.client, method)(path).status_code == 404, path


def test_an_annotator_cannot_open_anothers_item_by_changing_the_number(project, item, person, form):
    one = item()
    author, curious = person("annotator"), person("annotator", "reviewer")
    author.client.post(f"/projects/{project.pk}/claim/annotator")
    for path, method in paths(project, one):
        if path.startswith("/items/"):
            data = form() if method == "post" else {}
            assert getattr(curious.client, method)(path, data).status_code == 404, path
    one.refresh_from_db()
    assert one.head == 1


MANAGERS = (
    "programs",
    "import",
    "people",
    "assignment",
    "gold",
    "overview",
    "release",
    "release.zip",
    "export/triplets",
    "export/decisions",
    "export/history",
    "export/audit",
)


@pytest.mark.parametrize("role", ["annotator", "reviewer", "inspector", "evaluator"])
def test_pages_of_managers_are_closed_to_other_roles(project, person, role):
    user = person(role)
    for name in MANAGERS:
        assert user.client.get(f"/projects/{project.pk}/{name}").status_code == 403, name
    answer = user.client.post(f"/projects/{project.pk}/people/invite", {"role": "admin"})
    assert answer.status_code == 403
    assert not Invitation.objects.filter(project=project).exists()


def test_a_manager_cannot_make_administrators(project, person):
    manager = person("manager")
    boss = person("admin")
    assert manager.client.post(f"/projects/{project.pk}/people/invite", {"role": "admin"}).status_code == 403
    theirs = Membership.objects.get(project=project, user=boss)
    assert manager.client.post(f"/projects/{project.pk}/people/{theirs.pk}", {"remove": "1"}).status_code == 403
    assert Membership.objects.filter(pk=theirs.pk).exists()


def test_a_member_of_another_project_is_out_of_reach(project, person):
    other = Project.objects.create(name="elsewhere")
    boss = person("admin")
    people.add_role(other, boss, Role.ANNOTATOR)
    theirs = Membership.objects.get(project=other)
    assert boss.client.post(f"/projects/{project.pk}/people/{theirs.pk}", {"remove": "1"}).status_code == 404
    assert boss.client.post(f"/projects/{other.pk}/people/{theirs.pk}", {"remove": "1"}).status_code == 403


def test_numbers_that_no_row_can_have_are_not_found(project, person):
    operator = person()
    operator.is_superuser = True
    operator.save()
    for user in (person("manager", "reviewer"), operator):
        for number in (2**63 - 1, 2**63, 10**30):
            for path in (f"/projects/{number}/", f"/projects/{number}/gold", f"/items/{number}/review"):
                assert user.client.get(path).status_code == 404, path
            assert user.client.post(f"/projects/{number}/claim/reviewer").status_code == 404


def test_files_of_the_studio_are_open_to_its_owner_alone(studio):
    from django.db import connection

    names = ["secret.key"]
    if connection.vendor == "sqlite":
        names += [path.name for path in studio.glob("studio.sqlite3*")]
        assert "studio.sqlite3" in names
    for name in names:
        assert (studio / name).stat().st_mode & 0o077 == 0, name


def test_every_change_needs_the_token_of_a_page(project, item, person, form):
    one = item()
    author = person("annotator", "manager")
    author.client.post(f"/projects/{project.pk}/claim/annotator")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)
    for path, method in [*paths(project, one), ("/sign-in", "post"), ("/sign-out", "post"), ("/language", "post")]:
        if method == "post":
            assert strict.post(path, form()).status_code == 403, path
    one.refresh_from_db()
    assert one.head == 1


def test_changes_are_not_made_by_following_a_link(project, item, person):
    one = item()
    author = person("annotator", "manager")
    author.client.post(f"/projects/{project.pk}/claim/annotator")
    for path, method in paths(project, one):
        if method == "post" and not path.endswith("/review"):
            assert author.client.get(path).status_code == 405, path


def test_what_people_and_models_write_is_never_markup(project, person, starter, form, verdict):
    from coig_writer.schema import Analysis, Article, Draft
    from coig_writer.studio import intake

    reading = dict.fromkeys(("structure", "style", "rhetoric", "effectiveness", "insight"), NASTY)
    article = Article.from_text(f"正文 {NASTY}。" * 20, title=NASTY, author=NASTY, platform=NASTY, genre="essay")
    draft = Draft(id=article.id, article=article, prompt=NASTY, reasoning=NASTY, model="m",
                  analysis=Analysis(**reading, by="llm:m@00000000"))  # fmt: skip
    intake.add(project, [intake.Incoming(article, NASTY, NASTY, draft)])
    one = project.items.get()
    author, reviewer, manager = person("annotator"), person("reviewer"), person("manager")
    project.name = NASTY
    project.save()
    author.client.post(f"/projects/{project.pk}/claim/annotator")
    pages = [author.client.get(f"/items/{one.pk}/"), author.client.get(f"/items/{one.pk}/versions")]
    pages.append(author.client.post(f"/items/{one.pk}/save", form(prompt=NASTY * 2, base=0)))
    one.refresh_from_db()
    type(one).objects.filter(pk=one.pk).update(status="in_review", submitted=1)
    author.assignments.update(ended=timezone.now())
    reviewer.client.post(f"/projects/{project.pk}/claim/reviewer")
    remark = {"part": "prompt", "body": NASTY, "quote": NASTY, "start": 0, "end": 5}
    pages.append(reviewer.client.post(f"/items/{one.pk}/remarks", remark))
    reviewer.client.post(f"/items/{one.pk}/review", verdict(one, "send_back", comment=NASTY))
    pages += [manager.client.get(f"/items/{one.pk}/review")]
    pages += [manager.client.get(f"/projects/{project.pk}/{name}") for name in ("", "items", "overview", "people")]
    pages.append(manager.client.get(f"/projects/{project.pk}/items", {"words": NASTY}))
    pages.append(
        manager.client.post(f"/projects/{project.pk}/propose", {"text": NASTY * 9, "title": NASTY, "url": NASTY})
    )
    for page in pages:
        text = page.content.decode()
        assert "<script>alert" not in text, page.request["PATH_INFO"]
        assert "<img src=x" not in text, page.request["PATH_INFO"]
        assert page.status_code in (200, 409), page.request["PATH_INFO"]
    checked = author.client.post(f"/items/{one.pk}/check", form(prompt=NASTY, base=0))
    assert "<script>alert" not in checked.json()["html"]


def test_what_models_answer_and_managers_name_is_never_markup(project, item, person):
    from coig_writer.studio import arena, gold, reviewing
    from coig_writer.studio.entries import Entries, Entry
    from coig_writer.studio.models import Calibration, Delivery, Token, Webhook

    manager, evaluator, reviewer = person("manager"), person("evaluator"), person("reviewer")
    answers = [Entry(NASTY, NASTY, name, NASTY) for name in (f"甲{NASTY}甲", f"乙{NASTY}乙")]
    contest = arena.create(project, NASTY[:120], Entries(answers), kind="rating", enough=0)
    sheet = evaluator.client.post(f"/arena/{contest.pk}/next").url
    one = item(draft_json=None)
    answer = {"semantic_consistency": 4, "authenticity": 4, "coherence": 4, "diversity": 4}
    words = {**answer, "verdict": "remove", "comment": NASTY}
    gold.make(one.pk, reviewing.judgement_from(words, with_marks=True), by=manager)
    session = Calibration.objects.create(project=project, name=NASTY)
    Token.objects.create(project=project, user=manager, name=NASTY[:60], token_hash="x" * 64)
    hook = Webhook.objects.create(project=project, url=f"http://a.example/{NASTY}")
    Delivery.objects.create(webhook=hook, body={}, answer=NASTY[:120])
    people.invite(project, Role.ANNOTATOR, by=manager, note=NASTY)
    type(one).objects.filter(pk=one.pk).update(platform=NASTY, title=NASTY)
    p = f"/projects/{project.pk}"
    paths = [f"{p}/{name}" for name in ("arena", "gold", "course", "programs", "people", "overview", "release")]
    paths.append(f"{p}/calibrations/{session.pk}?results=1")
    pages = [manager.client.get(path) for path in paths]
    pages += [evaluator.client.get(sheet), evaluator.client.get(f"{p}/arena"), reviewer.client.get(f"{p}/course")]
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200, page.request["PATH_INFO"]
        assert "<script>alert" not in text, page.request["PATH_INFO"]
        assert "<img src=x" not in text, page.request["PATH_INFO"]
    assert pages[-3].content.decode().count("&lt;script&gt;alert(1)") >= 4  # name, query, two answers


def test_answers_for_the_arena_have_a_limit_too(project, person, monkeypatch):
    from coig_writer.studio.views import arena

    manager = person("manager")
    monkeypatch.setattr(arena, "MOST_BYTES", 100)
    for count, size in ((1, 101), (13, 1), (0, 0)):
        files = [SimpleUploadedFile(f"{n}.jsonl", b"x" * size) for n in range(count)]
        answer = manager.client.post(f"/projects/{project.pk}/arena", {"name": "x", "files": files})
        assert answer.status_code == 400
    assert not project.contests.exists()


def test_the_audit_log_is_only_ever_added_to(project, person):
    """Neither through the model nor past it."""
    from django.db import DatabaseError, connection, transaction

    from coig_writer.studio.models import AuditEntry
    from coig_writer.studio.models.audit import record

    record("something", actor=person("manager"), project=project)
    entry = AuditEntry.objects.get(project=project, action="something")
    entry.action = "nothing"
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()
    attacks = [
        lambda: AuditEntry.objects.filter(pk=entry.pk).update(action="nothing"),
        lambda: AuditEntry.objects.filter(pk=entry.pk).delete(),
        lambda: connection.cursor().execute("UPDATE studio_auditentry SET action = 'x' WHERE id = %s", [entry.pk]),
        lambda: connection.cursor().execute("DELETE FROM studio_auditentry WHERE id = %s", [entry.pk]),
    ]
    for attack in attacks:
        with pytest.raises(DatabaseError), transaction.atomic():
            attack()
    assert AuditEntry.objects.get(pk=entry.pk).action == "something"


def test_a_stale_save_changes_nothing(project, item, person, form):
    one, author = item(), person("annotator")
    url = author.client.post(f"/projects/{project.pk}/claim/annotator").url
    assert author.client.post(f"{url}save", form(prompt="新的")).status_code == 302
    for base in (0, 1):
        assert author.client.post(f"{url}save", form(prompt="旧窗口", base=base)).status_code == 409
    one.refresh_from_db()
    assert (one.head, one.versions.get(number=one.head).prompt) == (2, "新的")


def test_every_answer_carries_the_policy(project, person):
    user = person("annotator")
    for answer in (user.client.get(f"/projects/{project.pk}/"), Client().get("/sign-in"), user.client.get("/nothing")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"


def test_templates_hold_no_inline_script_or_style():
    from pathlib import Path

    import coig_writer.studio as package

    for path in Path(package.__file__).parent.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=|javascript:|\|safe|autoescape", text), (
            path
        )


def test_expired_used_and_invented_invitations_let_nobody_in(project, person):
    manager = person("manager")
    token = people.invite(project, Role.ANNOTATOR, by=manager)
    assert Client().get("/invitation/" + "x" * 43).status_code == 410
    Invitation.objects.filter(project=project).update(expires=timezone.now() - timedelta(seconds=1))
    late = {"name": "too-late", "password": "long-enough-9731"}
    assert Client().post(f"/invitation/{token}", late).status_code == 410
    Invitation.objects.filter(project=project).update(expires=timezone.now() + timedelta(days=1))
    client = Client()
    weak = client.post(f"/invitation/{token}", {"name": f"new-{project.pk}", "password": "12345"})
    assert weak.status_code == 400
    good = {"name": f"new-{project.pk}", "password": "correct-horse-7788"}
    assert client.post(f"/invitation/{token}", good).status_code == 302
    again = {"name": f"newer-{project.pk}", "password": "correct-horse-7788"}
    assert Client().post(f"/invitation/{token}", again).status_code == 410
    assert not Invitation.objects.filter(token_hash=token).exists()  # the link itself is not stored
    assert [each.role for each in Membership.objects.filter(user__username=good["name"])] == ["annotator"]


def test_a_withdrawn_invitation_lets_nobody_in(project, person):
    manager = person("manager")
    token = people.invite(project, Role.ANNOTATOR, by=manager)
    made = Invitation.objects.get(project=project)
    assert "收回" in manager.client.get(f"/projects/{project.pk}/people").content.decode()
    manager.client.post(f"/projects/{project.pk}/people/invitations/{made.pk}")
    assert Client().get(f"/invitation/{token}").status_code == 410
    assert AuditEntry.objects.filter(project=project, action="withdraw invitation", actor=manager).count() == 1


def test_who_forgot_a_password_gets_a_new_one_from_a_manager(project, person):
    manager, forgetful = person("manager"), person("annotator", "reviewer")
    role = Membership.objects.filter(project=project, user=forgetful).first()
    for _ in range(people.MOST_OF_NAME):
        people.note_failure(forgetful.username, "203.0.113.7")
    page = manager.client.post(f"/projects/{project.pk}/people/{role.pk}/password").content.decode()
    password = re.search(r'readonly value="([0-9a-f-]{27})"', page)[1]
    assert forgetful.client.get(f"/projects/{project.pk}/").status_code == 302  # signed out
    assert Client().post("/sign-in", {"name": forgetful.username, "password": password}).status_code == 302
    assert password not in str(AuditEntry.objects.filter(action="new password", actor=manager).values())


def test_a_new_password_opens_no_other_project_and_no_higher_role(project, person):
    manager, boss, elsewhere = person("manager"), person("admin"), person("annotator")
    operator = person("annotator")
    operator.is_superuser = True
    operator.save()
    people.add_role(Project.objects.create(name="not led"), elsewhere, Role.ANNOTATOR)
    for user in (boss, elsewhere, operator, manager):
        role = Membership.objects.get(project=project, user=user)
        assert manager.client.post(f"/projects/{project.pk}/people/{role.pk}/password").status_code == 403
        assert user.client.get(f"/projects/{project.pk}/").status_code == 200


def test_guessing_passwords_is_slowed_down_and_the_right_one_waits_too(person):
    user = person("annotator")
    password = people.generated_password()
    user.set_password(password)
    user.save()
    for _ in range(people.MOST_OF_NAME):
        assert Client().post("/sign-in", {"name": user.username, "password": "wrong"}).status_code == 403
    assert Client().post("/sign-in", {"name": user.username, "password": password}).status_code == 403
    people.forget_failures(user.username)
    assert Client().post("/sign-in", {"name": user.username, "password": password}).status_code == 302


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"]
)
def test_signing_in_never_leads_elsewhere(person, target):
    user = person("annotator")
    password = people.generated_password()
    user.set_password(password)
    user.save()
    answer = Client().post("/sign-in", {"name": user.username, "password": password, "next": target})
    assert (answer.status_code, answer.url) == (302, "/")
    answer = user.client.post("/language", {"language": "en", "next": target})
    assert answer.url == "/"


@pytest.mark.parametrize(
    ("wanted", "page"),
    [
        ("/projects/7/claim/annotator", "/projects/7/"),
        ("/projects/7/people/3/password", "/projects/7/people"),
        ("/projects/7/people/invite", "/projects/7/people"),
        ("/items/7/save", "/items/7/"),
        ("/items/7/remarks/3/settle", "/items/7/"),
        ("/projects/7/items?page=2&words=a", "/projects/7/items?page=2&words=a"),
        ("/nothing/at/all", "/nothing/at/all"),
        ("/sign-out", "/"),
    ],
)
def test_after_signing_in_or_a_change_of_language_one_is_on_a_page(wanted, page):
    """Addresses that only take forms would answer with nothing."""
    assert Client().post("/language", {"language": "en", "next": wanted}).url == page


def test_addresses_that_only_take_forms_are_known(project, person):
    from coig_writer.studio import urls
    from coig_writer.studio.views.entrance import POSTED

    user = person("manager", "annotator", "reviewer", "evaluator")
    for each in urls.urlpatterns:
        name = getattr(each, "name", None)
        if name and not str(each.pattern).startswith(("sign-out", "metrics")):
            path = re.sub(r"<int:project_id>", str(project.pk), f"/{each.pattern}")
            path = re.sub(r"<str:role>", "annotator", re.sub(r"<(int|str):\w+>", "1", path))
            only_posts = user.client.get(path).status_code == 405
            assert only_posts == (name in POSTED), name


def test_uploads_have_a_limit_and_a_kind(project, person, settings_changed):
    manager = person("manager")
    big = io.BytesIO(b"x" * 2000)
    big.name = "big.jsonl"
    with settings_changed(UPLOAD_BYTES=1000):
        assert manager.client.post(f"/projects/{project.pk}/import", {"file": big}).status_code == 413
    for name, data in {
        "../../etc/passwd": b"root:x:0:0",
        "a.parquet": b"PAR1 not really",
        "b.jsonl": b"\xff\xfe\x00garbage",
        "empty.jsonl": b"",
        "deep.json": b"[" * 100_000,
    }.items():
        file = io.BytesIO(data)
        file.name = name
        answer = manager.client.post(f"/projects/{project.pk}/import", {"file": file})
        assert answer.status_code in (200, 400), name
        assert "/tmp" not in answer.content.decode(), name
    assert project.items.count() == 0


def test_texts_that_are_too_long_are_refused(project, item, person, form):
    item()
    author = person("annotator")
    url = author.client.post(f"/projects/{project.pk}/claim/annotator").url
    assert author.client.post(f"{url}save", form(prompt="长" * 20_001)).status_code == 400
    huge = author.client.post(f"{url}save", form(prompt="长" * 2_000_000))
    assert huge.status_code in (400, 413)


def test_other_host_names_are_refused():
    answer = Client().get("/sign-in", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "--name" in answer.content.decode()
    assert "evil.example" not in answer.content.decode()


def test_cookies_are_kept_from_scripts(person):
    user = person("annotator")
    password = people.generated_password()
    user.set_password(password)
    user.save()
    answer = Client().post("/sign-in", {"name": user.username, "password": password})
    for name in ("studio-session", "csrftoken"):
        assert answer.cookies[name]["httponly"], name
        assert answer.cookies[name]["samesite"] == "Lax", name


def test_with_https_cookies_go_over_nothing_else(studio):
    """Settings are read once in a process, so that one with `--https` is another process."""
    import json
    import os
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", WITH_HTTPS], capture_output=True, text=True, check=True,
                          env=os.environ | {"COIG_STUDIO_HTTPS": "1", "COIG_STUDIO_HOSTS": "s.example"})  # fmt: skip
    seen = json.loads(done.stdout)
    assert seen["plain"] == [301, "https://s.example/sign-in"]
    assert all(each["secure"] and each["httponly"] for each in seen["cookies"].values()), seen
    assert set(seen["cookies"]) == {"csrftoken", "studio-session", "django_language"}
    assert seen["hsts"].startswith("max-age=31536000")
    assert seen["watched"] == [200, 200]  # asked for on the machine itself, past the proxy


WITH_HTTPS = """
import json
from django.test import Client
import django
django.setup()
from django.contrib.auth import get_user_model
from coig_writer.studio.people import generated_password
password = generated_password()
get_user_model().objects.create_user(password[:13], None, password)
cookies = {}
client = Client(headers={"host": "s.example"})
plain = client.get("/sign-in")
behind = {"HTTP_X_FORWARDED_PROTO": "https"}
signed = client.post("/sign-in", {"name": password[:13], "password": password}, **behind)
spoken = client.post("/language", {"language": "en"}, **behind)
for answer in (client.get("/sign-in", **behind), signed, spoken):
    for name, morsel in answer.cookies.items():
        cookies[name] = {"secure": bool(morsel["secure"]), "httponly": bool(morsel["httponly"])}
watched = [client.get("/health").status_code, client.get("/metrics").status_code]
print(json.dumps({"plain": [plain.status_code, plain.url], "cookies": cookies, "watched": watched,
                  "hsts": signed.headers["Strict-Transport-Security"]}))
"""


def test_the_log_holds_neither_texts_nor_passwords():
    import json
    import logging
    import sys

    from coig_writer.studio.logs import JsonLines

    try:
        raise ValueError("机密正文 password=hunter2")
    except ValueError:
        record = logging.LogRecord("studio", logging.ERROR, "x.py", 1, "failed", (), sys.exc_info())
    line = JsonLines().format(record)
    assert json.loads(line)["exception"] == "ValueError"
    assert "机密" not in line
    assert "hunter2" not in line


def test_the_log_does_not_hold_invitations(caplog):
    import logging

    from coig_writer.studio.logs import JsonLines

    record = logging.LogRecord("django.request", logging.WARNING, "x.py", 1, "Gone: %s", ("/invitation/a-B_9",), None)
    assert "a-B_9" not in JsonLines().format(record)
