"""A job in this process: its tasks one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.interruption import Interruption
from distilbert_sentiment_arch.bulk.job.job import Job
from distilbert_sentiment_arch.bulk.job.parts import Task, part_name
from distilbert_sentiment_arch.bulk.job.task_run import run_task
from distilbert_sentiment_arch.bulk.reporting.progress import Progress
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Window
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.scoring.scorer import Scorer

FINISH_S = 5.0
"""Longest estimate of the rest of a part that is still finished after a signal."""


def run_here(
    job: Job, scorer: Scorer, progress: Progress, interruption: Interruption
) -> Mapping[str, float]:
    """Runs every task of a job that is to be done.

    Reading and tokenizing, computing, and writing go on beside each other, in a thread each; the
    scorer bounds how far they are apart.

    Args:
        job: The job; it is open.
        scorer: Its model.
        progress: Told of rows and parts.
        interruption: Where signals arrive.

    Returns:
        Seconds of each part that was written, by its name.

    Raises:
        Interrupted: A signal arrived; parts that were finished are in the output.
        SentimentError: The job cannot go on; see ``run_task``.
    """
    seconds: dict[str, float] = {}
    for task in job.tasks():
        interruption.raise_pending()
        run = TaskProgress(task, progress)
        interruption.finish = run.is_nearly_done
        try:
            result = run_task(
                task,
                _Interruptible(scorer, interruption),
                run.scored,
                lambda: interruption.pending,
            )
        finally:
            interruption.finish = lambda: False
        run.end(len(result.parts))
        seconds |= run.seconds
    interruption.raise_pending()
    return seconds


class TaskProgress:
    """Which part of a task is in hand, and how far it is.

    Attributes:
        seconds: What each finished part took.
    """

    def __init__(self, task: Task, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._task = task
        self._progress = progress
        self._rows = 0
        self._since = time.monotonic()

    def scored(self, counts: Counts) -> None:
        """Takes rows that are scored; the parts that they fill are in the output by now."""
        self._rows += counts.rows
        self._progress.scored(counts)
        self._parts_done(self._rows // self._part_rows)

    def end(self, parts: int) -> None:
        """Takes how many parts the task made."""
        self._parts_done(parts)

    def is_nearly_done(self) -> bool:
        """Whether the part in hand is done in a moment."""
        rate = self._progress.snapshot().rows_per_second
        return rate is not None and self._rows_left() <= rate * FINISH_S

    @property
    def _part_rows(self) -> int:
        return self._task.plan.options.part_rows

    def _rows_left(self) -> int:
        left = self._part_rows - self._rows % self._part_rows
        return left if self._task.rows is None else min(left, self._task.rows - self._rows)

    def _parts_done(self, parts: int) -> None:
        new = parts - len(self.seconds)
        if new <= 0:
            return
        now = time.monotonic()
        for _ in range(new):
            number = self._task.first + len(self.seconds)
            name = part_name(self._task.unit, number, self._task.plan.options.format)
            self.seconds[name] = (now - self._since) / new
            self._progress.part_written(name)
        self._since = now


class _Interruptible:
    """A scorer whose answers a signal need not wait for."""

    def __init__(self, scorer: Scorer, interruption: Interruption) -> None:
        self._scorer = scorer
        self._interruption = interruption

    @property
    def identity(self) -> ModelIdentity:
        return self._scorer.identity

    def score(self, windows: Iterable[Window]) -> Iterator[ScoredWindow]:
        scored = self._scorer.score(windows)
        try:
            while True:
                with self._interruption.interruptible():
                    found = next(scored, None)
                if found is None:
                    return
                yield found
        finally:
            close: Callable[[], None] | None = getattr(scored, "close", None)
            if close is not None:
                close()
