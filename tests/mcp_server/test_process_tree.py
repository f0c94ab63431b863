"""The processes that a process started."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest
from tool_server import has_ended, wait_for

from distilbert_sentiment_arch.mcp_server import process_tree
from distilbert_sentiment_arch.mcp_server.process_tree import descendants, kill_descendants

NESTED = """
import subprocess, sys
depth = int(sys.argv[1])
if depth:
    # In a group of its own, and with brackets in its name.
    child = subprocess.Popen([sys.executable, "-c", sys.argv[2], str(depth - 1), sys.argv[2]],
        start_new_session=True, stdout=subprocess.PIPE)
    child.stdout.readline()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def nested() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", NESTED, "2", NESTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize("way", ["proc", "ps"])
def test_children_of_children_are_found_and_killed(
    nested: subprocess.Popen[bytes], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "ps":
        if not os.access("/bin/ps", os.X_OK):
            pytest.skip("no ps here")
        monkeypatch.setattr(process_tree, "_parents", process_tree._parents_of_ps)
    found = psutil.Process(nested.pid).children(recursive=True)
    assert len(found) == 2
    assert sorted(descendants(nested.pid)) == sorted(each.pid for each in found)
    kill_descendants(nested.pid)
    wait_for(lambda: all(has_ended(each) for each in found))
    assert nested.poll() is None
    nested.communicate()
    assert descendants(nested.pid) == []
