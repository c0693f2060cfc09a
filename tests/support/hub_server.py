"""A server on the loopback that speaks as much of the Hub's protocol as this project uses.

Repositories in memory with their commits and tags, uploads with and without LFS, collections; it
can be told to fail. May import: the standard library, tests.support.hub_repo.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.hub_repo import Repo, oid

TOKEN = "hf_of_the_test"
LFS_ENDINGS = (".h5", ".onnx", ".parquet", ".mp4")


@dataclass
class Hub:
    """What the server holds and how it behaves.

    Attributes:
        url: str. Its address.
        user: str. Whose token TOKEN is.
        repos: (kind, name) -> Repo; kind is "models" or "datasets".
        lfs: SHA-256 -> content.
        xorbs: name -> what the client's Xet sent; it is kept, and not looked into.
        shards: the same.
        local: SHA-256 -> content that the test knows to have been sent by Xet.
        collections: slug -> items.
        fail: int. A status that every request gets; 0: none.
        faults: called with method and path before each answer; a status to answer instead, -1 to
            cut the line, 0 to answer as usual.
        spoil: called with path and content of each file that is sent; returns what is sent.
        wait: float. Seconds before every answer.
        asked: what was asked of it: (method, path, authorization).
    """

    url: str = ""
    user: str = "tester"
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    lfs: dict[str, bytes] = field(default_factory=dict)
    xorbs: dict[str, bytes] = field(default_factory=dict)
    shards: list[bytes] = field(default_factory=list)
    local: dict[str, bytes] = field(default_factory=dict)
    collections: dict[str, dict[str, Any]] = field(default_factory=dict)
    fail: int = 0
    faults: Callable[[str, str], int] = lambda method, path: 0
    spoil: Callable[[str, bytes], bytes] = lambda path, content: content
    wait: float = 0.0
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def put(self, name: str, folder: Path) -> str:
        """Holds a folder as a data set's repository with the tag v1; returns its commit."""
        files = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file()
        }
        return self.hold("datasets", name, files, "v1")

    def hold(self, kind: str, name: str, files: dict[str, bytes], tag: str) -> str:
        """Holds a repository with these files under a tag; returns its commit."""
        repo = self.repos.setdefault((kind, name), Repo(name))
        repo.tags[tag] = repo.commit(files, "hold")
        return repo.head

    def files(self, kind: str, name: str, revision: str = "main") -> dict[str, bytes]:
        """What a repository holds at a revision."""
        found = self.repos[kind, name].at(revision)
        assert found is not None, f"no revision {revision}"
        return found[1]


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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.body = self._read()
        self.hub.asked.append((self.command, path, self.headers.get("Authorization")))
        time.sleep(self.hub.wait)
        status = self.hub.fail or self.hub.faults(self.command, path)
        if status:
            if status < 0:
                self.close_connection = True
                return None
            return self._send(status, b"{}")
        for methods, pattern, name, login in ROUTES:
            found = re.fullmatch(pattern, path)
            asked = "GET" if self.command == "HEAD" and "HEAD" not in methods else self.command
            if found and asked in methods:
                if login and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    return self._refuse(401, "Unauthorized")
                with self.hub.lock:
                    return getattr(self, name)(**found.groupdict())
        return self._refuse(404, "EntryNotFound")

    do_GET = do_HEAD = do_POST = do_PUT = _answer

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while length := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    # -- who and what there is ---------------------------------------------------------------------

    def _whoami(self) -> None:
        self._tell({"name": self.hub.user, "type": "user", "orgs": [{"name": "club"}]})

    def _valid(self) -> None:
        self._tell({"errors": [], "warnings": []})  # of a card's front matter

    def _create(self) -> None:
        said = json.loads(self.body)
        kind = f"{said.get('type') or 'model'}s"
        name = f"{said.get('organization') or self.hub.user}/{said['name']}"
        url = f"{self.hub.url}/{'' if kind == 'models' else f'{kind}/'}{name}"
        if (kind, name) in self.hub.repos:
            return self._tell({"error": "You already created this repo", "url": url}, 409)
        private = bool(said.get("private")) or said.get("visibility") == "private"
        self.hub.repos[kind, name] = Repo(name, private)
        return self._tell({"url": url, "name": name, "id": name})

    def _at(self, kind: str, name: str, revision: str | None) -> tuple[str, Repo, dict] | None:
        """The commit, the repository and its files; None where the answer is given already."""
        repo = self.hub.repos.get((kind, name))
        hidden = repo is not None and repo.private
        if repo is None or (hidden and self.headers.get("Authorization") != f"Bearer {TOKEN}"):
            self._refuse(404, "RepoNotFound")
            return None
        found = repo.at(revision or "main")
        if found is None:
            self._refuse(404, "RevisionNotFound")
            return None
        return found[0], repo, found[1]

    def _info(self, kind: str, name: str, revision: str | None = None) -> None:
        if found := self._at(kind, name, revision):
            commit, repo, files = found
            siblings = [{"rfilename": path, "size": len(text)} for path, text in files.items()]
            plain = {"downloads": 0, "likes": 0, "tags": [], "private": repo.private}
            self._tell({"id": name, "sha": commit, "siblings": siblings, **plain})

    def _tree(self, kind: str, name: str, revision: str) -> None:
        if found := self._at(kind, name, revision):
            self._tell([_entry(path, text) for path, text in found[2].items()])

    def _paths(self, kind: str, name: str, revision: str) -> None:
        if found := self._at(kind, name, revision):
            form = parse_qs(self.body.decode())  # of other clients; huggingface_hub sends JSON
            wanted = form.get("paths") or json.loads(self.body)["paths"]
            self._tell([_entry(path, text) for path, text in found[2].items() if path in wanted])

    def _refs(self, kind: str, name: str) -> None:
        if found := self._at(kind, name, "main"):
            tags = [
                {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": commit}
                for tag, commit in found[1].tags.items()
            ]
            branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": found[0]}
            self._tell({"branches": [branch], "tags": tags, "converts": []})

    def _file(self, name: str, revision: str, path: str, kind: str | None = None) -> None:
        if found := self._at(kind or "models", name, revision):
            commit, _, files = found
            if path not in files:
                return self._refuse(404, "EntryNotFound")
            content = files[path]
            headers = {"ETag": f'"{_etag(path, content)}"', "X-Repo-Commit": commit}
            if path.endswith(LFS_ENDINGS):
                headers |= {"X-Linked-ETag": headers["ETag"], "X-Linked-Size": str(len(content))}
            sent = self.hub.spoil(path, content) if self.command == "GET" else content
            return self._send(200, sent, "application/octet-stream", headers)
        return None

    # -- uploads -----------------------------------------------------------------------------------

    def _preupload(self, kind: str, name: str, revision: str) -> None:
        if found := self._at(kind, name, revision):
            files = [
                {
                    "path": one["path"],
                    "uploadMode": "lfs" if one["path"].endswith(LFS_ENDINGS) else "regular",
                    "shouldIgnore": False,
                    "oid": _etag(one["path"], found[2][one["path"]])
                    if one["path"] in found[2]
                    else None,
                }
                for one in json.loads(self.body)["files"]
            ]
            self._tell({"files": files, "commitOid": found[0]})

    def _batch(self, name: str, kind: str | None = None) -> None:
        objects = []
        for one in json.loads(self.body)["objects"]:
            entry = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.hub.lfs:
                href = f"{self.hub.url}/_lfs/{one['oid']}"
                entry["actions"] = {"upload": {"href": href, "header": {}}}
            objects.append(entry)
        self._tell({"transfer": "basic", "objects": objects})

    def _put_lfs(self, sha256: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != sha256:
            return self._refuse(400, "BadRequest")
        self.hub.lfs[sha256] = self.body
        return self._tell({})

    def _xet_token(self, kind: str, name: str, revision: str) -> None:
        said = {"casUrl": self.hub.url, "exp": int(time.time()) + 3600, "accessToken": "xet"}
        self._tell(said)

    def _xorb(self, what: str) -> None:
        self.hub.xorbs[what] = self.body
        self._tell({"was_inserted": True})

    def _shard(self) -> None:
        self.hub.shards.append(self.body)
        self._tell({"result": 1})

    def _commit(self, kind: str, name: str, revision: str) -> None:
        if not (found := self._at(kind, name, revision)):
            return None
        commit, repo, files = found[0], found[1], dict(found[2])
        message = ""
        for line in self.body.splitlines():
            key, value = (json.loads(line)[part] for part in ("key", "value"))
            if key == "header":
                message = value["summary"]
                if value.get("parentCommit") not in (None, commit):
                    return self._refuse(412, "A commit has happened since")
            elif key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                sent = self.hub.local if self.hub.shards else self.hub.lfs
                files[value["path"]] = sent[value["oid"]]
            elif key == "deletedFile":
                del files[value["path"]]
            else:
                return self._refuse(400, f"unknown key {key}")
        made = repo.commit(files, message)
        url = f"{self.hub.url}/{name}/commit/{made}"
        return self._tell({"success": True, "commitOid": made, "commitUrl": url})

    def _tag(self, kind: str, name: str, revision: str) -> None:
        if found := self._at(kind, name, revision):
            tag = json.loads(self.body)["tag"]
            if tag in found[1].tags:
                return self._refuse(409, "Tag already exists")
            found[1].tags[tag] = found[0]
            return self._tell({})
        return None

    # -- collections -------------------------------------------------------------------------------

    def _collect(self) -> None:
        said = json.loads(self.body)
        name = re.sub(r"\W+", "-", said["title"].lower())
        slug = f"{said['namespace']}/{name}-{hashlib.sha1(name.encode()).hexdigest()[:24]}"
        if slug in self.hub.collections:
            return self._tell({"slug": slug}, 409)
        self.hub.collections[slug] = {
            "slug": slug, "title": said["title"], "owner": {"name": said["namespace"]}, "items": [],
            "lastUpdated": "2026-01-01T00:00:00.000Z", "position": 0, "private": said["private"],
            "theme": "green", "upvotes": 0,
        }  # fmt: skip
        return self._tell(self.hub.collections[slug])

    def _collection(self, slug: str) -> None:
        self._tell(self.hub.collections[slug])

    def _add(self, slug: str) -> None:
        said, items = json.loads(self.body)["item"], self.hub.collections[slug]["items"]
        items.append({**said, "_id": f"{len(items):024}", "position": len(items)})
        self._tell(self.hub.collections[slug])

    # -- plumbing ----------------------------------------------------------------------------------

    def _tell(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode())

    def _refuse(self, status: int, why: str) -> None:
        headers = {"X-Error-Code": why, "X-Error-Message": why}
        self._send(status, json.dumps({"error": why}).encode(), headers=headers)

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


_KIND, _NAME = r"(?P<kind>models|datasets)", r"(?P<name>[^/]+/[^/]+)"
_AT, _SLUG = r"(?P<revision>[^/]+)", r"(?P<slug>[^/]+/[^/]+)"
_ELSE = r"(?:/(?P<kind>datasets))?"  # models lie at the root
ROUTES = (
    (("GET",), r"/api/whoami-v2", "_whoami", True),
    (("POST",), r"/api/validate-yaml", "_valid", False),
    (("POST",), r"/api/repos/create", "_create", True),
    (("POST",), r"/api/collections", "_collect", True),
    (("POST",), rf"/api/collections/{_SLUG}/items?", "_add", True),
    (("GET",), rf"/api/collections/{_SLUG}", "_collection", False),
    (("POST",), rf"/api/{_KIND}/{_NAME}/preupload/{_AT}", "_preupload", True),
    (("POST",), rf"/api/{_KIND}/{_NAME}/commit/{_AT}", "_commit", True),
    (("POST",), rf"/api/{_KIND}/{_NAME}/tag/{_AT}", "_tag", True),
    (("GET",), rf"/api/{_KIND}/{_NAME}/xet-write-token/{_AT}", "_xet_token", True),
    (("POST",), r"(?:/v1)?/xorbs?/default/(?P<what>[0-9a-f]{64})", "_xorb", False),
    (("POST",), r"(?:/v1)?/shards?", "_shard", False),
    (("POST",), rf"{_ELSE}/{_NAME}\.git/info/lfs/objects/batch", "_batch", True),
    (("PUT",), r"/_lfs/(?P<sha256>[0-9a-f]{64})", "_put_lfs", False),
    (("GET",), rf"/api/{_KIND}/{_NAME}/tree/{_AT}(?:/.*)?", "_tree", False),
    (("POST",), rf"/api/{_KIND}/{_NAME}/paths-info/{_AT}", "_paths", False),
    (("GET",), rf"/api/{_KIND}/{_NAME}/refs", "_refs", False),
    (("GET",), rf"/api/{_KIND}/{_NAME}(?:/revision/(?P<revision>.+))?", "_info", False),
    (("GET", "HEAD"), rf"{_ELSE}/{_NAME}/resolve/{_AT}/(?P<path>.+)", "_file", False),
)


def _etag(path: str, content: bytes) -> str:
    """What the Hub calls a file's content: git's name, or its SHA-256 where it is in LFS."""
    return hashlib.sha256(content).hexdigest() if path.endswith(LFS_ENDINGS) else oid(content)


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "file",
        "path": path,
        "size": len(content),
        "oid": oid(content),
    }
    if path.endswith(LFS_ENDINGS):
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
    return entry
