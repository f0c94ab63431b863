"""Which logical processors are taken."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.recommend.cores import (
    chosen_processors,
    counts_up_to,
    first_processors,
    usable_processors,
)


def test_threads_of_one_core_stay_together() -> None:
    cores = [frozenset({0, 8}), frozenset({1, 9}), frozenset({2, 10})]
    assert first_processors(1, cores) == [0]
    assert first_processors(2, cores) == [0, 8]
    assert first_processors(4, cores) == [0, 8, 1, 9]


@pytest.mark.parametrize(
    ("most", "counts"), [(1, [1]), (2, [2, 1]), (6, [6, 4, 2, 1]), (8, [8, 4, 2, 1])]
)
def test_counts(most: int, counts: list[int]) -> None:
    assert counts_up_to(most) == counts


def test_more_than_there_are() -> None:
    usable = usable_processors()
    for count in (0, usable + 1):
        with pytest.raises(ConfigError, match=f"--cores is {count}, and this process may use"):
            chosen_processors(count)


def test_a_limited_process_and_its_children_see_no_others() -> None:
    program = (
        "import os, subprocess, sys\n"
        "from distilbert_sentiment_arch.recommend.cores import chosen_processors, "
        "limit_processors, usable_processors\n"
        "limit_processors(chosen_processors(1))\n"
        "assert usable_processors() == 1\n"
        "print(subprocess.check_output([sys.executable, '-c', "
        "'import os; print(len(os.sched_getaffinity(0)))'], text=True))"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert printed.strip() == "1"
    assert usable_processors() == len(os.sched_getaffinity(0))
