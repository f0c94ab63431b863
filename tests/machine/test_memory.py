"""Memory of this machine, and limits that are set for the test."""

from __future__ import annotations

import json
import os

import psutil
import pytest
from commands import run, run_python
from memory_cgroups import memory_cgroup

from distilbert_sentiment_arch.machine.memory import memory_limit, read_memory

SHOW = """
import json
from dataclasses import asdict
from distilbert_sentiment_arch.machine.memory import memory_limit, read_memory
print(json.dumps(asdict(read_memory()) | {"least": memory_limit()}))
"""
LIMIT = 600 * 2**20


def test_physical_memory_is_what_the_system_says() -> None:
    found = read_memory()
    assert found.physical == psutil.virtual_memory().total
    assert found.available is not None
    assert 0 < found.available <= found.physical
    assert 0 < memory_limit() <= found.physical


def test_ulimit_is_the_address_space_and_bounds_what_may_be_taken() -> None:
    ended = run("bash", "-c", f'ulimit -v {LIMIT // 1024} && exec "$0" -c "$1"', _python(), SHOW)
    found = json.loads(ended.stdout)
    assert found["address_space"] == LIMIT
    assert found["least"] == LIMIT
    assert found["cgroup"] is None or found["cgroup"] < found["physical"]


def test_the_limit_of_a_real_cgroup_is_found() -> None:
    with memory_cgroup(f"doctor-memory-{os.getpid()}", LIMIT) as cgroup:
        if cgroup is None:
            pytest.skip("this machine lets no memory cgroup be made")
        enter = f'echo $$ >{cgroup}/cgroup.procs && exec "$0" -c "$1"'
        found = json.loads(run("bash", "-c", enter, _python(), SHOW).stdout)
    assert found["cgroup"] == LIMIT
    assert found["least"] == LIMIT


def test_without_a_limit_of_this_process_none_is_reported() -> None:
    found = json.loads(run_python("-c", SHOW).stdout)
    assert found["address_space"] is None
    assert found["least"] == min(found["physical"], found["cgroup"] or found["physical"])


def _python() -> str:
    import sys

    return sys.executable
