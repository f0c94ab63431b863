"""Made-up outcomes of jobs, for tests of what is shown of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from distilbert_sentiment_arch.bulk.job.counts import BINS, Counts
from distilbert_sentiment_arch.bulk.reporting.failed_rows import FailedRow
from distilbert_sentiment_arch.bulk.reporting.outcome import Outcome, PartOutcome


def counts(positive: int, negative: int, failed: int = 0, **more: Any) -> Counts:
    """Counts with all scores of POSITIVE in the last bin and of NEGATIVE in the middle one."""
    histogram = [0] * BINS
    histogram[BINS // 2], histogram[-1] = negative, positive
    rows = positive + negative + failed
    labels = Counter({"POSITIVE": positive, "NEGATIVE": negative})
    errors = Counter({"The text is null": failed} if failed else {})
    routes = Counter({"model": positive + negative})
    return Counts(rows, errors, +labels, routes, histogram, 9 * rows, 8 * rows, **more)


def outcome(**changes: Any) -> Outcome:
    """An outcome of two files, the first of which has two parts."""
    values: dict[str, Any] = {
        "model": "a-model",
        "output": "scored",
        "parts": (
            PartOutcome("part-00000-000000.parquet", "a.parquet", counts(70, 30), 1.5),
            PartOutcome("part-00000-000001.parquet", "a.parquet", counts(10, 40), 4.25),
            PartOutcome("part-00001-000000.parquet", "b.parquet", counts(0, 45, 5), None),
        ),
        "failed": tuple(
            FailedRow("part-00001-000000.parquet", row, f"id-{row}", "The text is null.")
            for row in range(5)
        ),
        "settings": {"format": "parquet", "text": "review"},
        "rows_of_run": 150,
        "tokens_of_run": 1_200,
        "seconds": 16.0,
        "scoring_seconds": 6.0,
    }
    return Outcome(**{**values, **changes})
