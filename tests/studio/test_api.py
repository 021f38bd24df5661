"""The studio for programs, and what it tells them."""

import csv
import hashlib
import hmac
import http.server
import io
import json
import socket
import threading
import time

import pytest
from django.test import Client

from coig_writer.schema import Triplet
from coig_writer.studio import webhooks
from coig_writer.studio.models import Delivery, Token, Webhook
from coig_writer.studio.workflow import Status


@pytest.fixture
def program(project):
    """Makes a client that comes with a token of the user."""

    def make(user):
        token = f"token-of-{user.pk}"
        Token.objects.create(project=project, user=user, name="test", token_hash=Token.hash_of(token))
        return Client(headers={"authorization": f"Bearer {token}"}, enforce_csrf_checks=True)

    return make


def put(client, path, data, method="put"):
    return getattr(client, method)(path, json.dumps(data), content_type="application/json")


def test_a_triplet_goes_in_through_the_interface_and_comes_out(project, person, program, starter, form):
    manager, author = program(person("manager")), program(person("annotator"))
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in starter[:2])
    assert put_lines(manager, lines).json() == {"added": 2, "known": 0, "rejected": [], "lost": []}
    assert put_lines(manager, lines).json() == {"added": 0, "known": 2, "rejected": [], "lost": []}
    broken = f'{json.dumps(starter[2], ensure_ascii=False)}\n{{"prompt": "半行'
    told = put_lines(manager, broken).json()
    assert (told["added"], told["rejected"][0].partition(": ")[0]) == (1, "body:2")
    answered = {"prompt": "写雪", "thought": "想雪", "output": "雪落了一夜。", "likes": 3}
    assert put_lines(manager, "\n".join(json.dumps(row) for row in (answered, {"prompt": "写"}))).json() == {
        "added": 1,
        "known": 0,
        "rejected": [
            "body:2, reasoning: no reasoning: none of the columns reasoning_process, thought, thoughts, reasoning … is "
            "there"
        ],
        "lost": ["body:1, likes: there is no place for this column"],
    }
    assert len(manager.get("/api/items?status=candidate").json()) == 4
    taken = author.post("/api/tasks/annotator").json()
    assert taken["status"] == "draft"
    assert [task["item"]["id"] for task in author.get("/api/tasks").json()] == [taken["id"]]
    path = f"/api/items/{taken['id']}"
    assert author.get(f"{path}/article").json()["id"] == taken["key"]
    low = put(author, f"{path}/submission", form(base=1, article_quality=7), "post").json()
    assert (low["status"], low["shortfalls"]) == ("refine", ["article_quality 7 < 8", "sum 49 < 50"])
    stale = put(author, f"{path}/content", form(base=0, prompt="旧稿"))
    assert (stale.status_code, stale.json()["current"]["version"]) == (409, 2)
    assert put(author, f"{path}/submission", form(base=2), "post").json()["status"] == "in_review"
    project.items.filter(pk=taken["id"]).update(status=Status.APPROVED)
    [line] = b"".join(manager.get("/api/export/triplets").streaming_content).splitlines()
    assert Triplet.model_validate_json(line).id == taken["key"]


def put_lines(client, lines):
    return client.post("/api/items", lines, content_type="application/x-ndjson")


def test_without_a_token_or_a_role_nothing_is_told(project, item, person, program):
    one = item()
    paths = ["/api/items", "/api/tasks", f"/api/items/{one.pk}/article", "/api/export/triplets"]
    paths += ["/api/contests", "/api/contests/1/results"]
    for client in (Client(), Client(headers={"authorization": "Bearer nonsense"}), person("manager").client):
        assert {client.get(path).status_code for path in paths} == {401}
    annotator = program(person("annotator"))
    assert [annotator.get(path).status_code for path in paths] == [403, 200, 404, 403, 403, 403]


def test_a_token_is_good_for_its_project_alone(project, item, person, program):
    from coig_writer.studio import people
    from coig_writer.studio.models import Project
    from coig_writer.studio.workflow import Role

    one, user = item(), person("manager")
    other = Project.objects.create(name="the other")
    people.add_role(other, user, Role.MANAGER)
    token = Token.objects.create(project=other, user=user, name="x", token_hash=Token.hash_of("other-token"))
    client = Client(headers={"authorization": "Bearer other-token"})
    assert client.get(f"/api/items/{one.pk}/article").status_code == 404
    assert client.get("/api/items").json() == []
    token.delete()
    assert client.get("/api/items").status_code == 401


def test_the_description_lists_what_there_is():
    paths = Client().get("/api/openapi.json").json()["paths"]
    wanted = {"/api/items", "/api/tasks", "/api/items/{item_id}/submission", "/api/export/{name}", "/api/contests"}
    assert wanted <= set(paths)


def test_a_token_is_shown_once_and_stored_as_a_hash(project, person):
    manager = person("manager")
    page = manager.client.post(f"/projects/{project.pk}/programs", {"what": "token", "name": "脚本"})
    token = page.context["shown"]
    assert Client(headers={"authorization": f"Bearer {token}"}).get("/api/items").status_code == 200
    assert token not in manager.client.get(f"/projects/{project.pk}/programs").content.decode()
    assert not Token.objects.filter(token_hash=token).exists()


