"""Report of a job as one HTML file, which loads nothing, runs nothing and holds text as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.reporting.charts import (
    SERIES,
    histogram_chart,
    legend,
    series_of,
    sources_chart,
    text_of,
)
from distilbert_sentiment_arch.bulk.reporting.figures import clock_time, number, plural, share
from distilbert_sentiment_arch.bulk.reporting.outcome import Outcome
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.html_document import html_document

_SLOWEST = 10

_STYLE = """
:root { color-scheme: light dark; --line: #d0d4d9; --quiet: #57606a; --bar: #0969a2;
  --c0: #0969a2; --c1: #d1690e; --c2: #0d8a6a; --c3: #b3478c; --c4: #8a7a00; --c5: #4b9fd5;
  --c6: #7a5cc0; --c7: #9aa2ab; --c8: #a8261c; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3c434b; --quiet: #a2abb5; --bar: #5eb1e6; --c0: #5eb1e6; --c1: #f0a04b;
    --c2: #4cc9a4; --c3: #e08bc0; --c4: #d6c84a; --c5: #2f7fb5; --c6: #b39bea; --c7: #6b737c;
    --c8: #ff9d92; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg.key { width: .8em; height: .8em; }
.axis { fill: var(--quiet); } .end { text-anchor: end; } .middle { text-anchor: middle; }
.grid { stroke: var(--line); } .bar { fill: var(--bar); }
.s0 { fill: var(--c0); } .s1 { fill: var(--c1); } .s2 { fill: var(--c2); } .s3 { fill: var(--c3); }
.s4 { fill: var(--c4); } .s5 { fill: var(--c5); } .s6 { fill: var(--c6); } .s7 { fill: var(--c7); }
.s8 { fill: var(--c8); }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
.note, footer { color: var(--quiet); font-size: .9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .15rem .7rem .15rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
meter { width: 12rem; }
"""


def write_report(path: Path, outcome: Outcome) -> None:
    """Writes the report, as a picture where the name ends in ``.png``.

    Raises:
        InputError: The file cannot be written.
    """
    if path.suffix.lower() == ".png":
        from distilbert_sentiment_arch.bulk.reporting.report_image import report_image

        content = report_image(outcome)
    else:
        # Names of files may hold what is no valid Unicode.
        content = report_page(outcome).encode("utf-8", "replace")
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(content)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise InputError(f"{path}: the report is not writable ({error}). Name another.") from None


def report_page(outcome: Outcome) -> str:
    """Returns an HTML document.

    Args:
        outcome: The job.
    """
    return html_document(
        f"Scored by {text_of(outcome.model)}",
        _STYLE,
        "\n".join(_sections(outcome)),
        "max-sentiment score",
    )


def _sections(outcome: Outcome) -> Iterator[str]:
    counts = outcome.counts
    yield f"<h1>Scored by <bdi>{text_of(outcome.model)}</bdi></h1>"
    yield f'<p class="note">{text_of(outcome.output)}</p>'
    yield from _table((), list(_figures(outcome, counts)))
    if counts.labels:
        yield "<h2>Labels</h2>"
        yield from _labels(counts)
        title = outcome.histogram_title
        yield f"<h2>{title[0].upper()}{title[1:]}</h2>"
        yield histogram_chart(counts)
    by_source = outcome.by_source
    if counts.rows and by_source:
        series = series_of(counts)
        yield "<h2>Labels over the input</h2>"
        yield legend(series, other=len(counts.labels) > SERIES, failed=bool(counts.failed))
        yield sources_chart(by_source, series)
    if counts.errors:
        yield "<h2>Errors</h2>"
        errors = sorted(counts.errors.items(), key=lambda each: -each[1])
        yield from _table(("reason", "rows"), [(kind, f"{rows:,}") for kind, rows in errors])
        yield from _failed(outcome, counts)
    timed = [(part, part.seconds) for part in outcome.parts if part.seconds is not None]
    if timed:
        yield "<h2>Slowest parts of the last run</h2>"
        slowest = sorted(timed, key=lambda each: -each[1])[:_SLOWEST]
        yield from _table(
            ("part", "input", "rows", "tokens", "seconds"),
            [
                (
                    part.name,
                    part.source,
                    f"{part.counts.rows:,}",
                    f"{part.counts.tokens_read:,}",
                    f"{seconds:.2f}",
                )
                for part, seconds in slowest
            ],
        )
    if outcome.settings:
        yield "<h2>Settings</h2>"
        yield from _table((), list(outcome.settings.items()))


def _figures(outcome: Outcome, counts: Counts) -> Iterator[tuple[str, str]]:
    yield "rows", f"{counts.rows:,}"
    yield "scored", f"{counts.rows - counts.failed:,}"
    yield "failed", f"{counts.failed:,}"
    for name, rows in outcome.notes.items():
        yield name, f"{rows:,}"
    yield "tokens read", f"{counts.tokens_read:,} of {counts.tokens:,}"
    yield "parts", f"{len(outcome.parts):,}"
    if outcome.rows_of_run:
        rows_a_second, tokens_a_second = outcome.speed
        yield "last run", f"{plural(outcome.rows_of_run, 'row')} in {clock_time(outcome.seconds)}"
        yield (
            "scoring",
            f"{clock_time(outcome.scoring_seconds)}: {number(rows_a_second)} rows/s, "
            f"{number(tokens_a_second)} tokens/s",
        )


def _labels(counts: Counts) -> Iterator[str]:
    answered = counts.rows - counts.failed
    yield '<div class="scroll"><table><tbody>'
    for label, rows in sorted(counts.labels.items(), key=lambda each: (-each[1], each[0])):
        name = text_of(label)
        yield (
            f'<tr><th scope="row"><bdi>{name}</bdi></th><td class="number">{rows:,}</td>'
            f'<td class="number">{share(rows, answered)}</td>'
            f'<td><meter value="{rows / answered:.4f}" aria-label="{name}"></meter></td></tr>'
        )
    yield "</tbody></table></div>"


def _failed(outcome: Outcome, counts: Counts) -> Iterator[str]:
    shown = outcome.failed
    if not shown:
        return
    yield f"<details><summary>Failed rows: {len(shown):,} of {counts.failed:,}</summary>"
    named = any(row.name is not None for row in shown)
    head = ("part", "row", *(["id"] if named else []), "reason")
    yield from _table(
        head,
        [
            (row.part, f"{row.row:,}", *([row.name or ""] if named else []), row.reason)
            for row in shown
        ],
    )
    yield "</details>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield '<div class="scroll" role="region" tabindex="0" aria-label="Table"><table>'
    if head:
        cells = "".join(f'<th scope="col">{name}</th>' for name in head)
        yield f"<thead><tr>{cells}</tr></thead>"
    yield "<tbody>"
    for first, *rest in rows:
        cells = "".join(f"<td><bdi>{text_of(cell)}</bdi></td>" for cell in rest)
        yield f'<tr><th scope="row"><bdi>{text_of(first)}</bdi></th>{cells}</tr>'
    yield "</tbody></table></div>"
