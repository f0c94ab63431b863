"""Memory of a session of processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from distilbert_sentiment_arch.recommend.memory import available_memory, session_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")

_MB = 1_000_000


def test_all_processes_of_a_session_count() -> None:
    parent = (
        "import subprocess, sys\n"
        "block = b'x' * 20_000_000\n"
        "child = 'block = b\"y\" * 30_000_000; print(flush=True); input()'\n"
        "subprocess.run([sys.executable, '-c', child])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    found = session_memory(process.pid)
    process.communicate(b"\n", timeout=60)
    assert 50 * _MB < found < 120 * _MB


def test_files_that_other_sessions_map_too_count_in_full(tmp_path: Path) -> None:
    file = tmp_path / "shared"
    file.write_bytes(b"x" * 40_000_000)
    program = (
        "import mmap, sys\n"
        "file = open(sys.argv[1], 'rb')\n"
        "mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "sum(mapped[::4096])\n"
        "print(flush=True); input()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        for _ in range(3)
    ]
    for each in processes:
        assert each.stdout is not None
        each.stdout.readline()
    together = session_memory(processes[0].pid)
    for each in processes[1:]:
        each.communicate(b"\n", timeout=60)
    alone = session_memory(processes[0].pid)
    processes[0].communicate(b"\n", timeout=60)
    assert together > 40 * _MB
    assert together == pytest.approx(alone, rel=0.05)


def test_a_session_that_has_ended() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as process:
        process.wait()
    assert session_memory(process.pid) == 0


def test_available_memory() -> None:
    found = available_memory()
    assert found is not None
    assert 0 < found < 1 << 50
