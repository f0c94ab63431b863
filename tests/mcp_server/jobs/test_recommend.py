"""Recommendations as the tool gives them out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from made_recommendations import made

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.mcp_server.jobs import recommend as job
from distilbert_sentiment_arch.mcp_server.tools.recommend import (
    RecommendArguments,
    RecommendResult,
)
from distilbert_sentiment_arch.recommend.request import RecommendRequest
from distilbert_sentiment_arch.recommend.result import Progress, Recommendation

Reports = list[tuple[float, float | None, str]]


def test_a_recommendation_fits_the_schema_of_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RecommendRequest] = []
    recommendation = made()

    # Measuring takes minutes.
    def measure(
        request: RecommendRequest,
        on_progress: Callable[[Progress], None],
        cancelled: threading.Event,
    ) -> Recommendation:
        asked.append(request)
        on_progress(Progress("a step", 1, 4))
        return recommendation

    monkeypatch.setattr(job, "recommend", measure)
    arguments = RecommendArguments(goal="throughput", texts=["one", "two"])
    reports: Reports = []
    request: dict[str, Any] = {"model": None, "revision": None, **arguments.model_dump()}
    found = job.run(request, lambda *report: reports.append(report), threading.Event())
    assert reports == [(1, 4, "a step")]
    # Nothing that a tool is called with changes what `serve --auto` finds.
    assert asked == [RecommendRequest("throughput", texts=("one", "two"), remember=False)]
    result = RecommendResult.model_validate(found)
    assert result.flags == list(recommendation.flags)
    assert result.figures.texts_per_second.value == recommendation.figures.texts_per_second.value
    assert result.settings.precision == recommendation.chosen.precision
    assert len(result.others) == len(recommendation.rows) - 1


def test_values_that_make_no_sense_are_refused_here_too() -> None:
    request = {"model": None, "revision": None, "goal": "beauty", "texts": None, "precisions": None}
    with pytest.raises(RecommendError, match="possible are latency, throughput, cost"):
        job.run(request, lambda *report: None, threading.Event())
