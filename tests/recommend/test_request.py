"""What a recommendation may be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.recommend.request import Prices, RecommendRequest


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"goal": "speed"}, "--goal is 'speed'"),
        ({"p99_ms": 0}, "--p99-ms is 0"),
        ({"p99_ms": float("nan")}, "--p99-ms is nan"),
        ({"seconds": -1}, "--seconds is -1"),
        ({"seconds": float("inf")}, "--seconds is inf"),
        ({"callers": 0}, "--callers is 0"),
        ({"texts_per_request": 0}, "--texts-per-request is 0"),
        ({"least_agreement": 101}, "--least-agreement is 101"),
        ({"precisions": ("int4",)}, "--precisions names 'int4'"),
        ({"prices": Prices(core=-1)}, "--core-price is -1"),
        ({"prices": Prices(accelerator=-1)}, "--accelerator-price is -1"),
        ({"goal": "cost", "prices": Prices(core=0)}, "--core-price and --gb-price are both 0"),
    ],
)
def test_values_that_make_no_sense(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(RecommendError, match=named):
        RecommendRequest(**{"goal": "latency", **changes})


def test_callers() -> None:
    assert RecommendRequest("latency").levels == (1,)
    assert RecommendRequest("throughput").levels == (16,)
    assert RecommendRequest("cost", callers=3).levels == (3,)
    # How many keep a bound on p99 is part of the question, unless they are given.
    assert len(RecommendRequest("latency", p99_ms=10).levels) > 1
    assert RecommendRequest("latency", p99_ms=10, callers=3).levels == (3,)
