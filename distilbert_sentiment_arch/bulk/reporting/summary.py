"""Summary of a job in the terminal: counts, errors by kind, labels, and a plot of the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from distilbert_sentiment_arch.bulk.job.counts import BINS, Counts
from distilbert_sentiment_arch.bulk.reporting.figures import clock_time, number, plural, share
from distilbert_sentiment_arch.bulk.reporting.outcome import Outcome
from distilbert_sentiment_arch.messages import one_line

_BLOCKS = " ▁▂▃▄▅▆▇█"
_FULL = _BLOCKS[-1]
_PLOT_LINES = 6
_BAR_CELLS = 24
_MOST_LABELS = 12
_MOST_KINDS = 8
_LABEL_CELLS = 24


def print_summary(outcome: Outcome, file: TextIO) -> None:
    """Prints the summary, with colours where the file is a terminal that has them.

    Args:
        outcome: The job.
        file: Where to; its encoding says whether it takes block characters.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file, highlight=False, soft_wrap=True)
    blocks = _takes_blocks(file)
    for line in summary_lines(outcome, blocks=blocks):
        text = Text(line)
        text.highlight_regex(rf"[{_BLOCKS[1:]}]+", "cyan")
        console.print(text)


def _takes_blocks(file: TextIO) -> bool:
    try:
        _BLOCKS.encode(file.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def summary_lines(outcome: Outcome, *, blocks: bool) -> Iterator[str]:
    """Yields the lines of the summary.

    Args:
        outcome: The job.
        blocks: Bars and columns are Unicode's block characters; ``#`` otherwise.
    """
    counts = outcome.counts
    answered = counts.rows - counts.failed
    yield (
        f"{plural(counts.rows, 'row')} in {plural(len(outcome.parts), 'part')} by "
        f"{one_line(outcome.model)}: {answered:,} scored, {counts.failed:,} failed"
    )
    yield from _notes(outcome)
    yield _speed(outcome)
    if counts.labels:
        yield ""
        yield from _labels(counts, blocks=blocks)
        yield ""
        yield from _plot(outcome, blocks=blocks)
    if counts.errors:
        yield ""
        yield "errors"
        yield from _errors(counts)


def _notes(outcome: Outcome) -> Iterator[str]:
    shown = [f"{rows:,} {what}" for what, rows in outcome.notes.items()]
    if shown:
        yield ", ".join(shown)


def _speed(outcome: Outcome) -> str:
    if not outcome.rows_of_run:
        return "nothing was left to do"
    earlier = outcome.counts.rows - outcome.rows_of_run
    of_run = f"{plural(outcome.rows_of_run, 'row')} in this run, " if earlier > 0 else ""
    rows, tokens = outcome.speed
    return (
        f"{of_run}{clock_time(outcome.seconds)} in all, {clock_time(outcome.scoring_seconds)} of "
        f"it scoring: {number(rows)} rows/s, {number(tokens)} tokens/s"
    )


def _labels(counts: Counts, *, blocks: bool) -> Iterator[str]:
    answered = counts.rows - counts.failed
    ordered = sorted(counts.labels.items(), key=lambda each: -each[1])
    shown = ordered[:_MOST_LABELS]
    names = [_shortened(name) for name, _ in shown]
    width = max(map(len, names))
    digits = max(len(f"{rows:,}") for _, rows in shown)
    for name, (_, rows) in zip(names, shown, strict=True):
        bar = _bar(rows / shown[0][1], blocks=blocks)
        yield f"{name:<{width}}  {rows:>{digits},}  {share(rows, answered):>6}  {bar}".rstrip()
    if len(ordered) > len(shown):
        rest = sum(rows for _, rows in ordered[len(shown) :])
        yield f"{plural(len(ordered) - len(shown), 'more label')} with {plural(rest, 'row')}"


def _bar(part: float, *, blocks: bool) -> str:
    cells = part * _BAR_CELLS
    # A label that any row has is seen.
    return (_FULL if blocks else "#") * max(round(cells), 1)


def _plot(outcome: Outcome, *, blocks: bool) -> Iterator[str]:
    totals = outcome.counts.histogram
    most = max(totals)
    digits = len(f"{most:,}")
    yield outcome.histogram_title
    for line in range(_PLOT_LINES, 0, -1):
        cells = (_cell(rows / most, line, blocks=blocks) * 2 for rows in totals)
        axis = f"{most:,}" if line == _PLOT_LINES else "0" if line == 1 else ""
        yield f"{axis:>{digits}} |{''.join(cells)}".rstrip()
    middle = "0.5"
    room = 2 * BINS
    left = room // 2 - 1 - len(middle) // 2
    right = room - 1 - left - len(middle) - 1
    yield f"{'':{digits + 2}}0{'':{left}}{middle}{'':{right}}1"


def _cell(height: float, line: int, *, blocks: bool) -> str:
    """Returns what a column shows in a line, the first of which is the lowest."""
    eighths = round(height * _PLOT_LINES * 8)
    if height and not eighths:
        eighths = 1
    part = min(max(eighths - 8 * (line - 1), 0), 8)
    if blocks:
        return _BLOCKS[part]
    return "#" if part >= 4 or (line == 1 and part) else " "


def _errors(counts: Counts) -> Iterator[str]:
    ordered: Sequence[tuple[str, int]] = sorted(counts.errors.items(), key=lambda each: -each[1])
    shown = ordered[:_MOST_KINDS]
    digits = max(len(f"{rows:,}") for _, rows in shown)
    for reason, rows in shown:
        yield f"{rows:>{digits},}  {one_line(reason)}"
    if len(ordered) > len(shown):
        rest = sum(rows for _, rows in ordered[len(shown) :])
        yield f"{rest:>{digits},}  for other reasons"


def _shortened(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= _LABEL_CELLS else name[: _LABEL_CELLS - 1] + "…"
