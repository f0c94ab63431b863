"""Progress of a job: how large it is, what is done, how fast, and what is left."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from distilbert_sentiment_arch.bulk.job.counts import Counts

_RATE_WINDOW_S = 30.0


@dataclass(frozen=True)
class JobSize:
    """What a job is, when it starts or continues.

    Attributes:
        rows: Rows of the input; None where only reading all of it would say.
        rows_done: Rows that earlier runs finished.
        parts: Parts of the job; None where ``rows`` is.
        parts_done: Parts that earlier runs finished.
    """

    rows: int | None = None
    rows_done: int = 0
    parts: int | None = None
    parts_done: int = 0


@dataclass(frozen=True)
class Snapshot:
    """Where a job stands.

    Attributes:
        size: The job.
        counts: Of the rows that this run has scored.
        parts: Parts that this run has written.
        seconds: Since the start of this run.
        scoring_seconds: Since its first task was begun, once the model was loaded.
        rows_per_second: Over the last half a minute; None before the first rows.
        tokens_per_second: Likewise.
    """

    size: JobSize
    counts: Counts
    parts: int
    seconds: float
    scoring_seconds: float
    rows_per_second: float | None
    tokens_per_second: float | None

    @property
    def rows_done(self) -> int:
        """Rows that are scored, by this run and earlier ones."""
        return self.size.rows_done + self.counts.rows

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the time left; None where it is not known."""
        if self.size.rows is None or not self.rows_per_second:
            return None
        return max(self.size.rows - self.rows_done, 0) / self.rows_per_second


class Progress:
    """A job's progress, shown nowhere; the base of those that show it. Safe between threads.

    Args:
        clock: Seconds from any start.
    """

    interval_s: float | None = None
    """Seconds between two updates; None for none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._size = JobSize()
        self._counts = Counts()
        self._parts = 0
        self._start = self._begun = clock()
        self._recent: deque[tuple[float, int, int]] = deque()
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self.interval_s is not None:
            self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join()

    def say(self, text: str) -> None:
        """Tells the user something in a line."""

    def begin(self, size: JobSize) -> None:
        """Takes the size of the job; the rate is measured from here on."""
        with self._lock:
            self._size = size
            self._begun = self._clock()
            self._recent.append((self._begun, 0, 0))
            self._show("start", {})

    def scored(self, counts: Counts) -> None:
        """Adds rows that are scored, though not all written yet."""
        with self._lock:
            self._counts.add(counts)
            now = self._clock()
            self._recent.append((now, self._counts.rows, self._counts.tokens_read))
            while len(self._recent) > 2 and now - self._recent[0][0] > _RATE_WINDOW_S:
                self._recent.popleft()
            self._show("rows", {})

    def part_written(self, name: str) -> None:
        """Adds a part that is written whole."""
        with self._lock:
            self._parts += 1
            self._show("part", {"part": name})

    def finish(self, outcome: str, **more: object) -> None:
        """Shows where the job ended: done, failed or interrupted."""
        with self._lock:
            self._show(outcome, more)

    def snapshot(self) -> Snapshot:
        """Returns where the job stands."""
        with self._lock:
            rows: float | None = None
            tokens: float | None = None
            if len(self._recent) > 1:
                first, rows_then, tokens_then = self._recent[0]
                last, rows_now, tokens_now = self._recent[-1]
                seconds = max(last - first, 1e-9)
                rows = (rows_now - rows_then) / seconds
                tokens = (tokens_now - tokens_then) / seconds
            now = self._clock()
            return Snapshot(
                self._size,
                self._counts,
                self._parts,
                now - self._start,
                now - self._begun,
                rows,
                tokens,
            )

    def _show(self, event: str, more: dict[str, Any]) -> None:
        """Shows an event; called with the lock held."""

    def _tick(self) -> None:
        assert self.interval_s is not None
        while not self._ended.wait(self.interval_s):
            with self._lock:
                self._show("tick", {})
