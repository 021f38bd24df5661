"""The studio for programs, and what it tells them."""

import csv
import hashlib
import hmac
import http.server
import io
import json
import socket
import threading

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
    assert put_lines(manager, lines).json() == {"added": 2, "known": 0, "rejected": []}
    assert put_lines(manager, lines).json() == {"added": 0, "known": 2, "rejected": []}
    assert len(manager.get("/api/items?status=candidate").json()) == 2
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
    for client in (Client(), Client(headers={"authorization": "Bearer nonsense"}), person("manager").client):
        assert {client.get(path).status_code for path in paths} == {401}
    annotator = program(person("annotator"))
    assert [annotator.get(path).status_code for path in paths] == [403, 200, 404, 403]


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
    assert {"/api/items", "/api/tasks", "/api/items/{item_id}/submission", "/api/export/{name}"} <= set(paths)


def test_a_token_is_shown_once_and_stored_as_a_hash(project, person):
    manager = person("manager")
    page = manager.client.post(f"/projects/{project.pk}/programs", {"what": "token", "name": "脚本"})
    token = page.context["shown"]
    assert Client(headers={"authorization": f"Bearer {token}"}).get("/api/items").status_code == 200
    assert token not in manager.client.get(f"/projects/{project.pk}/programs").content.decode()
    assert not Token.objects.filter(token_hash=token).exists()


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
