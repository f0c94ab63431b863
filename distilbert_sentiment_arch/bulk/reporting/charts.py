"""Charts of a report as SVG inside HTML, coloured by classes of its style sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from distilbert_sentiment_arch.bulk.job.counts import BINS, Counts
from distilbert_sentiment_arch.bulk.reporting.figures import share
from distilbert_sentiment_arch.messages import one_line

SERIES = 7
"""Labels with a colour of their own; all others share one."""
OTHER = "other labels"
MOST_SOURCES = 60
"""Bars of the chart over files; neighbours share a bar where there are more files."""

_WIDTH = 720
_LEFT, _RIGHT = 70, 10
_HEIGHT = 220
_BAR = 16


def text_of(text: str) -> str:
    """Returns a text as HTML: one line, every character of it seen, and none of it markup."""
    return escape(one_line(text))


def series_of(counts: Counts) -> list[str]:
    """Returns the labels that have colours, the most frequent first."""
    ordered = sorted(counts.labels.items(), key=lambda each: (-each[1], each[0]))
    return [label for label, _ in ordered[:SERIES]]


def histogram_chart(counts: Counts) -> str:
    """Returns the histogram of the scores of the rows' labels."""
    most = max(max(counts.histogram), 1)
    bottom = _HEIGHT - 25
    cell = (_WIDTH - _LEFT - _RIGHT) / BINS
    body = []
    for part in (0, 0.5, 1):
        y = bottom - part * (bottom - 10)
        body.append(f'<line class="grid" x1="{_LEFT}" y1="{y:g}" x2="{_WIDTH}" y2="{y:g}"/>')
        body.append(
            f'<text class="axis end" x="{_LEFT - 6}" y="{y + 4:g}">{round(part * most):,}</text>'
        )
    for index, rows in enumerate(counts.histogram):
        height = rows / most * (bottom - 10)
        # A bin that any row is in is seen.
        height = max(height, 1) if rows else 0
        body.append(
            f'<rect class="bar" x="{_LEFT + index * cell + 1:.1f}" y="{bottom - height:.1f}" '
            f'width="{cell - 2:.1f}" height="{height:.1f}"><title>{index / BINS:g} to '
            f"{(index + 1) / BINS:g}: {rows:,}</title></rect>"
        )
    for tenth in range(0, 11, 2):
        x = _LEFT + tenth / 10 * cell * BINS
        body.append(f'<text class="axis middle" x="{x:g}" y="{_HEIGHT - 6}">{tenth / 10:g}</text>')
    return _svg(_HEIGHT, "Histogram of the scores of the labels", body)


def sources_chart(by_source: Mapping[str, Counts], series: Sequence[str]) -> str:
    """Returns the shares of the labels in each file, as a bar that is divided."""
    bars = list(_grouped(by_source))
    body = []
    left = 250
    room = _WIDTH - left - _RIGHT
    for row, (name, counts) in enumerate(bars):
        y = row * (_BAR + 6)
        shown = one_line(name)
        shown = shown if len(shown) <= 34 else "…" + shown[-33:]
        body.append(
            f'<text class="axis end" x="{left - 8}" y="{y + _BAR - 4}">{escape(shown)}'
            f"<title>{text_of(name)}</title></text>"
        )
        x = float(left)
        for index, label, rows in _divided(counts, series):
            width = rows / max(counts.rows, 1) * room
            body.append(
                f'<rect class="s{index}" x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_BAR}">'
                f"<title>{text_of(label)}: {rows:,} ({share(rows, counts.rows)})</title></rect>"
            )
            x += width
    return _svg(max(len(bars) * (_BAR + 6), 1), "Share of each label in each file", body)


def legend(series: Sequence[str], *, other: bool, failed: bool) -> str:
    """Returns what the colours of the chart over files stand for."""
    entries = list(enumerate(series))
    if other:
        entries.append((SERIES, OTHER))
    if failed:
        entries.append((SERIES + 1, "failed"))
    shown = (
        f'<li><svg class="key" viewBox="0 0 10 10" aria-hidden="true"><rect class="s{index}" '
        f'width="10" height="10"/></svg> <bdi>{text_of(label)}</bdi></li>'
        for index, label in entries
    )
    return f'<ul class="legend">{"".join(shown)}</ul>'


def _divided(counts: Counts, series: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    for index, label in enumerate(series):
        if rows := counts.labels.get(label, 0):
            yield index, label, rows
    if rest := counts.labels.total() - sum(counts.labels.get(label, 0) for label in series):
        yield SERIES, OTHER, rest
    if counts.failed:
        yield SERIES + 1, "failed", counts.failed


def _grouped(by_source: Mapping[str, Counts]) -> Iterator[tuple[str, Counts]]:
    """Yields files, or where there are many as many neighbours together as leave few enough."""
    sources = list(by_source.items())
    together = -(-len(sources) // MOST_SOURCES) or 1
    for start in range(0, len(sources), together):
        group = sources[start : start + together]
        counts = Counts()
        for _, each in group:
            counts.add(each)
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        yield group[0][0] + more, counts


def _svg(height: float, name: str, body: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{name}" viewBox="0 0 {_WIDTH} {height:g}">'
        f"{''.join(body)}</svg>"
    )
