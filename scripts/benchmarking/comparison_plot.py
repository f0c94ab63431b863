"""The plot of the summary: a panel per figure, a bar per engine, as SVG without any library."""

from __future__ import annotations

from html import escape

from scripts.benchmarking.report_tables import significant
from scripts.benchmarking.results import Results
from scripts.benchmarking.summary import FIGURES, Figure, Row, rows

BAR, GAP, HEAD, NAMES, PANEL, VALUE, MARGIN = 16, 6, 52, 170, 150, 60, 12
OURS, OTHERS, TEXT, QUIET = "#d9480f", "#868e96", "#212529", "#495057"


def comparison_svg(results: Results) -> str:
    """Returns the SVG of a result's summary."""
    found = [row for row in rows(results) if any(figure.value(row) for figure in FIGURES)]
    width = NAMES + len(FIGURES) * (PANEL + VALUE) + MARGIN
    height = HEAD + len(found) * (BAR + GAP) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for line, row in enumerate(found):
        weight = "bold" if row.is_ours else "normal"
        parts.append(
            _text(NAMES - 8, _top(line) + BAR - 4, row.engine, anchor="end", weight=weight)
        )
    for column, figure in enumerate(FIGURES):
        parts += _panel(figure, found, NAMES + column * (PANEL + VALUE))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(figure: Figure, found: list[Row], left: int) -> list[str]:
    unit, better = ("ms", "lower") if figure.is_time else ("texts/s", "higher")
    parts = [
        _text(left, 20, figure.title, weight="bold"),
        _text(left, 36, f"{unit}, {better} is better", colour=QUIET),
    ]
    largest = max((figure.value(row) or 0.0 for row in found), default=0.0)
    for line, row in enumerate(found):
        value = figure.value(row)
        if value is None:
            parts.append(_text(left, _top(line) + BAR - 4, "not measured", colour=QUIET))
            continue
        length = PANEL * value / largest
        colour = OURS if row.is_ours else OTHERS
        parts.append(
            f'<rect x="{left}" y="{_top(line)}" width="{length:.1f}" height="{BAR}" '
            f'fill="{colour}"/>'
        )
        parts.append(_text(left + round(length) + 4, _top(line) + BAR - 4, significant(value)))
    return parts


def _top(line: int) -> int:
    return HEAD + line * (BAR + GAP)


def _text(
    x: int, y: int, text: str, *, anchor: str = "start", weight: str = "normal", colour: str = TEXT
) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
