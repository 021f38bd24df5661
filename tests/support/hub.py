"""A stand-in for the Hugging Face Hub on loopback, as far as downloading one file goes."""

from __future__ import annotations

import hashlib
from http.server import BaseHTTPRequestHandler

from support.loopback import Loopback


class Hub(Loopback):
    """Serves `/OWNER/REPO/resolve/main/FILE`; a context manager.

    Args:
        files: content by path, such as `owner/repo/file.gguf`. Any other file of such a repository, and any other
            repository, is answered as the Hub answers.
        broken: sends half of each file and hangs up.
    """

    def __init__(self, files: dict[str, bytes], *, broken: bool = False):
        self.files = files
        self.broken = broken
        self.downloads: list[str] = []
        """The path of each file that was sent, whole or not."""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._content()

    def do_GET(self) -> None:
        if (content := self._content()) is not None:
            name = self.path[1:].replace("/resolve/main/", "/")
            self.hub.downloads.append(name)
            self.wfile.write(content[: len(content) // 2] if self.hub.broken else content)

    def _content(self) -> bytes | None:
        """Sends status and headers; returns the content that belongs to them."""
        repository, _, file = self.path[1:].partition("/resolve/main/")
        content = self.hub.files.get(f"{repository}/{file}")
        if content is None:
            known = any(name.startswith(f"{repository}/") for name in self.hub.files)
            self._head(404, {"X-Error-Code": "EntryNotFound" if known else "RepoNotFound", "Content-Length": "0"})
        else:
            self._head(200, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "Content-Length": str(len(content))})
        return content

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"X-Repo-Commit": "0" * 40, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the tests look at `downloads`."""


Hub.handler = _Handler
