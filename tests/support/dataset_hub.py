"""A stand-in for the Hub's data sets on loopback: makes repositories, takes commits, lists and serves their files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.loopback import Loopback


class DatasetHub(Loopback):
    """A context manager; `url` is what `HF_ENDPOINT` is to say.

    Args:
        token: what a writer has to show.
        large: suffixes of files that go through the store for large files, as the Hub asks of binary ones.
    """

    def __init__(self, token: str = "hf_test", large: tuple[str, ...] = (".parquet",)):
        self.token, self.large = token, large
        self.files: dict[str, dict[str, bytes]] = {}
        """Repository → path → content."""
        self.private: dict[str, bool] = {}
        self.messages: list[str] = []
        self.store: dict[str, bytes] = {}
        """Large files by their hash."""


class _Handler(BaseHTTPRequestHandler):
    hub: DatasetHub
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self._send(401, {"error": "Invalid credentials"})
        elif self.path == "/api/repos/create":
            self._create(json.loads(body))
        elif match := re.fullmatch(r"/api/datasets/(\w+/\w+)/preupload/main", self.path):
            files = [self._mode(each["path"]) for each in json.loads(body)["files"]]
            self._send(200 if match[1] in self.hub.files else 404, {"files": files})
        elif match := re.fullmatch(r"/datasets/(\w+/\w+)\.git/info/lfs/objects/batch", self.path):
            self._batch(json.loads(body))
        elif match := re.fullmatch(r"/api/datasets/(\w+/\w+)/commit/main", self.path):
            self._commit(match[1], [json.loads(line) for line in body.splitlines()])
        elif self.path in ("/verify", "/api/validate-yaml"):
            self._send(200, {"errors": [], "warnings": []})
        else:
            self._send(404, {"error": self.path})

    def _create(self, asked: dict[str, Any]) -> None:
        repo = f"{asked.get('organization') or 'someone'}/{asked['name']}"
        known = repo in self.hub.files
        self.hub.files.setdefault(repo, {})
        self.hub.private.setdefault(repo, bool(asked.get("private")) or asked.get("visibility") == "private")
        self._send(409 if known else 200, {"url": f"{self.hub.url}/datasets/{repo}", "name": repo})

    def _mode(self, path: str) -> dict[str, Any]:
        mode = "lfs" if path.endswith(self.hub.large) else "regular"
        return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": None}

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = [
            {
                **each,
                "actions": {
                    "upload": {"href": f"{self.hub.url}/store/{each['oid']}"},
                    "verify": {
                        "href": f"{self.hub.url}/verify",
                        "header": {"Authorization": f"Bearer {self.hub.token}"},
                    },
                },
            }
            for each in asked["objects"]
        ]
        self._send(200, {"transfer": "basic", "objects": objects})

    def _commit(self, repo: str, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.hub.messages.append(value["summary"])
            elif line["key"] == "file":
                self.hub.files[repo][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.hub.files[repo][value["path"]] = self.hub.store[value["oid"]]
        oid = f"{len(self.hub.messages):040x}"
        self._send(200, {"commitUrl": f"{self.hub.url}/datasets/{repo}/commit/{oid}", "commitOid": oid})

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        assert hashlib.sha256(content).hexdigest() == self.path.removeprefix("/store/")
        self.hub.store[self.path.removeprefix("/store/")] = content
        self._send(200, {})

    def do_HEAD(self) -> None:
        self._file(with_body=False)

    def do_GET(self) -> None:
        match = re.fullmatch(r"/api/datasets/(\w+/\w+)/tree/main(\?.*)?", self.path)
        if match and match[1] in self.hub.files:
            files = self.hub.files[match[1]]
            told = [{"type": "file", "path": path, "size": len(content), "oid": "0"} for path, content in files.items()]
            self._send(200, told)
        else:
            self._file(with_body=True)

    def _file(self, with_body: bool) -> None:
        match = re.fullmatch(r"/datasets/(\w+/\w+)/resolve/main/(.+)", self.path)
        repo = self.hub.files.get(match[1]) if match else None
        content = repo.get(match[2]) if repo and match else None
        if content is None:
            self._send(404, {"error": "not found"}, {"X-Error-Code": "EntryNotFound" if repo else "RepoNotFound"})
            return
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": "0" * 40}
        self._bytes(200, content, headers, with_body)

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._bytes(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _bytes(self, status: int, content: bytes, headers: dict[str, str], with_body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body and self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


DatasetHub.handler = _Handler
