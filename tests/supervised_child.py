"""A server of a few lines, for tests of what supervises servers.

    python supervised_child.py NAME MODE PORT [MARK]

``exit N``, as MODE, ends with status N; ``hang`` loads for ever; ``deaf`` does so and goes on after
SIGTERM; ``serve`` loads once the file MARK is there, or at once, and answers every GET with its
name, ``/ready`` with 503 while the file ``MARK.unready`` is there, and ends with 5 for ``/end``.
``words`` serves without telling a supervisor. ``parent`` starts a process that would
outlive it, and ends with status 1. Each says what it does, and its process id.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from whole_lines import write_line

from distilbert_sentiment_arch.settings.supervisor import supervised


def say(what: str, name: str = sys.argv[1], pid: int = os.getpid()) -> None:
    write_line({"name": name, "says": what, "pid": pid})


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/end":
            os._exit(5)
        unready = MARK is not None and MARK.with_suffix(".unready").exists()
        body = sys.argv[1].encode()
        self.send_response(503 if self.path == "/ready" and unready else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


def tell(port: int) -> None:
    told = supervised()
    assert told is not None
    with socket.socket(fileno=told.socket) as connection:
        connection.sendall(json.dumps({"host": "127.0.0.1", "port": port}).encode() + b"\n")
        say("loaded")
        connection.recv(64)


def serve(port: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        say("serving")
        server.serve_forever()


def main(mode: str, port: int) -> None:
    heard = (lambda *_: say("heard")) if mode == "deaf" else (lambda *_: sys.exit(0))
    signal.signal(signal.SIGTERM, heard)
    say("starting")
    if mode.startswith("exit"):
        sys.exit(int(mode.split()[1]))
    if mode == "parent":
        left = subprocess.Popen(["sleep", "1000"])
        say("starting", "left", left.pid)
        sys.exit(1)
    while mode in ("hang", "deaf") or (mode == "serve" and MARK is not None and not MARK.exists()):
        time.sleep(0.01)
    if mode == "serve":
        tell(port)
    serve(port)


MARK = Path(sys.argv[4]) if len(sys.argv) > 4 else None

if __name__ == "__main__":
    main(sys.argv[2], int(sys.argv[3]))
