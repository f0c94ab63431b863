"""Measures settings of a server for the model of this one, in this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from distilbert_sentiment_arch.mcp_server.job import JobReport
from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.figures import Figures
from distilbert_sentiment_arch.recommend.recommendation import recommend
from distilbert_sentiment_arch.recommend.request import RecommendRequest
from distilbert_sentiment_arch.recommend.result import Progress, Row
from distilbert_sentiment_arch.settings.precision import PRECISIONS


def run(request: Mapping[str, Any], report: JobReport, cancelled: threading.Event) -> Any:
    """Measures, and remembers nothing of it: a caller of a tool does not change later starts.

    Args:
        request: Fields of ``RecommendRequest``.
        report: Receives the steps that are done.
        cancelled: Ends it.

    Returns:
        The fields of ``tools.recommend.RecommendResult``.

    Raises:
        CheckpointError, RecommendError: See ``recommend``.
    """

    def on_progress(progress: Progress) -> None:
        report(progress.done, progress.total, progress.message)

    asked = {
        **request,
        "texts": tuple(request["texts"] or ()),
        "precisions": PRECISIONS if request["precisions"] is None else tuple(request["precisions"]),
    }
    made = recommend(RecommendRequest(**asked, remember=False), on_progress, cancelled)
    return {
        "model": made.model,
        "flags": list(made.flags),
        "settings": _settings(made.chosen),
        "callers": made.callers,
        "figures": _figures(made.figures),
        "texts": made.texts,
        "machine": made.machine,
        "versions": made.versions,
        "seconds": made.seconds,
        "others": [_row(each) for each in made.rows if each.reason],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "settings": _settings(row.candidate),
        "stage": row.stage,
        "reason": row.reason,
        "agreement": row.agreement,
        "figures": None if row.figures is None else _figures(row.figures),
    }


def _settings(candidate: Candidate) -> dict[str, Any]:
    return asdict(candidate)


def _figures(figures: Figures) -> dict[str, Any]:
    return asdict(figures)
