"""A Hugging Face hub on loopback that serves one directory to the real client."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

MAIN = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    directory: ClassVar[Path]
    revisions: ClassVar[list[str]]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        files = sorted(self.directory.iterdir())
        if "tree" in parts:
            tree = [
                {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": path.name}
                for path in files
            ]
            self.send("application/json", json.dumps(tree).encode())
        elif parts[:2] == ["api", "models"]:
            revision = parts[parts.index("revision") + 1]
            self.revisions.append(revision)
            commit = revision if len(revision) == len(MAIN) else MAIN
            siblings = [{"rfilename": path.name} for path in files]
            info = {"id": "/".join(parts[2:4]), "sha": commit, "siblings": siblings}
            self.send("application/json", json.dumps(info).encode())
        elif (file := self.directory / parts[-1]).is_file():
            self.send("application/octet-stream", file.read_bytes(), body, commit=parts[-2])
        else:
            self.send_error(404)

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
def local_hub(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """Serves a directory as every repository; yields the address and the requested revisions."""
    revisions: list[str] = []
    handler = type("Handler", (Hub,), {"directory": directory, "revisions": revisions})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", revisions
        server.shutdown()
