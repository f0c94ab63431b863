"""Measurements of a word list, in this process."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from distilbert_sentiment_arch.errors import BlankInput, Unavailable
from distilbert_sentiment_arch.mcp_server.jobs.benchmark import _percentile, run

REQUEST: dict[str, Any] = {"model": "afinn-111", "revision": None, "rounds": 2, "seconds": 200}


def measured(cancelled: threading.Event | None = None, **changes: Any) -> dict[str, Any]:
    request = REQUEST | {"texts": ["A good film."] * 70} | changes
    found = run(request, lambda *report: None, cancelled or threading.Event())
    assert isinstance(found, dict)
    return found


def test_every_text_is_measured_alone_and_in_batches() -> None:
    found = measured()
    assert (found["texts"], found["texts_measured"], found["latencies_measured"]) == (70, 140, 140)
    assert found["tokens_per_second"] == pytest.approx(3 * found["texts_per_second"])
    assert found["complete"] is True


def test_without_texts_there_are_built_in_ones() -> None:
    found = measured(texts=None, rounds=1)
    assert found["texts"] == found["texts_measured"] > 30


def test_one_request_of_each_kind_is_measured_however_short_the_time() -> None:
    found = measured(seconds=1e-9)
    assert (found["texts_measured"], found["latencies_measured"]) == (64, 1)
    assert found["complete"] is False


def test_what_is_cancelled_at_once_has_no_result() -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Unavailable, match="cancelled before anything was measured"):
        measured(cancelled)


def test_a_text_that_cannot_be_classified_ends_it() -> None:
    with pytest.raises(BlankInput, match="Input 1 is blank"):
        measured(texts=["good", " "])


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [(1, 50, 1), (1, 99, 1), (2, 50, 1), (100, 50, 50), (100, 99, 99), (101, 99, 100)],
)
def test_percentiles_are_values_of_the_nearest_rank(
    count: int, percent: int, expected: int
) -> None:
    assert _percentile(range(1, count + 1), percent) == expected
