"""A progress bar with the time left, on standard error."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class StepProgress:
    """Counts steps of about the same length.

    Args:
        steps: Number of steps.
    """

    def __init__(self, steps: int) -> None:
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            # No thread redraws the bar: it would disturb the measurements.
            auto_refresh=False,
        )
        self._task = self._progress.add_task("", total=steps)

    def __enter__(self) -> StepProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, line: str) -> None:
        """Shows the line of the current step, or counts a finished step if the line is empty."""
        if line:
            self._progress.update(self._task, description=line, refresh=True)
        else:
            self._progress.advance(self._task)