def test_numbers_that_no_row_can_have_are_refused(person, program):
    manager = program(person("manager"))
    for number in (0, -1, 2**63, 10**30):
        assert manager.get(f"/api/items/{number}/article").status_code == 422
        assert manager.get(f"/api/contests/{number}/results").status_code == 422
        assert manager.delete(f"/api/items/{number}/task").status_code == 422
    assert manager.get(f"/api/items?after={10**30}").json() == []
    assert manager.get(f"/api/items/{2**63 - 1}/article").status_code == 404


def test_a_body_has_the_limit_of_an_upload(project, person, program, starter, settings_changed):
    manager = program(person("manager"))
    line = json.dumps(starter[0], ensure_ascii=False) + "\n"
    large = line.rstrip() + " " * (5 << 20)  # more than a form may have
    assert put_lines(manager, large).json()["added"] == 1
    with settings_changed(UPLOAD_BYTES=1000):
        answer = put_lines(manager, line)
    assert (answer.status_code, answer.json()) == (413, {"error": "The body has more than 0 MB."})
    answer = put_lines(manager, "\0\1 no lines of JSON")
    assert answer.status_code == 400
    assert "/tmp" not in answer.json()["error"]


def test_reviews_and_inspections_go_through_the_interface(project, item, person, program, form, verdict):
    one, author = item(), person("annotator")
    path = f"/api/items/{one.pk}"
    writer = program(author)
    writer.post("/api/tasks/annotator")
    assert put(writer, f"{path}/submission", form(), "post").json()["status"] == "in_review"
    reviewers = [program(person("reviewer")) for _ in range(2)]
    for number, reviewer in enumerate(reviewers):
        assert put(reviewer, f"{path}/review", verdict(one), "post").status_code == 404  # not theirs yet
        assert reviewer.post("/api/tasks/reviewer").json()["id"] == one.pk
        assert put(reviewer, f"{path}/review", verdict(one, coherence=6), "post").status_code == 422
        silent = put(reviewer, f"{path}/review", verdict(one, "send_back", comment=""), "post")
        assert (silent.status_code, silent.json()["error"]) == (400, "Say what to change, or why to remove it.")
        stale = put(reviewer, f"{path}/review", verdict(one, version=one.submitted - 1), "post")
        assert stale.status_code == 409
        told = put(reviewer, f"{path}/review", verdict(one, "send_back" if number else "accept"), "post").json()
    assert told == {"status": "disputed", "round": 1}
    inspector = program(person("inspector"))
    decided = {"version": one.submitted, "verdict": "send_back", "comment": "改第二段"}
    assert put(reviewers[0], f"{path}/inspection", decided, "post").status_code == 403
    assert put(inspector, f"{path}/inspection", decided, "post").json() == {"status": "sent_back", "round": 1}
    put(writer, f"{path}/content", form(base=one.submitted, prompt="写到一半的第二稿"))
    assert "写到一半" in writer.get(f"{path}/versions/latest").json()["prompt"]
    seen = reviewers[0].get(f"{path}/versions/latest").json()
    assert (seen["version"], "写到一半" in seen["prompt"]) == (one.submitted, False)
    assert writer.delete(f"{path}/task").status_code == 204
    assert writer.get("/api/tasks").json() == []


def test_a_contest_is_made_and_its_results_are_fetched(project, person, program):
    from coig_writer.studio import arena

    manager, evaluator = program(person("manager")), person("evaluator")
    rows = [
        {"id": f"q{q}", "query": "写桥", "model": model, "response": f"{model}？" if q else "桥"}
        for q in range(2)
        for model in ("one-model", "two-model", "three-model")
    ]
    body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    post = {"content_type": "application/x-ndjson"}
    for wrong in ("?name=x&size=1", "?name=x&size=11", "?name=x&kind=guess", "?size=3"):
        assert manager.post(f"/api/contests{wrong}", body, **post).status_code == 422
    assert manager.post("/api/contests?name=one-model", body, **post).status_code == 400
    assert program(evaluator).post("/api/contests?name=x", body, **post).status_code == 403
    made = manager.post("/api/contests?name=桥&size=3&raters=1", body, **post).json()
    assert (made["answers"], len(made["models"]), made["left_out"]) == (6, 3, {})
    assert made["naming"] == ["q1 / one-model", "q1 / two-model", "q1 / three-model"]
    contest = project.contests.get()
    while sheet := arena.next_sheet(contest, evaluator):
        arena.choose(sheet, {f"choice-{at}": at + 1 for at in range(3)}, final=True)
    [told] = manager.get("/api/contests").json()
    assert (told["size"], told["sheets"], told["wanted"]) == (3, 2, 2)
    lines = b"".join(manager.get(f"/api/contests/{made['id']}/results").streaming_content).splitlines()
    assert [json.loads(line)["depth"] for line in lines] == [{row["model"]: 0.0 for row in rows}] * 2


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://[::1]/hook", "http://169.254.169.254/", "ftp://x/", "http://2130706433/"]
)
def test_webhooks_never_lead_into_private_networks(project, person, url):
    manager = person("manager")
    answer = manager.client.post(f"/projects/{project.pk}/programs", {"what": "webhook", "url": url})
    assert answer.status_code in (400, 403)
    assert not project.webhooks.exists()


