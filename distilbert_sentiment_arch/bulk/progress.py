"""Progress of a job on stderr: a bar, plain lines, or JSON lines for machines."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TextIO

from distilbert_sentiment_arch.bulk.counts import Counts
from distilbert_sentiment_arch.bulk.figures import clock_time, number, shares

_RATE_WINDOW_S = 30.0
_JSON_INTERVAL_S = 5.0
_LINE_INTERVAL_S = 30.0


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
        rows_per_second: Over the last half a minute; None before the first rows.
        tokens_per_second: Likewise.
    """

    size: JobSize
    counts: Counts
    parts: int
    seconds: float
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
        self._start = clock()
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
            self._recent.append((self._clock(), 0, 0))
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
            return Snapshot(
                self._size, self._counts, self._parts, self._clock() - self._start, rows, tokens
            )

    def _show(self, event: str, more: dict[str, Any]) -> None:
        """Shows an event; called with the lock held."""

    def _tick(self) -> None:
        assert self.interval_s is not None
        while not self._ended.wait(self.interval_s):
            with self._lock:
                self._show("tick", {})


class JsonProgress(Progress):
    """One JSON object a line, at least every five seconds, and at the start, each part and the end.

    Args:
        file: Where to; stderr.
    """

    interval_s = _JSON_INTERVAL_S

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._file = file

    def say(self, text: str) -> None:
        """Writes an event of its own."""
        self._write({"event": "message", "message": text})

    def _show(self, event: str, more: dict[str, Any]) -> None:
        if event == "rows":
            return
        self._write(
            {"event": "progress" if event == "tick" else event} | as_json(self.snapshot()) | more
        )

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            line = {"time": round(time.time(), 3)} | line
            print(json.dumps(line), file=self._file, flush=True)


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Returns the fields of a line of progress."""
    left = snapshot.seconds_left
    return {
        "seconds": round(snapshot.seconds, 3),
        "rows": snapshot.rows_done,
        "rows_total": snapshot.size.rows,
        "rows_of_this_run": snapshot.counts.rows,
        "parts": snapshot.size.parts_done + snapshot.parts,
        "parts_total": snapshot.size.parts,
        "rows_per_second": _rounded(snapshot.rows_per_second),
        "tokens_per_second": _rounded(snapshot.tokens_per_second),
        "seconds_left": _rounded(left),
        "tokens": snapshot.counts.tokens,
        "tokens_read": snapshot.counts.tokens_read,
        "labels": dict(snapshot.counts.labels),
        "failed": snapshot.counts.failed,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


class LineProgress(Progress):
    """A plain line every half a minute, for logs.

    Args:
        file: Where to; stderr.
    """

    interval_s = _LINE_INTERVAL_S

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._file = file

    def say(self, text: str) -> None:
        """Prints a line."""
        print(f"max-sentiment: {text}", file=self._file, flush=True)

    def _show(self, event: str, more: dict[str, Any]) -> None:
        if event == "tick" and self._recent:
            self.say(line_of(self.snapshot()))


def line_of(snapshot: Snapshot) -> str:
    """Returns where a job stands, in a line."""
    total = snapshot.size.rows
    rows = f"{snapshot.rows_done:,}" + ("" if total is None else f" of {total:,}") + " rows"
    found = [rows]
    if total:
        found[0] += f" ({snapshot.rows_done / total:.1%})"
    if snapshot.rows_per_second is not None and snapshot.tokens_per_second is not None:
        found.append(f"{number(snapshot.rows_per_second)} rows/s")
        found.append(f"{number(snapshot.tokens_per_second)} tokens/s")
    if snapshot.seconds_left is not None:
        found.append(f"{clock_time(snapshot.seconds_left)} left")
    if snapshot.counts.labels:
        found.append(shares(snapshot.counts.labels))
    if snapshot.counts.failed:
        found.append(f"{snapshot.counts.failed:,} failed")
    return ", ".join(found)


class BarProgress(Progress):
    """A bar in the terminal, and below it rates and labels.

    Args:
        file: The terminal.
    """

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn
        from rich.progress import Progress as Bar
        from rich.text import Text

        self._console = Console(file=file, highlight=False, soft_wrap=False)
        self._bar = Bar(BarColumn(None), MofNCompleteColumn(), TaskProgressColumn(), expand=True)
        self._task = self._bar.add_task("rows", total=None, start=False)
        self._live = Live(
            console=self._console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=lambda: Group(
                self._bar,
                Text(line_of(self.snapshot()), style="dim", no_wrap=True, overflow="ellipsis"),
            ),
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Takes the bar away."""
        if self._live.is_started:
            self._live.stop()
        super().__exit__(kind, error, traceback)

    def say(self, text: str) -> None:
        """Prints a line above the bar."""
        from rich.text import Text

        self._console.print(Text(f"max-sentiment: {text}"), soft_wrap=True)

    def _show(self, event: str, more: dict[str, Any]) -> None:
        if event == "start":
            self._bar.start_task(self._task)
            self._live.start()
        self._bar.update(
            self._task, total=self._size.rows, completed=self._size.rows_done + self._counts.rows
        )


def progress_of(form: str, file: TextIO | None = None) -> Progress:
    """Returns the progress that a flag asks for: ``bar``, ``jsonl`` or ``none``.

    Args:
        form: What to show; lines in place of a bar where the file is no terminal.
        file: Where to; None for stderr.
    """
    file = sys.stderr if file is None else file
    if form == "none":
        return Progress()
    if form == "jsonl":
        return JsonProgress(file)
    return BarProgress(file) if file.isatty() else LineProgress(file)
