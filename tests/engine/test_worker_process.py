"""Scheduling settings of the model worker: timers, priority and processor affinity."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from distilbert_sentiment_arch.engine.worker_process import (
    NICENESS,
    TIMER_SLACK_NS,
    _processors,
    coarse_timers,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's scheduler")


def slack_ns() -> int:
    return int(Path(f"/proc/{threading.get_native_id()}/timerslack_ns").read_text())


def test_threads_started_inside_have_coarse_timers_and_their_parent_does_not() -> None:
    before = slack_ns()
    found: list[int] = []

    def note() -> None:
        found.append(slack_ns())
        time.sleep(0.0001)  # a short sleep still ends

    with coarse_timers():
        thread = threading.Thread(target=note)
        thread.start()
        thread.join()
    assert found == [TIMER_SLACK_NS]
    assert slack_ns() == before


def test_lower_priority_applies_to_all_threads_of_the_process() -> None:
    code = """
import os, threading
from distilbert_sentiment_arch.engine.worker_process import lower_priority
listed = threading.Event()
threading.Thread(target=listed.wait).start()
lower_priority()
print(*(os.getpriority(os.PRIO_PROCESS, int(tid)) for tid in os.listdir("/proc/self/task")))
listed.set()
"""
    printed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == [str(max(NICENESS, os.nice(0)))] * 2


def test_a_lower_priority_stays() -> None:
    printed = in_a_process(
        "import os\n"
        "from distilbert_sentiment_arch.engine.worker_process import lower_priority\n"
        "os.nice(19)\n"
        "lower_priority()\n"
        "print(os.nice(0))"
    )
    assert int(printed) == 19


def in_a_process(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


COMPUTE = """
import os, threading, time
from pathlib import Path
from distilbert_sentiment_arch.engine import worker_process

def compute(index):
    name = f"{worker_process.COMPUTE_THREAD}{index}"
    Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)
    ready.wait()
    done.wait()

def start(count):
    global ready, done
    ready, done = threading.Barrier(count + 1), threading.Event()
    for index in range(count):
        threading.Thread(target=compute, args=(index,)).start()
    ready.wait()

def places():
    return [os.sched_getaffinity(thread) for thread in worker_process._compute_threads()]
"""


def test_each_compute_thread_is_pinned_to_its_own_core() -> None:
    code = f"""{COMPUTE}
cores = worker_process.cores_of(os.sched_getaffinity(0))
start(len(cores))
kept = worker_process.pin_compute_threads()
print(kept, sorted(map(sorted, places())) == sorted(map(sorted, cores)),
      os.sched_getaffinity(0) == set().union(*cores))
done.set()
"""
    assert in_a_process(code).split() == ["True", "True", "True"]


def test_threads_are_not_pinned_unless_they_are_as_many_as_cores() -> None:
    code = f"""{COMPUTE}
allowed = os.sched_getaffinity(0)
start(len(worker_process.cores_of(os.sched_getaffinity(0))) + 1)
print(worker_process.pin_compute_threads(), all(place == allowed for place in places()))
done.set()
"""
    assert in_a_process(code).split() == ["False", "True"]


@pytest.mark.parametrize(
    ("text", "expected"), [("0\n", {0}), ("0,64\n", {0, 64}), ("2-3", {2, 3}), ("0-1,8", {0, 1, 8})]
)
def test_lists_of_processors(text: str, expected: set[int]) -> None:
    assert _processors(text) == expected
