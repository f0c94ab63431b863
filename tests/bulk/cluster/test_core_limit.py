"""Threads for a part of a machine's cores, in a process of its own."""

from __future__ import annotations

import os

import pytest
from commands import run_python

CODE = """
import os, threading
from pathlib import Path
from distilbert_sentiment_arch.bulk.cluster.core_limit import threads_for
before = os.sched_getaffinity(0)
done = threading.Event()
with threads_for({processors}):
    inside = len(os.sched_getaffinity(0))
    started = threading.Thread(target=done.wait)
    started.start()
threads = [int(path.name) for path in Path("/proc/self/task").iterdir()]
after = [os.sched_getaffinity(thread) for thread in threads]
print(inside, len(threads) > 1, all(each == before for each in after))
done.set()
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux only")
@pytest.mark.parametrize("processors", [0, 1, 10_000])
def test_what_is_started_inside_sees_so_many_processors_and_may_use_all_later(
    processors: int,
) -> None:
    ended = run_python("-c", CODE.format(processors=processors))
    assert ended.returncode == 0, ended.stderr
    here = len(os.sched_getaffinity(0))
    assert ended.stdout.split() == [str(min(max(1, processors), here)), "True", "True"]
