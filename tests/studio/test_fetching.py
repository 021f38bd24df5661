"""Fetching by address: only public pages, whatever the address looks like and wherever it leads."""

import http.server
import socket
import threading
import time

import pytest

from coig_writer.studio import fetching
from coig_writer.studio.refusal import Refusal

PRIVATE = [
    "http://127.0.0.1/", "http://localhost/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0177.0.0.1/", "http://0/", "http://0.0.0.0/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[fe80::1]/", "http://[fc00::1]/", "http://[ff02::1]/", "http://10.0.0.1/", "http://172.16.0.1/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://192.0.2.1/",
    "http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/", "http://198.18.0.1/",
]  # fmt: skip
ODD = [
    "file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", "http://user:pass@93.184.216.34/",
    "http://93.184.216.34:22/", "http://93.184.216.34:8700/", "https://93.184.216.34:80/", "//93.184.216.34/",
    "http:///", "javascript:alert(1)", "", "http://[::1", "http://93.184.216.34/\r\nHost: x", "http://a b/",
    "http://93.184.216.34:99999/",
]  # fmt: skip


@pytest.fixture
def no_connection(monkeypatch):
    def connect(*_, **__):
        pytest.fail("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", connect)


@pytest.mark.parametrize("url", [*PRIVATE, *ODD])
def test_what_is_not_public_is_not_even_tried(url, no_connection):
    with pytest.raises(Refusal):
        fetching.fetch(url)


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch, no_connection):
    entries = [(0, 0, 0, "", (address, 80)) for address in ("93.184.216.34", "10.1.2.3")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)
    with pytest.raises(Refusal):
        fetching.fetch("http://rebinding.example/")


class Site(http.server.BaseHTTPRequestHandler):
    reader_gone = threading.Event()

    def do_GET(self):
        if self.path.startswith("/drip"):
            return self.drip()
        answers = {
            "/page": (200, {"Content-Type": "text/html"}, PAGE),
            "/inside": (302, {"Location": "http://169.254.169.254/"}, b""),
            "/decimal": (302, {"Location": "http://2130706433/"}, b""),
            "/file": (302, {"Location": "file:///etc/passwd"}, b""),
            "/loop": (302, {"Location": "/loop"}, b""),
            "/moved": (301, {"Location": "/page"}, b""),
            "/large": (200, {"Content-Type": "text/html"}, b"x" * (fetching.MOST_BYTES + 1)),
            "/picture": (200, {"Content-Type": "image/png"}, b"PNG"),
        }
        status, headers, body = answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self):
        """A good page, a byte of whose headers or body comes every 50 ms for four seconds."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nX-Slow: " + b"x" * 60 + b"\r\n\r\n"
        slow, rest = (head, PAGE) if self.path == "/drip-headers" else (PAGE, b"")
        try:
            if slow is PAGE:
                self.wfile.write(head)
            for at in range(80):
                self.wfile.write(slow[at : at + 1])
                time.sleep(0.05)
            self.wfile.write(slow[80:] + rest)
        except OSError:
            self.reader_gone.set()

    def log_message(self, *_):
        pass


PAGE = (
    '<html><head><meta charset="utf-8"><title>桥</title></head><body><article><p>'
    + "桥下的水比去年浅，石头露出来，老人说是上游修了坝。" * 12
    + "</p></article></body></html>"
).encode()


@pytest.fixture
def site(monkeypatch):
    """A site on loopback that the fetcher takes for a public one: its name resolves to a public address, and
    connections to that address arrive here. All other addresses are as they are."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    resolve, connect = socket.getaddrinfo, socket.create_connection
    real = server.server_address

    def getaddrinfo(host, *rest, **more):
        return [(0, 0, 0, "", ("93.184.216.34", 80))] if host == "site.example" else resolve(host, *rest, **more)

    def create_connection(address, *rest, **more):
        assert address[0] == "93.184.216.34", f"a connection to {address} was tried"
        return connect(real, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    yield "http://site.example"
    server.shutdown()


def test_a_public_page_gives_its_text(site):
    for path in ("/page", "/moved"):
        page = fetching.fetch(site + path)
        assert page.title == "桥"
        assert page.text.startswith("桥下的水比去年浅")
        assert page.url == site + "/page"


@pytest.mark.parametrize("path", ["/inside", "/decimal", "/file", "/loop", "/large", "/picture"])
def test_redirects_and_bodies_are_looked_at_too(site, path):
    with pytest.raises(Refusal):
        fetching.fetch(site + path)


@pytest.mark.parametrize("path", ["/drip-headers", "/drip-body"])
def test_a_server_that_drips_is_given_up(site, path, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_SECONDS", 0.5)
    Site.reader_gone.clear()
    with pytest.raises(Refusal, match="cannot be fetched"):
        fetching.fetch(site + path)
    assert Site.reader_gone.wait(20)  # it was left in the middle


def test_it_is_off_unless_the_operator_turns_it_on(project, person, no_connection):
    user = person("annotator")
    answer = user.client.post(f"/projects/{project.pk}/propose", {"url": "http://93.184.216.34/", "fetch": "1"})
    assert answer.status_code == 403
