"""Memory of a process tree, measured on processes that use a known amount."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from scripts.process_memory import PeakMemory, memory_of, process_tree

MB = 1_000_000
CHILD = f"import sys; kept = b'x' * {80 * MB}; print(flush=True); sys.stdin.read()"
PARENT = """
import subprocess, sys
command = [sys.executable, "-c", sys.argv[1]]
child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(flush=True)
for line in sys.stdin:
    kept = b"x" * int(line)
    print(flush=True)
child.stdin.close()
child.wait()
"""


class Tree:
    """A process with a child that holds 80 MB; the parent allocates more on demand."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input, self.output = self.process.stdin, self.process.stdout
        self.output.readline()

    def hold(self, size: int) -> None:
        """Makes the parent allocate so many bytes, and returns once it has."""
        self.input.write(b"%d\n" % size)
        self.input.flush()
        self.output.readline()

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture
def tree() -> Iterator[Tree]:
    found = Tree()
    yield found
    found.end()


def test_children_are_in_the_tree_and_in_its_memory(tree: Tree) -> None:
    processes = process_tree(tree.process.pid)
    assert processes[0].pid == tree.process.pid
    assert len(processes) == 2
    child = processes[1].memory_full_info().pss
    assert 80 * MB < child < 120 * MB
    own = processes[0].memory_full_info().pss
    assert memory_of(tree.process.pid) == pytest.approx(child + own, rel=0.05)


def test_the_peak_is_kept_after_memory_is_given_back(tree: Tree) -> None:
    before = memory_of(tree.process.pid)
    with PeakMemory(tree.process.pid, interval_s=0.005) as peak:
        tree.hold(100 * MB)
        deadline = time.monotonic() + 30
        while peak.bytes < before + 90 * MB and time.monotonic() < deadline:
            time.sleep(0.01)
        tree.hold(0)
    assert memory_of(tree.process.pid) < before + 20 * MB
    assert before + 90 * MB < peak.bytes < before + 130 * MB


def test_a_process_that_has_ended(tree: Tree) -> None:
    tree.end()
    with pytest.raises(psutil.NoSuchProcess):
        memory_of(tree.process.pid)
    with PeakMemory(tree.process.pid) as peak:
        pass
    assert peak.bytes == 0
