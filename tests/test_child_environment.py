"""Children of a process that has imported MAX."""

from __future__ import annotations

import pytest
from commands import run_python

CHILD = "subprocess.run([sys.executable, '-c', 'import max'], capture_output=True).returncode"
PROGRAM = f"""
import subprocess, sys
import max.pipelines
from distilbert_sentiment_arch.child_environment import restore_child_environment
before = {CHILD}
restore_child_environment()
print(before, {CHILD})
"""


@pytest.mark.slow
def test_a_child_is_the_same_python() -> None:
    ended = run_python("-c", PROGRAM)
    # The first figure says whether MAX still does what this is for.
    assert ended.stdout == "1 0\n", ended.stderr
