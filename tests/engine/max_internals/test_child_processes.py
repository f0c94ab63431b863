"""Child processes of MAX Serve: they end with their parent, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from commands import ROOT

# Starts a child as MAX starts its worker: with subprocess_manager, in an event loop.
PARENT = """
import asyncio, signal, sys
from max.serve.process_control import subprocess_manager
from distilbert_sentiment_arch.engine.max_internals import child_processes
import child_of_the_test

async def main():
    async with subprocess_manager("child") as manager:
        await manager.start(child_of_the_test.run, sys.argv[1], said="begun")

if __name__ == "__main__":
    # A job in the background of a shell ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    child_processes.install()
    child_processes.install()
    asyncio.run(main())
"""
CHILD = """
import os, time
from pathlib import Path

def run(path, said):
    Path(path).write_text(f"{said} {os.getpid()}")
    %s
"""
BUSY = "while True: pass"
# A system call that holds the global interpreter lock: no Python thread runs meanwhile.
IN_NATIVE_CODE = "import ctypes; ctypes.PyDLL(None).sleep(60)"
DEADLINE_S = 60


@contextmanager
def parent_and_child(
    directory: Path, work: str
) -> Iterator[tuple[subprocess.Popen[bytes], psutil.Process]]:
    (directory / "child_of_the_test.py").write_text(CHILD % work)
    (directory / "parent.py").write_text(PARENT)
    note = directory / "note"
    process = subprocess.Popen(
        [sys.executable, directory / "parent.py", note],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(directory)])},
    )
    child = None
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not note.exists() or not note.read_text():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        said, pid = note.read_text().split()
        assert said == "begun"
        child = psutil.Process(int(pid))
        assert child.ppid() == process.pid
        yield process, child
    finally:
        process.kill()
        process.wait()
        if child is not None:
            with suppress(psutil.NoSuchProcess):
                child.kill()


@pytest.mark.parametrize("work", ["time.sleep(60)", BUSY, IN_NATIVE_CODE])
def test_a_child_of_max_ends_with_a_parent_that_is_killed(tmp_path: Path, work: str) -> None:
    if work == IN_NATIVE_CODE and sys.platform != "linux":
        pytest.skip("the kernel ends it, on Linux alone")
    with parent_and_child(tmp_path, work) as (parent, child):
        parent.kill()
        parent.wait()
        child.wait(timeout=10)


def test_a_child_ends_without_the_parent_death_signal_too(tmp_path: Path) -> None:
    forgetful = "import ctypes; ctypes.CDLL(None).prctl(1, 0, 0, 0, 0); time.sleep(60)"
    with parent_and_child(tmp_path, forgetful) as (parent, child):
        parent.kill()
        parent.wait()
        child.wait(timeout=10)


def test_a_parent_that_is_terminated_ends_its_child_as_max_does(tmp_path: Path) -> None:
    with parent_and_child(tmp_path, "time.sleep(60)") as (parent, child):
        deadline = time.monotonic() + DEADLINE_S
        while parent.poll() is None and time.monotonic() < deadline:
            # asyncio.run cancels its task at the first; one while MAX starts a child may be lost.
            parent.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                parent.wait(timeout=2)
        assert parent.poll() is not None
        child.wait(timeout=10)


def test_the_end_of_a_child_is_noticed_as_max_does(tmp_path: Path) -> None:
    with parent_and_child(tmp_path, "time.sleep(0.5); os._exit(3)") as (parent, _):
        assert parent.wait(timeout=DEADLINE_S) == 1
