"""The choice among measured settings, and the reasons against the others."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.recommend.candidates import Candidate, default_candidate
from distilbert_sentiment_arch.recommend.choosing import choose, contending_levels
from distilbert_sentiment_arch.recommend.figures import Figures, Point
from distilbert_sentiment_arch.recommend.intervals import Estimate
from distilbert_sentiment_arch.recommend.request import RecommendRequest

DEFAULT = default_candidate(2)
INT8 = Candidate("cpu", "int8", 2, 512)
LARGE = Candidate("cpu", "int8", 2, 2048)
ONE_CORE = Candidate("cpu", "int8", 1, 512)


def exact(value: float) -> Estimate:
    return Estimate(value, value, value)


def point(
    candidate: Candidate,
    *,
    texts: float = 100.0,
    p50: float = 10.0,
    p99: Estimate | float = 20.0,
    cost: float = 1.0,
    callers: int = 16,
    failed: int = 0,
) -> Point:
    bound = exact(p99) if isinstance(p99, float) else p99
    figures = Figures(exact(texts), exact(p50), bound, exact(cost), None, 1000, failed)
    return Point(candidate, callers, figures)


def test_each_goal_counts_its_own_figure() -> None:
    points = [
        point(DEFAULT, texts=100, p50=9, cost=5),
        point(INT8, texts=300, p50=20, cost=4),
        point(ONE_CORE, texts=150, p50=30, cost=2),
    ]
    for place, request in enumerate(
        [RecommendRequest("latency"), RecommendRequest("throughput"), RecommendRequest("cost")]
    ):
        chosen, reasons = choose(points, request, DEFAULT)
        assert chosen is points[place]
        assert set(reasons) == {0, 1, 2} - {place}
    assert reasons[0] == "5 for a million texts, against 2 for a million texts"


def test_what_is_as_good_and_nearer_to_the_defaults_is_taken() -> None:
    points = [point(LARGE, texts=101), point(INT8, texts=100), point(DEFAULT, texts=97)]
    chosen, reasons = choose(points, RecommendRequest("throughput"), DEFAULT)
    assert chosen is points[1]
    assert "within 2% of what was chosen" in reasons[0]
    assert reasons[2] == "97 texts/s, against 100 texts/s"


def test_a_bound_on_p99_makes_latency_the_most_texts_within_it() -> None:
    points = [
        point(INT8, texts=100, p99=9.0, callers=1),
        point(INT8, texts=300, p99=Estimate(24.0, 22.0, 24.9), callers=8),
        point(INT8, texts=350, p99=Estimate(24.0, 22.0, 26.0), callers=16),
        point(INT8, texts=400, p99=40.0, callers=32),
    ]
    chosen, reasons = choose(points, RecommendRequest("latency", p99_ms=25), DEFAULT)
    assert chosen is points[1]
    assert reasons[2] == "its p99 is 24 ms, but may be up to 26, over 25"
    assert reasons[3] == "its p99 is 40 ms, over 25"


def test_too_few_requests_prove_no_bound() -> None:
    few = [point(INT8, p99=Estimate(5.0, 1.0, None))]
    with pytest.raises(RecommendError, match=r"1000 requests are too few .* Give more --seconds"):
        choose(few, RecommendRequest("latency", p99_ms=25), DEFAULT)
    both = [*few, point(DEFAULT, p99=20.0)]
    chosen, reasons = choose(both, RecommendRequest("latency", p99_ms=25), DEFAULT)
    assert chosen is both[1]
    assert "1000 requests are too few to bound its p99" in reasons[0]


def test_where_nothing_keeps_the_bound_the_nearest_is_named() -> None:
    points = [
        point(DEFAULT, p99=60.0, callers=1),
        point(INT8, p99=Estimate(31.5, 30.0, 34.0), callers=2),
    ]
    with pytest.raises(RecommendError) as raised:
        choose(points, RecommendRequest("latency", p99_ms=25), DEFAULT)
    assert "p99 within 25 ms" in str(raised.value)
    assert f"Nearest is {INT8}, with 2 callers: 31.5 ms" in str(raised.value)


def test_settings_whose_requests_fail_are_not_taken() -> None:
    points = [point(DEFAULT, texts=10), point(INT8, texts=1000, failed=3)]
    chosen, reasons = choose(points, RecommendRequest("throughput"), DEFAULT)
    assert chosen is points[0]
    assert reasons[1] == "3 of 1003 requests failed"
    with pytest.raises(RecommendError, match="Requests failed with each setting"):
        choose(points[1:], RecommendRequest("throughput"), DEFAULT)


def test_levels_that_are_measured_at_length() -> None:
    request = RecommendRequest("latency", p99_ms=25)
    levels = [(1, 100.0, 5.0), (2, 150.0, 9.0), (4, 180.0, 18.0), (8, 190.0, 40.0)]
    points = [point(INT8, texts=t, p99=p, callers=c) for c, t, p in levels]
    assert contending_levels(points, request) == [2, 4]
    assert contending_levels(points[3:], request) == [8]
