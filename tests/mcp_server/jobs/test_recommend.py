"""Recommendations as the tool gives them out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from made_recommendations import FIGURES, recommendation

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.mcp_server.jobs import recommend as job
from distilbert_sentiment_arch.mcp_server.tools.recommend import (
    RecommendArguments,
    RecommendResult,
)
from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.request import RecommendRequest
from distilbert_sentiment_arch.recommend.result import Progress, Recommendation

Reports = list[tuple[float, float | None, str]]


def test_a_recommendation_fits_the_schema_of_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RecommendRequest] = []
    made = recommendation(Candidate("cpu", "int8", 2, 2048), 2)

    # Measuring takes minutes.
    def measure(
        request: RecommendRequest,
        on_progress: Callable[[Progress], None],
        cancelled: threading.Event,
    ) -> Recommendation:
        asked.append(request)
        on_progress(Progress("a step", 1, 4))
        return made

    monkeypatch.setattr(job, "recommend", measure)
    arguments = RecommendArguments(goal="throughput", texts=["one", "two"])
    reports: Reports = []
    request: dict[str, Any] = {"model": None, "revision": None, **arguments.model_dump()}
    found = job.run(request, lambda *report: reports.append(report), threading.Event())
    assert reports == [(1, 4, "a step")]
    # Nothing that a tool is called with changes what `serve --auto` finds.
    assert asked == [RecommendRequest("throughput", texts=("one", "two"), remember=False)]
    result = RecommendResult.model_validate(found)
    assert result.flags == ["--precision", "int8", "--max-batch-tokens", "2048"]
    assert result.figures.texts_per_second.value == FIGURES.texts_per_second.value
    assert result.figures.p99_ms.high is None
    assert result.settings.precision == "int8"
    assert [each.reason for each in result.others] == ["200 texts/s, against 312", "a reason"]


def test_values_that_make_no_sense_are_refused_here_too() -> None:
    request = {"model": None, "revision": None, "goal": "beauty", "texts": None, "precisions": None}
    with pytest.raises(RecommendError, match="possible are latency, throughput, cost"):
        job.run(request, lambda *report: None, threading.Event())
