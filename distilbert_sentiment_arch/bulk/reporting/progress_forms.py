"""Forms of progress on stderr: a bar, plain lines, or JSON lines for machines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from distilbert_sentiment_arch.bulk.reporting.figures import clock_time, number, shares
from distilbert_sentiment_arch.bulk.reporting.progress import Progress, Snapshot
from distilbert_sentiment_arch.messages import one_line

_JSON_INTERVAL_S = 5.0
_LINE_INTERVAL_S = 30.0


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
    share_done = f" ({snapshot.rows_done / total:.1%})" if total else ""
    return ", ".join(filter(None, (rows + share_done, speed_of(snapshot), labels_of(snapshot))))


def speed_of(snapshot: Snapshot) -> str:
    """Returns how fast a job is and what is left of it, as far as that is known."""
    found = []
    if snapshot.rows_per_second is not None and snapshot.tokens_per_second is not None:
        found.append(f"{number(snapshot.rows_per_second)} rows/s")
        found.append(f"{number(snapshot.tokens_per_second)} tokens/s")
    if snapshot.seconds_left is not None:
        found.append(f"{clock_time(snapshot.seconds_left)} left")
    return ", ".join(found)


def labels_of(snapshot: Snapshot) -> str:
    """Returns the labels that this run has found, and how many rows failed."""
    found = []
    if snapshot.counts.labels:
        found.append(one_line(shares(snapshot.counts.labels)))
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

        def below(line: str) -> Text:
            return Text(line, style="dim", no_wrap=True, overflow="ellipsis")

        self._console = Console(file=file, highlight=False, soft_wrap=False)
        self._bar = Bar(BarColumn(None), MofNCompleteColumn(), TaskProgressColumn(), expand=True)
        self._task = self._bar.add_task("rows", total=None, start=False)
        self._live = Live(
            console=self._console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=lambda: Group(self._bar, *map(below, self._lines())),
        )

    def _lines(self) -> tuple[str, str]:
        snapshot = self.snapshot()
        return speed_of(snapshot), labels_of(snapshot)

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
