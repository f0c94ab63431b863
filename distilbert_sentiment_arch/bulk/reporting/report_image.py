"""Report of a job as a picture, drawn with Pillow, which MAX Serve brings along."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from distilbert_sentiment_arch.bulk.job.counts import BINS, Counts
from distilbert_sentiment_arch.bulk.reporting.figures import clock_time, number, plural, share
from distilbert_sentiment_arch.bulk.reporting.outcome import Outcome
from distilbert_sentiment_arch.errors import DependencyError
from distilbert_sentiment_arch.messages import one_line

if TYPE_CHECKING:
    from PIL import ImageDraw

_WIDTH = 1200
_MARGIN = 60
_LINE = 34
_PLOT = 320
_MOST_LABELS = 12

_INK = "#1f2328"
_QUIET = "#57606a"
_GRID = "#d0d4d9"
_BAR = "#0969a2"


def check_pillow() -> None:
    """Checks that pictures can be drawn.

    Raises:
        DependencyError: Pillow is not installed, or has no fonts.
    """
    try:
        from PIL import features
    except ImportError:
        found = False
    else:
        found = bool(features.check("freetype2"))
    if not found:
        raise DependencyError(
            "A report as .png needs Pillow. Install it: pip install pillow; or name an .html file."
        )


def report_image(outcome: Outcome) -> bytes:
    """Returns a picture, PNG, with counts, labels and the histogram of scores.

    Characters that Pillow's own font lacks, which has Latin letters only, are boxes; the HTML
    report has them all.

    Args:
        outcome: The job.
    """
    from PIL import Image, ImageDraw

    counts = outcome.counts
    labels = counts.labels.most_common(_MOST_LABELS)
    height = 2 * _MARGIN + 4 * _LINE + len(labels) * _LINE + _PLOT + 3 * _LINE
    image = Image.new("RGB", (_WIDTH, height), "white")
    draw = ImageDraw.Draw(image)
    y = _head(draw, outcome, counts)
    y = _labels(draw, y, counts, labels)
    _histogram(draw, y, outcome)
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _head(draw: ImageDraw.ImageDraw, outcome: Outcome, counts: Counts) -> int:
    title = one_line(f"Scored by {outcome.model}")
    draw.text((_MARGIN, _MARGIN), title, _INK, _font(32))
    rate = (
        f", {clock_time(outcome.seconds)}, {number(outcome.speed[0])} rows/s"
        if outcome.rows_of_run
        else ""
    )
    line = f"{plural(counts.rows, 'row')}, {counts.failed:,} failed{rate}"
    draw.text((_MARGIN, _MARGIN + 44), line, _QUIET, _font(20))
    return _MARGIN + 44 + 2 * _LINE


def _labels(
    draw: ImageDraw.ImageDraw, y: int, counts: Counts, labels: list[tuple[str, int]]
) -> int:
    answered = counts.rows - counts.failed
    font = _font(20)
    for label, rows in labels:
        text = one_line(label)
        while draw.textlength(text, font) > 260:
            text = text[:-2] + "…"
        draw.text((_MARGIN, y), text, _INK, font)
        draw.text((560, y), f"{rows:,}  {share(rows, answered)}", _INK, font, anchor="ra")
        width = rows / labels[0][1] * (_WIDTH - _MARGIN - 590)
        draw.rectangle((590, y, 590 + max(width, 1), y + 22), _BAR)
        y += _LINE
    return y + _LINE


def _histogram(draw: ImageDraw.ImageDraw, y: int, outcome: Outcome) -> None:
    font, counts = _font(18), outcome.counts
    draw.text((_MARGIN, y), outcome.histogram_title, _QUIET, font)
    y += _LINE
    left, right, bottom = _MARGIN + 110, _WIDTH - _MARGIN, y + _PLOT
    most = max(*counts.histogram, 1)
    for part in (0, 0.5, 1):
        at = bottom - part * _PLOT
        draw.line((left, at, right, at), _GRID)
        draw.text((left - 12, at), f"{round(part * most):,}", _QUIET, font, anchor="rm")
    cell = (right - left) / BINS
    for index, rows in enumerate(counts.histogram):
        if rows:
            top = bottom - max(rows / most * _PLOT, 1)
            draw.rectangle(
                (left + index * cell + 2, top, left + (index + 1) * cell - 2, bottom), _BAR
            )
    for tenth in range(0, 11, 2):
        x = left + tenth / 10 * (right - left)
        draw.text((x, bottom + 8), f"{tenth / 10:g}", _QUIET, font, anchor="ma")
