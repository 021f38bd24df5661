"""Fetching a page that somebody names, with no way into private networks.

A name is resolved once, every address it has must be public, and the connection goes to the very address that was
looked at, so that a name which changes its address in between gains nothing. Each redirect is looked at anew.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from coig_writer.corpus.encodings import decode, detect
from coig_writer.studio.refusal import Refusal

MOST_BYTES = 4 * 1024 * 1024
MOST_SECONDS = 15.0
MOST_REDIRECTS = 4
PORTS = {"http": 80, "https": 443}
_TUNNELS = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96")]
"""IPv6 addresses that stand for IPv4 addresses."""


@dataclass(frozen=True)
class Page:
    """What was found at an address."""

    url: str
    """After redirects."""
    title: str
    text: str
    published: str


def fetch(url: str) -> Page:
    """The main text of a public web page.

    Raises:
        Refusal: the address is not public http(s), or the page is too large, too slow, or no text.
    """
    deadline = time.monotonic() + MOST_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        parts = _checked(url)
        address = public_address(parts.hostname or "", PORTS[parts.scheme])
        try:
            status, headers, body = _exchange("GET", parts, address, deadline, None, _WANTED)
        except (OSError, http.client.HTTPException) as error:
            raise Refusal("取不到这个网页。", f"The page cannot be fetched ({type(error).__name__}).") from error
        if status in (301, 302, 303, 307, 308) and headers.get("location"):
            url = urljoin(url, headers["location"])
            continue
        if status != 200:
            raise Refusal(f"网页答复 {status}。", f"The page answered {status}.")
        return _page(url, headers.get("content-type", ""), body)
    raise Refusal("网页转来转去，没有到头。", "The page redirects too often.")


def check_address(url: str) -> None:
    """Raises `Refusal` unless this is the http(s) address of a public place."""
    parts = _checked(url)
    public_address(parts.hostname or "", PORTS[parts.scheme])


def post(url: str, body: bytes, headers: dict[str, str], deadline: float) -> int:
    """Sends `body` to a public address and returns the status of the answer; redirects are not followed.

    Raises:
        Refusal: the address is not public http(s).
        OSError, http.client.HTTPException: the connection failed.
    """
    parts = _checked(url)
    address = public_address(parts.hostname or "", PORTS[parts.scheme])
    return _exchange("POST", parts, address, deadline, body, headers)[0]


def _checked(url: str) -> SplitResult:
    wrong = Refusal("只取公开的 http(s) 网页。", "Only public http(s) pages are fetched.")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.password:
        raise wrong
    if port not in (None, PORTS[parts.scheme]) or any(ord(char) <= 32 or ord(char) == 127 for char in url.strip()):
        raise wrong
    return parts


def public_address(host: str, port: int) -> str:
    """An address of `host`, all of whose addresses must be public.

    Raises:
        Refusal: one of them is not, or the name is not known.
    """
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Refusal("找不到这个网站。", "The host name is not known.") from error
    for address in found:
        if not is_public(str(address)):
            raise Refusal("这个地址不在公网上。", "This address is not on the public internet.", status=403)
    return str(sorted(found, key=lambda address: ":" in str(address))[0])


def is_public(address: str) -> bool:
    """Whether an IP address is reached by the public internet, and stands for no other."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or any(ip in net for net in _TUNNELS)):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_WANTED = {"Accept": "text/html,text/plain", "Accept-Encoding": "identity"}


def _exchange(
    method: str, parts: SplitResult, address: str, deadline: float, body: bytes | None, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """One request to the address that was looked at; the name is only for the certificate and the Host header."""
    name = parts.hostname or ""
    host = name if name.isascii() else name.encode("idna").decode("ascii")
    connection = http.client.HTTPConnection(host, PORTS[parts.scheme], timeout=_left(deadline))
    connection.sock = socket.create_connection((address, PORTS[parts.scheme]), timeout=_left(deadline))
    try:
        with _hung_up_at(deadline, connection.sock):
            if parts.scheme == "https":
                connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            path = path.encode("ascii", "backslashreplace").decode()
            connection.request(method, path, body=body, headers={"User-Agent": "coig-writer-studio", **headers})
            response = connection.getresponse()
            _left(deadline)
            told = {name.lower(): value for name, value in response.getheaders()}
            return response.status, told, _read(response, deadline, connection.sock)
    finally:
        connection.close()


@contextmanager
def _hung_up_at(deadline: float, sock: socket.socket) -> Iterator[None]:
    """Within the block the connection ends at the deadline: a socket's own time-out counts anew from each byte.

    What is read then looks like an early end, so the time is to be asked for after reading.
    """
    with sock.dup() as line:  # TLS takes the socket over, and an answer may outlive it

        def hang_up() -> None:
            with suppress(OSError):  # it is closed already
                line.shutdown(socket.SHUT_RDWR)

        watch = threading.Timer(_left(deadline), hang_up)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()


def _read(response: http.client.HTTPResponse, deadline: float, sock: socket.socket | None) -> bytes:
    """The body, given up as soon as it is too large or too slow; a server that drips bytes is too slow."""
    body = b""
    while chunk := response.read1(65_536):
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refusal("网页太大。", "The page is too large.", status=413)
        if sock:
            sock.settimeout(_left(deadline))
        else:
            _left(deadline)
    _left(deadline)
    return body


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _page(url: str, kind: str, body: bytes) -> Page:
    from coig_writer.corpus.pages import declared_encoding, row_from_page  # brings much that few studios need

    if not kind.startswith(("text/html", "text/plain", "application/xhtml")):
        raise Refusal("那里不是网页。", "There is no page of text there.")
    encoding = declared_encoding(body) or detect(body[:65_536]) or "utf-8"
    text, _ = decode(body, encoding)
    if kind.startswith("text/plain"):
        return Page(url, "", text, "")
    row = row_from_page(text, url)
    if row.problem:
        raise Refusal("网页里没有找到正文，请直接贴上。", "No main text is found in the page; paste it instead.")
    return Page(url, row.title or "", row.text or "", row.stamps[0].value[:10] if row.stamps else "")
