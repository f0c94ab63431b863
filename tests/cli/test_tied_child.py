"""A command that ends with the process that started it."""

from __future__ import annotations

import os

from commands import run_python

MODULE = "distilbert_sentiment_arch.cli.tied_child"


def test_it_becomes_the_command() -> None:
    ended = run_python("-m", MODULE, str(os.getpid()), "sh", "-c", "echo $0 $1; exit 3", "a", "b c")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "a b c\n", "")


def test_it_does_not_start_where_its_parent_has_ended() -> None:
    ended = run_python("-m", MODULE, "1", "echo", "started")
    assert (ended.returncode, ended.stdout) == (1, "")
