"""The clock of the last start."""

from __future__ import annotations

from datetime import UTC, datetime

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.last_start import read_last_start

AREA = "last_start"
NAME = "last_start.duration"


def check_last_start(_: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    start = read_last_start()
    if start is None:
        return [Finding(AREA, NAME, "none recorded", "no server has started with this cache")]
    when = datetime.fromtimestamp(start.ready_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return [
        Finding(
            AREA,
            NAME,
            f"{start.total_s:.1f} s, {when}, {start.model}",
            f"{start.imports_s:.1f} s of imports and checks, {start.model_s:.1f} s until the model "
            "was loaded, compiling included",
        )
    ]
