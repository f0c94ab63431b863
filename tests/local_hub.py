"""A Hugging Face hub on loopback that serves one directory to the real client."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

MAIN = "0123456789abcdef0123456789abcdef01234567"
PROPOSED = "89abcdef0123456789abcdef0123456789abcdef"
"""Commit of a pull request."""


class Hub(BaseHTTPRequestHandler):
    directory: ClassVar[Path]
    proposed: ClassVar[dict[str, Path]]
    revisions: ClassVar[list[str]]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        parts = [unquote(each) for each in self.path.partition("?")[0].strip("/").split("/")]
        proposed = next((self.proposed[each] for each in parts if each in self.proposed), None)
        directory = proposed or self.directory
        if PROPOSED in parts:
            (directory,) = self.proposed.values()
        files = sorted(directory.iterdir())
        if "tree" in parts:
            tree = [
                {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": path.name}
                for path in files
            ]
            self.send("application/json", json.dumps(tree).encode())
        elif parts[-1] == "discussions":
            self.send(
                "application/json", json.dumps(self.discussions("/".join(parts[2:4]))).encode()
            )
        elif parts[:2] == ["api", "models"]:
            revision = parts[parts.index("revision") + 1]
            self.revisions.append(revision)
            head = PROPOSED if proposed else MAIN
            commit = revision if len(revision) == len(MAIN) else head
            siblings = [{"rfilename": path.name} for path in files]
            info = {"id": "/".join(parts[2:4]), "sha": commit, "siblings": siblings}
            self.send("application/json", json.dumps(info).encode())
        elif (file := directory / parts[-1]).is_file():
            self.send("application/octet-stream", file.read_bytes(), body, commit=parts[-2])
        else:
            self.send_error(404)

    def discussions(self, repo: str) -> dict[str, object]:
        found = [
            {
                "title": "Adding `safetensors` variant of this model",
                "num": int(revision.rpartition("/")[2]),
                "author": {"name": "SFconvertbot"},
                "createdAt": "2026-01-01T00:00:00.000Z",
                "status": "open",
                "repo": {"name": repo, "type": "model"},
                "isPullRequest": True,
            }
            for revision in self.proposed
        ]
        return {"discussions": found, "count": len(found), "start": 0}

    def send(self, kind: str, content: bytes, body: bool = True, commit: str = MAIN) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", commit)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def local_hub(
    directory: Path, proposed: Mapping[str, Path] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Serves a directory as every repository; yields the address and the requested revisions.

    Args:
        directory: What is on the main branch.
        proposed: What is on the revision of a pull request, one at most.
    """
    revisions: list[str] = []
    served = {"directory": directory, "proposed": dict(proposed or {}), "revisions": revisions}
    handler = type("Handler", (Hub,), served)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", revisions
        server.shutdown()
