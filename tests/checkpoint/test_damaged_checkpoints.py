"""Randomly damaged checkpoints: each is either served or refused with a one-line message.

`scripts/fuzz_checkpoints.py` tries more of them, each in a process with limits on time and memory.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings

from scripts.checkpoint_fuzz.base import Checkpoint, Variant, valid_checkpoint
from scripts.checkpoint_fuzz.cases import checkpoints, write
from scripts.checkpoint_fuzz.isolation import MEMORY_LIMIT, run_isolated
from scripts.checkpoint_fuzz.outcome import Outcome, loaded_outcome_of, outcome_of


@settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(checkpoints())
def test_a_damaged_checkpoint_is_served_or_refused_in_one_line(checkpoint: Checkpoint) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write(checkpoint, Path(directory))
        outcome = outcome_of(Path(directory))
    assert not outcome.problem, outcome.message


# transformers hands the path of a vocab.txt to tokenizers, which warns that this is deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("variant", get_args(Variant))
@pytest.mark.parametrize("shards", [1, 2])
def test_checkpoints_are_valid_before_they_are_damaged(
    tmp_path: Path, variant: Variant, shards: int
) -> None:
    write(valid_checkpoint(variant, shards), tmp_path)
    assert loaded_outcome_of(tmp_path) == Outcome(True, "")


def test_a_checkpoint_that_hangs_crashes_or_takes_too_much_memory_is_reported(
    tmp_path: Path,
) -> None:
    def hang(_: Path) -> Outcome:
        while True:
            pass

    def take_too_much_memory(_: Path) -> Outcome:
        return Outcome(True, str(len(bytes(2 * MEMORY_LIMIT))))

    def crash(_: Path) -> Outcome:
        raise KeyboardInterrupt

    assert run_isolated(hang, tmp_path, limit_s=0.5).outcome.problem == "more than 0.5 s"
    for judge in (take_too_much_memory, crash):
        assert "ended with status" in run_isolated(judge, tmp_path).outcome.problem


@pytest.mark.parametrize(
    ("status", "printed", "problem"),
    [
        (1, "max-sentiment: config.json: dim is 0. Correct it.\n", ""),
        (1, "one\ntwo\n", "not one printable line"),
        (1, "\x1b[2J\n", "not one printable line"),
        (1, "", "not one printable line"),
        (1, "x" * 500 + "\n", "a line of 501 characters"),
        (2, "usage\n", "exit status 2"),
    ],
)
def test_only_one_printable_line_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, printed: str, problem: str
) -> None:
    def main(_: list[str]) -> int:
        sys.stderr.write(printed)
        return status

    monkeypatch.setattr("scripts.checkpoint_fuzz.outcome.main", main)
    assert outcome_of(tmp_path) == Outcome(False, printed, problem)
