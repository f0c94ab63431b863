"""The limit on open files, as ``ulimit -n`` sets it."""

from __future__ import annotations

import sys

from commands import run

SHOW = """
from distilbert_sentiment_arch.machine.open_files import read_open_files
found = read_open_files()
print(found.soft, found.hard)
"""


def test_both_limits_are_those_of_the_shell() -> None:
    ended = run(
        "bash", "-c", 'ulimit -Sn 200; ulimit -Hn 300; exec "$0" -c "$1"', sys.executable, SHOW
    )
    assert ended.stdout.split() == ["200", "300"], ended.stderr
