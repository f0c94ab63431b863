"""Signals in a job, sent to this process and to others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest
from commands import ROOT

from distilbert_sentiment_arch.bulk.job.interruption import SIGNALS, Interrupted, Interruption


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_where_it_may_and_waits_where_not(number: signal.Signals) -> None:
    said: list[str] = []
    with Interruption(said.append) as interruption:
        send(number)
        assert interruption.pending
        with pytest.raises(Interrupted) as raised, interruption.interruptible():
            pytest.fail("entered")
    assert raised.value.exit_status == 128 + number


def test_a_signal_raises_at_once_within() -> None:
    def waited(interruption: Interruption) -> None:
        with interruption.interruptible():
            send(signal.SIGTERM)
            threading.Event().wait(60)
            pytest.fail("went on")

    with Interruption(lambda text: None) as interruption, pytest.raises(Interrupted):
        waited(interruption)


def test_what_is_nearly_done_is_finished() -> None:
    said: list[str] = []
    with Interruption(said.append) as interruption:
        interruption.finish = lambda: True
        with interruption.interruptible():
            send(signal.SIGINT)
        with interruption.interruptible():
            pass
        interruption.finish = lambda: False
        with pytest.raises(Interrupted), interruption.interruptible():
            pytest.fail("entered")
        with pytest.raises(Interrupted):
            interruption.raise_pending()


def test_handlers_are_those_of_before_at_the_end() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption(lambda text: None):
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_the_second_signal_ends_the_process() -> None:
    code = """
import threading
from distilbert_sentiment_arch.bulk.job.interruption import Interruption
said = threading.Event()
with Interruption(lambda text: print(text, flush=True)) as interruption:
    interruption.finish = lambda: True
    print("ready", flush=True)
    while True:
        threading.Event().wait()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout as said:
        try:
            assert said.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
            assert said.readline().startswith("finishing the part in hand")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 128 + signal.SIGTERM
        finally:
            process.kill()


def test_the_second_signal_ends_a_process_that_is_in_native_code() -> None:
    """As while a model is compiled: no handler of Python's runs before that is done."""
    code = """
import hashlib
from distilbert_sentiment_arch.bulk.job.interruption import Interruption
with Interruption(lambda text: None) as interruption, interruption.interruptible():
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout as said:
        try:
            assert said.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) in {128 + signal.SIGINT, 128 + signal.SIGTERM}
        finally:
            process.kill()


def test_one_job_after_another_leaves_no_thread_and_no_file_open() -> None:
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with Interruption(lambda text: None):
            threads = [each for each in threading.enumerate() if each.name == "signals"]
        for thread in threads:
            thread.join()
    assert set(os.listdir("/proc/self/fd")) == before
