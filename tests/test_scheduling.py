"""What the worker asks of the operating system's scheduler."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from distilbert_sentiment_arch.scheduling import NICENESS, TIMER_SLACK_NS, coarse_timers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's scheduler")


def slack_ns() -> int:
    return int(Path(f"/proc/{threading.get_native_id()}/timerslack_ns").read_text())


def test_threads_started_inside_have_coarse_timers_and_the_starter_keeps_its_own() -> None:
    before = slack_ns()
    found: list[int] = []

    def note() -> None:
        found.append(slack_ns())
        time.sleep(0.0001)  # still ends

    with coarse_timers():
        thread = threading.Thread(target=note)
        thread.start()
        thread.join()
    assert found == [TIMER_SLACK_NS]
    assert slack_ns() == before


def test_a_process_that_steps_back_does_so_with_all_its_threads() -> None:
    code = """
import os, threading, time
from distilbert_sentiment_arch.scheduling import step_back
threading.Thread(target=time.sleep, args=(0.5,)).start()
step_back()
print(*(os.getpriority(os.PRIO_PROCESS, int(tid)) for tid in os.listdir("/proc/self/task")))
"""
    printed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    ).stdout
    assert printed.split() == [str(max(NICENESS, os.nice(0)))] * 2
