"""A server on the loopback that speaks as much of the Hub's protocol as a download takes.

Data set repositories in memory, one commit each; it can be told to fail. May import: the standard
library.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Hub:
    """What the server holds and how it behaves.

    Attributes:
        url: str. Its address.
        repos: name -> path -> content.
        fail: int. A status that every request gets; 0: none.
        wait: float. Seconds before every answer.
        asked: what was asked of it: (method, path, authorization).
    """

    url: str = ""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    fail: int = 0
    wait: float = 0.0
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    def put(self, name: str, folder: Path) -> str:
        """Holds a folder as a repository; returns its commit."""
        self.repos[name] = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file()
        }
        return self.commit(name)

    def commit(self, name: str) -> str:
        """The repository's commit: 40 hex digits of what it holds."""
        whole = hashlib.sha1()
        for path, content in sorted(self.repos[name].items()):
            whole.update(path.encode() + content)
        return whole.hexdigest()


@contextmanager
def serve() -> Iterator[Hub]:
    """Runs a Hub while the block runs."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


INFO = re.compile(r"/api/datasets/([^/]+/[^/]+)(?:/revision/(.+))?")
TREE = re.compile(r"/api/datasets/([^/]+/[^/]+)/tree/([^/]+)(?:/.*)?")
FILE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path, self.headers.get("Authorization")))
        time.sleep(self.hub.wait)
        if self.hub.fail:
            return self._send(self.hub.fail, b"{}")
        for pattern, tell in ((TREE, self._tree), (FILE, self._file), (INFO, self._info)):
            found = pattern.fullmatch(path)
            if found:
                name, revision, *rest = found.groups()
                if name not in self.hub.repos:
                    return self._missing("RepoNotFound")
                if revision not in (None, "main", "v1", self.hub.commit(name)):
                    return self._missing("RevisionNotFound")
                return tell(name, *rest)
        return self._missing("EntryNotFound")

    def _info(self, name: str) -> None:
        files = self.hub.repos[name]
        siblings = [{"rfilename": path, "size": len(content)} for path, content in files.items()]
        said = {
            "id": name,
            "sha": self.hub.commit(name),
            "private": False,
            "siblings": siblings,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }
        self._send(200, json.dumps(said).encode())

    def _tree(self, name: str) -> None:
        entries = [
            {"type": "file", "path": path, "size": len(content), "oid": _oid(content)}
            for path, content in self.hub.repos[name].items()
        ]
        self._send(200, json.dumps(entries).encode())

    def _file(self, name: str, path: str) -> None:
        content = self.hub.repos[name].get(path)
        if content is None:
            return self._missing("EntryNotFound")
        headers = {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": self.hub.commit(name)}
        return self._send(200, content, "application/octet-stream", headers)

    def _missing(self, code: str) -> None:
        self._send(404, b"{}", headers={"X-Error-Code": code, "X-Error-Message": code})

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _oid(content: bytes) -> str:
    """The name that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
