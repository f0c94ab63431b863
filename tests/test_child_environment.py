"""Children of a process that has imported MAX."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, run_python

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


def test_the_command_of_a_child_holds_in_any_directory(tmp_path: Path) -> None:
    program = (
        "import os, subprocess\n"
        "from distilbert_sentiment_arch.child_environment import python_command, "
        "python_environment\n"
        "os.chdir('/')\n"
        "command = [*python_command('base64'), '-h']\n"
        "print(subprocess.run(command, env=python_environment()).returncode)"
    )
    # As a shell has it that was given a relative path.
    python = os.path.relpath(sys.executable, tmp_path)
    ended = subprocess.run(
        [python, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "0"
