"""Cores of this process, as they are set for it."""

from __future__ import annotations

import os
import sys

import pytest
from commands import run_python

from distilbert_sentiment_arch.machine.cores import read_cores

ONE = """
import os
from distilbert_sentiment_arch.machine.cores import read_cores
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(read_cores().allowed, read_cores().present)
"""


def test_cores_are_those_that_the_process_may_run_on() -> None:
    found = read_cores()
    assert found.present == os.cpu_count()
    assert 1 <= found.allowed <= found.present
    assert found.quota is None or found.quota > 0


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_a_process_that_is_tied_to_a_core_has_one() -> None:
    allowed, present = run_python("-c", ONE).stdout.split()
    assert int(allowed) == 1
    assert int(present) == os.cpu_count()
