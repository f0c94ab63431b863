"""Recommendations that are made up, for what is done with them."""

from __future__ import annotations

from typing import Any

from distilbert_sentiment_arch.recommend.candidates import Candidate, default_candidate
from distilbert_sentiment_arch.recommend.figures import Figures
from distilbert_sentiment_arch.recommend.intervals import Estimate
from distilbert_sentiment_arch.recommend.request import RecommendRequest
from distilbert_sentiment_arch.recommend.result import Recommendation, Row

FIGURES = Figures(
    texts_per_second=Estimate(312.4, 301.2, 320.9),
    p50_ms=Estimate(41.26, 40.0, 42.5),
    p99_ms=Estimate(88.1, 80.2, None),
    cost=Estimate(1.778, 1.731, 1.844),
    memory_mb=Estimate(512.3, 480.1, 512.3),
    requests=360,
    failed=0,
)


def recommendation(chosen: Candidate, cores: int, **changes: Any) -> Recommendation:
    """Returns a recommendation of settings, on a machine of so many logical processors."""
    values: dict[str, Any] = {
        "request": RecommendRequest("throughput"),
        "model": "a-model",
        "made_at": "2026-11-22T12:00:00+00:00",
        "texts": "64 built-in sentences, 150 characters on average",
        "machine": "A processor, 2 logical processors",
        "versions": {"max-sentiment": "0.1.0", "max": "26.7.0"},
        "chosen": chosen,
        "flags": chosen.flags(cores),
        "callers": 16,
        "figures": FIGURES,
        "rows": [
            Row(chosen, "served", "", 100.0, 16, FIGURES),
            Row(default_candidate(cores), "served", "200 texts/s, against 312", 100.0, 16, FIGURES),
            Row(default_candidate(cores), "not measured", "a reason", None, None, None),
        ],
        "seconds": 118.2,
        "remembered": True,
    }
    return Recommendation(**(values | changes))
