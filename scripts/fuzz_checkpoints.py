"""Fuzzer of checkpoints: damages them at random and checks the reaction of ``max-sentiment serve``.

    .venv/bin/python scripts/fuzz_checkpoints.py [--examples 5000] [--seed 1] [--load]

Every case runs ``max-sentiment serve --dry-run`` in a process limited to 1 GiB of memory and five
seconds. With ``--load``, transformers also loads the accepted checkpoints. A checkpoint has to be
accepted, or refused with an error of one line. Exits with 1 if one was handled wrongly, and keeps
the first twenty of these.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from scripts.checkpoint_fuzz.base import Checkpoint
from scripts.checkpoint_fuzz.cases import checkpoints, write
from scripts.checkpoint_fuzz.isolation import MeasuredOutcome, run_isolated
from scripts.checkpoint_fuzz.outcome import loaded_outcome_of, outcome_of

# Imported once, before the processes are forked.
for module in ("distilbert_sentiment_arch.cli.serve", "tokenizers"):
    importlib.import_module(module)

_KEPT = 20


class Run:
    """Counts of the outcomes of all cases."""

    def __init__(self, judge_loading: bool, kept: Path) -> None:
        self.judge = loaded_outcome_of if judge_loading else outcome_of
        self.kept = kept
        self.cases = 0
        self.accepted = 0
        self.messages: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self.slowest_s = 0.0
        self.largest_bytes = 0

    def case(self, checkpoint: Checkpoint) -> None:
        """Runs and counts one case."""
        with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
            place = Path(directory)
            write(checkpoint, place)
            measured = run_isolated(self.judge, place)
            self._count(measured, place)

    def _count(self, measured: MeasuredOutcome, directory: Path) -> None:
        outcome = measured.outcome
        self.cases += 1
        self.accepted += outcome.accepted
        self.slowest_s = max(self.slowest_s, measured.seconds)
        self.largest_bytes = max(self.largest_bytes, measured.peak_bytes)
        if not outcome.accepted:
            self.messages[_kind(outcome.message, directory)] += 1
        if outcome.problem:
            self.problems[outcome.problem] += 1
            number = self.problems.total()
            if number <= _KEPT:
                shutil.copytree(
                    directory, self.kept / str(number), symlinks=True, copy_function=_copy
                )
                print(
                    f"{self.kept / str(number)}: {outcome.problem}\n{outcome.message}", flush=True
                )


def _copy(source: str, target: str) -> None:
    path = Path(source)
    # A pipe cannot be copied, and a sparse file of a terabyte is too large.
    if path.is_file() and path.stat().st_size < 2**30:
        shutil.copyfile(source, target)


def _kind(message: str, directory: Path) -> str:
    """Returns a message without the values that differ from case to case."""
    text = message.replace(str(directory), "")
    return re.sub(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|-?\d[\d.e+]*", "_", text)


def main() -> int:
    """Runs the cases and prints a summary; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=5000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--load", action="store_true", help="load accepted checkpoints")
    options = parser.parse_args()
    kept = Path(tempfile.mkdtemp(prefix="checkpoints-handled-wrongly-"))
    run = Run(options.load, kept)
    if options.load:
        importlib.import_module("transformers.models.bert.tokenization_bert")

    @seed(options.seed)
    @settings(
        max_examples=options.examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(checkpoints())
    def cases(checkpoint: Checkpoint) -> None:
        run.case(checkpoint)

    cases()
    print(
        f"{run.cases} cases: {run.accepted} accepted, {run.messages.total()} refused with "
        f"{len(run.messages)} kinds of messages; slowest {run.slowest_s:.2f} s, largest "
        f"{run.largest_bytes / 1024**2:.0f} MiB; "
        f"{run.problems.total()} handled wrongly"
    )
    for problem, count in run.problems.most_common():
        print(f"  {count} x {problem}")
    if not run.problems:
        kept.rmdir()
    return 1 if run.problems else 0


if __name__ == "__main__":
    sys.exit(main())
