"""Findings about cores."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.doctor.checks.cores import findings_of
from distilbert_sentiment_arch.machine.cores import Cores


@pytest.mark.parametrize(
    ("cores", "levels"),
    [
        (Cores(8, 8), ["ok"]),
        (Cores(8, 2), ["ok"]),
        (Cores(8, 1), ["warning"]),
        (Cores(8, 8, quota=2), ["ok", "warning"]),
        (Cores(8, 2, quota=2), ["ok", "ok"]),
        (Cores(1, 1, quota=0.5), ["warning", "warning"]),
    ],
)
def test_levels(cores: Cores, levels: list[str]) -> None:
    assert [each.level for each in findings_of(cores)] == levels


def test_what_is_taken_away_is_said() -> None:
    allowed, quota = findings_of(Cores(8, 4, quota=1.5))
    assert allowed.found == "4 of 8"
    assert quota.found == "1.5 processors' time"
    assert "4 threads" in quota.meaning