@pytest.fixture
def receiver(monkeypatch):
    """A receiver on loopback that is taken for a public place; answers 500 as long as `failing` is set."""

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((body, self.headers[webhooks.SIGNATURE]))
            self.send_response(500 if failing else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    got, failing = [], []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connect, resolve, place = socket.create_connection, socket.getaddrinfo, server.server_address

    def getaddrinfo(host, *rest, **more):
        return [(0, 0, 0, "", ("93.184.216.34", 80))] if host == "hook.example" else resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", lambda _, *rest, **more: connect(place, *rest, **more))
    yield got, failing
    server.shutdown()


def test_an_approval_is_told_signed_and_told_again_after_a_failure(project, item, receiver):
    got, failing = receiver
    hook = Webhook.objects.create(project=project, url="http://hook.example/in")
    one = item()
    failing.append(True)
    Delivery.objects.create(webhook=hook, body={"event": "approved", "item": one.pk})
    assert webhooks.send_waiting() == 0
    delivery = Delivery.objects.get(webhook=hook)
    assert (delivery.tries, delivery.answer, delivery.delivered) == (1, "500", None)
    assert webhooks.send_waiting() == 0  # its time has not come
    failing.clear()
    Delivery.objects.filter(pk=delivery.pk).update(next_try=delivery.webhook.made)
    assert webhooks.send_waiting() == 1
    body, signature = got[-1]
    assert json.loads(body) == {"event": "approved", "item": one.pk}
    assert signature == hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
    assert webhooks.send_waiting() == 0


def test_what_failed_is_sent_again_without_another_approval(project, receiver, monkeypatch):
    """Also what a process that is gone had left: nobody has to approve anything for it."""
    got, _ = receiver
    hook = Webhook.objects.create(project=project, url="http://hook.example/in")
    left = Delivery.objects.create(webhook=hook, body={"event": "approved", "item": 1}, tries=1, answer="500")
    monkeypatch.setattr(webhooks, "EVERY", 0.01)
    stop = threading.Event()
    sender = threading.Thread(target=webhooks.keep_sending, args=[stop])
    sender.start()
    for _ in range(200):
        left.refresh_from_db()
        if left.delivered:
            break
        time.sleep(0.02)
    stop.set()
    sender.join(10)
    assert (left.tries, left.answer) == (2, "204")
    assert len(got) == 1


def test_what_never_arrives_is_given_up_after_five_more_tries(project, receiver):
    got, failing = receiver
    failing.append(True)
    hook = Webhook.objects.create(project=project, url="http://hook.example/in")
    Delivery.objects.create(webhook=hook, body={"event": "approved"})
    for _ in range(10):
        webhooks.send_waiting()
        Delivery.objects.filter(webhook=hook).update(next_try=hook.made)
    assert len(got) == 1 + len(webhooks.WAITS)


def test_odd_numbers_and_words_on_the_page_of_programs_change_nothing(project, person):
    manager = person("manager")
    path = f"/projects/{project.pk}/programs"
    manager.client.post(path, {"what": "token", "name": "x"})
    Webhook.objects.create(project=project, url="http://hook.example/in")
    for odd in ("", "x", "9" * 40, "²", "-1"):
        for what in ("remove-token", "remove-webhook"):
            assert manager.client.post(path, {"what": what, "id": odd}).status_code == 200
    assert manager.client.post(path, {"what": "everything"}).status_code == 400
    other = person("manager")
    other.client.post(path, {"what": "remove-token", "id": project.tokens.get().pk})
    assert (project.tokens.count(), project.webhooks.count()) == (1, 1)
    manager.client.post(path, {"what": "remove-webhook", "id": project.webhooks.get().pk})
    assert not project.webhooks.exists()


def test_a_table_opens_in_a_spreadsheet_and_runs_nothing(project, item, person, form):
    one, author, manager = item(), person("annotator"), person("manager")
    path = author.client.post(f"/projects/{project.pk}/claim/annotator").url
    prompt = '=HYPERLINK("http://evil.example")，' + form()["prompt"]
    assert author.client.post(f"{path}save", form(prompt=prompt)).status_code == 302
    one.refresh_from_db()
    project.items.filter(pk=one.pk).update(status=Status.APPROVED, submitted=one.head)
    answer = manager.client.get(f"/projects/{project.pk}/export/triplets.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="triplets.csv"'
    data = b"".join(answer.streaming_content)
    assert data.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    assert (row["id"], row["prompt"], row["article_quality"]) == (one.key, f"'{prompt}", "9")
    history = b"".join(manager.client.get(f"/projects/{project.pk}/export/history.csv").streaming_content)
    assert [line["version"] for line in csv.DictReader(io.StringIO(history.decode("utf-8-sig")))] == ["1", "2"]
    for wrong in ("triplets.xlsx", "nothing.csv"):
        assert manager.client.get(f"/projects/{project.pk}/export/{wrong}").status_code == 404
