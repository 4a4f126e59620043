"""A Hugging Face hub on loopback, as far as publishing and loading need it; it keeps everything it is sent.

Large files come by Git LFS: huggingface_hub must be told not to use Xet (HF_HUB_DISABLE_XET=1).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_" + "fake" * 3  # too short for a real one
LARGE = (".safetensors", ".parquet", ".png")  # of the .gitattributes that the hub gives a repository


@dataclass
class Repository:
    """What a repository holds at `main`, and every commit: (oid, message, lines of the request, files)."""

    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"*.safetensors lfs\n"})
    commits: list[dict] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    sdk: str | None = None

    @property
    def head(self) -> str:
        return self.commits[-1]["oid"] if self.commits else "0" * 40

    def at(self, revision: str) -> tuple[str, dict[str, bytes]]:
        """The commit that a branch, a tag or a commit's own name stands for, and its files."""
        oid = self.tags.get(revision, self.head if revision == "main" else revision)
        return oid, next((commit["files"] for commit in self.commits if commit["oid"] == oid), self.files)


class FakeHub:
    """`with FakeHub() as hub:`; `hub.fail["POST", "/preupload/"] = [500]` makes the next such request fail."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}  # by "models/owner/name"
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.fail: dict[tuple[str, str], list[int]] = {}
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> FakeHub:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    def asked(self, part: str) -> list[tuple[str, str]]:
        """The requests whose path holds `part`."""
        return [request for request in self.requests if part in request[1]]


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        pass

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append((self.command, path))
        for (method, part), statuses in self.hub.fail.items():
            if statuses and method == self.command and part in path:
                return self._send(statuses.pop(0), {"error": "as the test wishes"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and not path.startswith("/lfs/"):
            return self._send(401, {"error": "Invalid credentials"})
        for method, pattern, answer in ROUTES:
            if method == self.command and (match := re.fullmatch(pattern, path)):
                return answer(self, body, *match.groups())
        return self._send(404, {"error": f"no {self.command} {path}"})

    do_GET = do_HEAD = do_POST = do_PUT = _answer

    def _send(self, status: int, content: dict | list | bytes = b"", **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _repository(self, name: str) -> Repository | None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._send(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        return repository

    # --- answers ---

    def whoami(self, _: bytes) -> None:
        self._send(200, {"name": "me", "type": "user", "orgs": []})

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        key = f"{asked.get('type', 'model')}s/{name}"
        new = key not in self.hub.repositories
        self.hub.repositories.setdefault(key, Repository(sdk=asked.get("sdk")))
        prefix = "" if key.startswith("models/") else key.split("/")[0] + "/"
        self._send(200 if new else 409, {"url": f"{self.hub.url}/{prefix}{name}", "name": name})

    def refs(self, _: bytes, name: str) -> None:
        if (repository := self._repository(name)) is not None:
            tags = [
                {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": oid} for tag, oid in repository.tags.items()
            ]
            main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.head}
            self._send(200, {"branches": [main], "converts": [], "tags": tags})

    def info(self, _: bytes, name: str, revision: str) -> None:
        if (repository := self._repository(name)) is not None:
            oid, files = repository.at(revision)
            siblings = [{"rfilename": file} for file in files]
            self._send(
                200, {"id": name.partition("/")[2], "sha": oid, "siblings": siblings, "tags": [], "private": False}
            )

    def tree(self, _: bytes, name: str, revision: str) -> None:
        if (repository := self._repository(name)) is not None:
            _, files = repository.at(revision)
            entry = {"type": "file", "oid": "0" * 40}
            self._send(200, [{**entry, "path": path, "size": len(content)} for path, content in files.items()])

    def validate(self, body: bytes) -> None:
        wrong = [] if json.loads(body)["content"].startswith("---\n") else [{"message": "no metadata"}]
        self._send(400 if wrong else 200, {"errors": wrong, "warnings": []})

    def preupload(self, body: bytes, name: str, _: str) -> None:
        if (repository := self._repository(name)) is not None:
            answers = []
            for file in json.loads(body)["files"]:
                large = file["path"].endswith(LARGE)
                there = repository.files.get(file["path"])
                answers.append(
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if large else "regular",
                        "shouldIgnore": False,
                        "oid": None if there is None else _oid(there, large),
                    }
                )
            self._send(200, {"files": answers})

    def batch(self, body: bytes, *_: str) -> None:
        objects = []
        for each in json.loads(body)["objects"]:
            upload = {"upload": {"href": f"{self.hub.url}/lfs/{each['oid']}"}}
            objects.append(each if each["oid"] in self.hub.objects else {**each, "actions": upload})
        self._send(200, {"transfer": "basic", "objects": objects})

    def store(self, body: bytes, oid: str) -> None:
        right = hashlib.sha256(body).hexdigest() == oid
        if right:
            self.hub.objects[oid] = body
        self._send(200 if right else 400)

    def commit(self, body: bytes, name: str, _: str) -> None:
        if (repository := self._repository(name)) is not None:
            lines = [json.loads(line) for line in body.splitlines()]
            if lines[0]["value"].get("parentCommit", repository.head) != repository.head:
                return self._send(412, {"error": "A commit has happened since"})
            for line in lines[1:]:
                _apply(line["key"], line["value"], repository.files, self.hub.objects)
            oid = hashlib.sha1(body).hexdigest()
            header = lines[0]["value"]
            repository.commits.append({"oid": oid, "header": header, "lines": lines, "files": dict(repository.files)})
            self._send(200, {"commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "commitOid": oid, "success": True})

    def tag(self, body: bytes, name: str, revision: str) -> None:
        if (repository := self._repository(name)) is not None:
            tag = json.loads(body)["tag"]
            if tag in repository.tags:
                return self._send(409, {"error": "Tag reference exists already"})
            repository.tags[tag] = revision
            self._send(200)

    def resolve(self, _: bytes, name: str, revision: str, file: str) -> None:
        if (repository := self._repository(name if name.count("/") > 1 else f"models/{name}")) is not None:
            oid, files = repository.at(revision)
            if file not in files:
                return self._send(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound", X_Repo_Commit=oid)
            etag = f'"{hashlib.sha256(files[file]).hexdigest()}"'
            self._send(200, files[file], X_Repo_Commit=oid, ETag=etag, Content_Type="application/octet-stream")


def _oid(content: bytes, large: bool) -> str:
    """What the hub compares to see whether a file has changed: SHA-256, or Git's own hash."""
    if large:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _apply(key: str, value: dict, files: dict[str, bytes], objects: dict[str, bytes]) -> None:
    if key == "deletedFile":
        del files[value["path"]]
    elif key == "lfsFile":
        files[value["path"]] = objects[value["oid"]]
        assert len(objects[value["oid"]]) == value["size"]
    else:
        assert key == "file" and value["encoding"] == "base64", key
        files[value["path"]] = base64.b64decode(value["content"])


_NAME = r"((?:models|datasets|spaces)/[^/]+/[^/]+)"
ROUTES = [
    ("GET", "/api/whoami-v2", _Handler.whoami),
    ("POST", "/api/repos/create", _Handler.create),
    ("GET", f"/api/{_NAME}/refs", _Handler.refs),
    ("GET", f"/api/{_NAME}/revision/([^/]+)", _Handler.info),
    ("GET", f"/api/{_NAME}/tree/([^/]+)", _Handler.tree),
    ("POST", "/api/validate-yaml", _Handler.validate),
    ("POST", f"/api/{_NAME}/preupload/([^/]+)", _Handler.preupload),
    ("POST", r"/(.+)\.git/info/lfs/objects/batch", _Handler.batch),
    ("PUT", "/lfs/([0-9a-f]{64})", _Handler.store),
    ("POST", f"/api/{_NAME}/commit/([^/]+)", _Handler.commit),
    ("POST", f"/api/{_NAME}/tag/([^/]+)", _Handler.tag),
    *((method, "/(.+)/resolve/([^/]+)/(.+)", _Handler.resolve) for method in ("GET", "HEAD")),
]
