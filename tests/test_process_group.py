"""Process groups."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil

from distilbert_sentiment_arch.process_group import signal_group

# Starts a child, names it, and ends before it.
LEADER = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " stdout=subprocess.DEVNULL)\n"
    "print(child.pid, flush=True)"
)


def test_what_outlives_its_leader_gets_the_signal() -> None:
    leader = subprocess.Popen(
        [sys.executable, "-c", LEADER], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    said, _ = leader.communicate(timeout=60)
    child = psutil.Process(int(said))
    signal_group(leader.pid, signal.SIGTERM)
    _, alive = psutil.wait_procs([child], timeout=60)
    assert not alive


def test_a_group_that_is_gone_is_passed_over() -> None:
    leader = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    leader.wait(60)
    signal_group(leader.pid)
