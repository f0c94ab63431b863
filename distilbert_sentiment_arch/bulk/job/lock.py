"""The lock of an output: one run at a time writes there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.bulk.job.output_directory import ASIDE, OutputDirectory
from distilbert_sentiment_arch.errors import OutputError, OutputInUse

LOCK = "_lock"

LEASE_S = 120.0
"""Age at which a lease on an object store is that of a run that died."""
RENEWAL_S = 30.0
SETTLING_S = 1.0
"""Between writing a lease and reading it back; of runs that start together the last one stays."""

_CLOCK = f"{ASIDE}/clock"
"""A file that tells the time of the store."""

_tokens: set[str] = set()


class Lock:
    """The right to write to an output, until ``release`` or the end of the process.

    On this machine's file systems it is the kernel's (``flock``), and goes with the process
    however that ends. Elsewhere it is a lease: a file that is written again every 30 seconds, and
    taken over when it is two minutes old, or when its process on this host is gone. A lease does
    not keep out a run that was stopped for minutes and woke up: both then write the same bytes.

    Args:
        output: The directory; it exists.

    Raises:
        OutputInUse: Another run holds it; the message says who.
        OutputError: It cannot be written.
    """

    def __init__(self, output: OutputDirectory, name: str = LOCK) -> None:
        self._output = output
        self._name = name
        self._token = uuid.uuid4().hex
        self._since = datetime.now(UTC).isoformat(timespec="seconds")
        self._descriptor: int | None = None
        self._stopped = threading.Event()
        self._renewal: threading.Thread | None = None
        if output.local:
            self._lock_file(Path(output.path, name))
        else:
            self._take_lease()
        _tokens.add(self._token)

    def release(self) -> None:
        """Lets another run write there."""
        _tokens.discard(self._token)
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                Path(self._output.path, self._name).unlink()
            os.close(self._descriptor)
            self._descriptor = None
        if self._renewal is not None:
            self._stopped.set()
            self._renewal.join()
            self._renewal = None
            with contextlib.suppress(OutputError):
                if self._holder().get("token") == self._token:
                    # Not removed: pyarrow would put an object in the place of its directory.
                    self._output.write(self._name, b"{}")

    def _lock_file(self, path: Path) -> None:
        while self._descriptor is None:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise self._unwritable(error) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The holder before may have removed the file between opening and locking it.
                if _same_file(descriptor, path):
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, self._content())
                    self._descriptor = descriptor
            except BlockingIOError as error:
                holder = _parsed(os.pread(descriptor, 4096, 0))
                raise self._in_use(holder) from error
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP):
                    raise self._unwritable(error) from error
                self._take_lease()
                return
            finally:
                if self._descriptor is None:
                    os.close(descriptor)

    def _take_lease(self) -> None:
        holder = self._holder()
        if holder and not self._dead(holder):
            raise self._in_use(holder)
        self._output.write(self._name, self._content())
        time.sleep(SETTLING_S)
        holder = self._holder()
        if holder.get("token") != self._token:
            raise self._in_use(holder)
        self._renewal = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewal.start()

    def _renew(self) -> None:
        while not self._stopped.wait(RENEWAL_S):
            # A store that does not answer for a while does not end the job; the parts would. What
            # fsspec's file systems raise then is anything.
            with contextlib.suppress(Exception):
                self._output.write(self._name, self._content())

    def _dead(self, holder: dict[str, Any]) -> bool:
        """Whether the holder of a lease is gone, judged by the clock of the store."""
        if holder.get("host") == socket.gethostname():
            pid = int(holder.get("pid", 0))
            own = pid == os.getpid() and holder.get("token") not in _tokens
            if own or not _runs(pid):
                return True
            # Another process may have its number by now, so the age counts.
        self._output.write(_CLOCK, b"")
        now, written = self._output.modified(_CLOCK), self._output.modified(self._name)
        return now is None or written is None or now - written > LEASE_S

    def _holder(self) -> dict[str, Any]:
        return _parsed(self._output.read(self._name) or b"")

    def _content(self) -> bytes:
        return json.dumps(
            {
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "since": self._since,
                "token": self._token,
            }
        ).encode()

    def _in_use(self, holder: dict[str, Any]) -> OutputInUse:
        who = (
            f"process {holder.get('pid')} on {holder.get('host')}, since {holder.get('since')},"
            if holder
            else "another process"
        )
        remedy = "Wait for it or stop it"
        if not self._output.local:
            remedy += f" (if it died, wait two minutes, or delete {self._name} there)"
        return OutputInUse(
            f"{self._output.uri}: {who} writes to this output. {remedy}, or choose another "
            "--output."
        )

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._output.uri}: cannot write to the output: {error.strerror}. Choose another "
            "--output, or make it writable."
        )


def _runs(pid: int) -> bool:
    """Whether there is a process of a number on this machine."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    return True


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
