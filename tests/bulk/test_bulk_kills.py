"""The script that kills jobs, run small."""

from __future__ import annotations

import re

from commands import run_python


def test_killed_jobs_end_as_one_that_was_not() -> None:
    ended = run_python("-m", "scripts.bulk_kills", "--kills", "8")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.fullmatch(
        r"8 kills in \d+ jobs \(\d+ processes came to the end, 0 failed\): 0 problems\n",
        ended.stdout,
    )
