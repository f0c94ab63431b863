"""An S3-compatible server, as a process of its own: `rclone serve s3` over a directory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.server_process import free_ports

RCLONE = Path(sys.executable).with_name("rclone")


@dataclass(frozen=True)
class ObjectStore:
    """A running server.

    Attributes:
        root: Its directory; a directory in it is a bucket, and a file in that an object.
        environment: Variables with which clients find it.
    """

    root: Path
    environment: Mapping[str, str]

    def bucket(self, name: str) -> Path:
        """Makes a bucket; returns the directory of its objects."""
        path = self.root / name
        path.mkdir()
        return path


@contextmanager
def object_store(root: Path) -> Iterator[ObjectStore]:
    """Starts a server and waits until it says that it listens.

    It keeps what it has listed: files that are put into a listed directory without it may be
    missed. Told to keep nothing (``--dir-cache-time 0s``), it sometimes never answers a client that
    writes, and takes a core from then on.

    Args:
        root: Its directory.
    """
    (port,) = free_ports(1)
    command = [str(RCLONE), "serve", "s3", "--auth-key", "TESTKEY,TESTSECRET"]
    process = subprocess.Popen(
        [*command, "--addr", f"127.0.0.1:{port}", str(root)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RCLONE_CONFIG": os.devnull},
    )
    drain = None
    try:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if "Starting s3 server" in line:
                break
        else:
            raise AssertionError("rclone ended: " + "".join(told))
        # What it says later would fill the pipe.
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield ObjectStore(
            root,
            {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "TESTKEY",
                "AWS_SECRET_ACCESS_KEY": "TESTSECRET",
                "AWS_EC2_METADATA_DISABLED": "true",
                # It knows no checksums behind the body, which the client sends since 2025.
                "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
                "NO_PROXY": "127.0.0.1",
            },
        )
    finally:
        process.terminate()
        process.wait(timeout=60)
        if drain is not None:
            drain.join()
        if process.stderr is not None:
            process.stderr.close()
