"""Locks of outputs, against processes that hold them, end, or are killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from object_store import ObjectStore, object_store

from distilbert_sentiment_arch.bulk.job import lock as lock_module
from distilbert_sentiment_arch.bulk.job.lock import LOCK, Lock
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory
from distilbert_sentiment_arch.child_environment import python_environment
from distilbert_sentiment_arch.errors import OutputError, OutputInUse

HOLD = """
import sys
from distilbert_sentiment_arch.bulk.job.lock import Lock
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory

held = Lock(OutputDirectory(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
held.release()
"""


@contextmanager
def holder(uri: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of an output until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, uri],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def output(tmp_path: Path) -> OutputDirectory:
    return OutputDirectory(str(tmp_path))


def test_a_process_is_refused_with_who_holds_it_until_that_one_is_killed(
    output: OutputDirectory,
) -> None:
    with holder(output.uri) as process:
        with pytest.raises(OutputInUse) as raised:
            Lock(output)
        assert f"process {process.pid} on {socket.gethostname()}, since 20" in str(raised.value)
        process.send_signal(signal.SIGKILL)
        process.wait()
        Lock(output).release()


def test_it_is_free_after_its_release(output: OutputDirectory) -> None:
    for _ in range(2):
        held = Lock(output)
        with pytest.raises(OutputInUse):
            Lock(output)
        held.release()
        assert not Path(output.path, LOCK).exists()


def test_a_lock_file_that_nobody_holds_is_taken(output: OutputDirectory) -> None:
    Path(output.path, LOCK).write_text("left over")
    held = Lock(output)
    assert json.loads(Path(output.path, LOCK).read_text())["pid"] == os.getpid()
    held.release()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="--output"):
        Lock(OutputDirectory(str(tmp_path / "missing")))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("store")) as running:
        running.bucket("jobs")
        yield running


@pytest.fixture
def remote(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> OutputDirectory:
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(lock_module, "SETTLING_S", 0.0)
    return OutputDirectory(f"s3://jobs/{request.node.name}")


@pytest.mark.slow
def test_a_lease_keeps_others_out_until_its_release(remote: OutputDirectory) -> None:
    held = Lock(remote)
    with pytest.raises(OutputInUse, match=f"process {os.getpid()} on .*delete {LOCK}"):
        Lock(remote)
    held.release()
    Lock(remote).release()


@pytest.mark.slow
def test_a_lease_of_a_killed_process_on_this_host_is_taken_over(remote: OutputDirectory) -> None:
    with holder(remote.uri) as process:
        with pytest.raises(OutputInUse):
            Lock(remote)
        process.kill()
        process.wait()
        Lock(remote).release()


@pytest.mark.slow
@pytest.mark.parametrize("old", [False, True])
def test_a_lease_of_another_host_is_taken_over_when_it_is_old(
    remote: OutputDirectory, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    content = {"host": "elsewhere", "pid": 1, "since": "2026-11-22", "token": "theirs"}
    remote.write(LOCK, json.dumps(content).encode())
    if old:
        monkeypatch.setattr(lock_module, "LEASE_S", -1.0)
        Lock(remote).release()
    else:
        with pytest.raises(OutputInUse, match="process 1 on elsewhere"):
            Lock(remote)


@pytest.mark.slow
def test_a_lease_whose_number_another_process_has_is_taken_over_when_it_is_old(
    remote: OutputDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"host": socket.gethostname(), "pid": os.getppid(), "since": "2026", "token": "old"}
    remote.write(LOCK, json.dumps(content).encode())
    with pytest.raises(OutputInUse, match=f"process {os.getppid()}"):
        Lock(remote)
    monkeypatch.setattr(lock_module, "LEASE_S", -1.0)
    Lock(remote).release()


@pytest.mark.slow
def test_of_two_that_start_together_one_stays(
    remote: OutputDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_writes(seconds: float) -> None:
        remote.write(LOCK, json.dumps({"host": "elsewhere", "pid": 1, "token": "x"}).encode())

    monkeypatch.setattr(lock_module.time, "sleep", other_writes)
    with pytest.raises(OutputInUse, match="elsewhere"):
        Lock(remote)
    assert remote.read(LOCK) is not None


@pytest.mark.slow
def test_a_lease_is_renewed(remote: OutputDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = threading.Event()
    write = remote.write

    def watched(name: str, content: bytes) -> None:
        write(name, content)
        if threading.current_thread() is not threading.main_thread():
            renewed.set()

    monkeypatch.setattr(remote, "write", watched)
    monkeypatch.setattr(lock_module, "RENEWAL_S", 0.0)
    held = Lock(remote)
    renewed.wait()
    assert json.loads(remote.read(LOCK) or b"")["pid"] == os.getpid()
    held.release()
    Lock(remote).release()
