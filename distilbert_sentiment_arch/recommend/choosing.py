"""The choice among settings that were measured, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.figures import Figures, Point
from distilbert_sentiment_arch.recommend.intervals import requests_for
from distilbert_sentiment_arch.recommend.request import RecommendRequest

CLOSE = 0.02
"""Settings this close to the best are as good, and those nearest to the defaults are taken."""

_KEPT_LEVELS = 2


def score(figures: Figures, request: RecommendRequest) -> float:
    """Returns what the goal makes of figures; the lower, the better.

    ``latency`` counts the median, or, under a bound on the 99th percentile, the texts a second that
    come within it.
    """
    if request.goal == "cost":
        return figures.cost.value
    if request.goal == "latency" and request.p99_ms is None:
        return figures.p50_ms.value
    return 1 / figures.texts_per_second.value


def in_words(figures: Figures, request: RecommendRequest) -> str:
    """Returns the figure that the goal counts, with its unit."""
    if request.goal == "cost":
        return f"{figures.cost.value:.3g} for a million texts"
    if request.goal == "latency" and request.p99_ms is None:
        return f"median {figures.p50_ms.value:.3g} ms"
    return f"{figures.texts_per_second.value:.3g} texts/s"


def refusal(figures: Figures, request: RecommendRequest) -> str | None:
    """Returns which bound figures break; None if none.

    The bound on the 99th percentile has to hold at the upper end of its interval.
    """
    if figures.failed:
        return f"{figures.failed} of {figures.failed + figures.requests} requests failed"
    if request.p99_ms is None:
        return None
    p99 = figures.p99_ms
    if p99.value > request.p99_ms:
        return f"its p99 is {p99.value:.3g} ms, over {request.p99_ms:g}"
    if p99.high is None:
        return (
            f"{figures.requests} requests are too few to bound its p99 ({p99.value:.3g} ms), which "
            f"takes {requests_for(0.99)} in several windows; give more --seconds"
        )
    if p99.high > request.p99_ms:
        return (
            f"its p99 is {p99.value:.3g} ms, but may be up to {p99.high:.3g}, over "
            f"{request.p99_ms:g}"
        )
    return None


def contending_levels(points: Sequence[Point], request: RecommendRequest) -> list[int]:
    """Returns the numbers of callers to measure a server with once more, at length.

    Args:
        points: What a short measurement of one server gave, for each number of callers.
        request: The goal and its bound.
    """
    bound = float("inf") if request.p99_ms is None else request.p99_ms
    keeping = [each for each in points if each.figures.p99_ms.value <= bound]
    if not keeping:
        return [min(points, key=lambda each: each.figures.p99_ms.value).callers]
    keeping.sort(key=lambda each: score(each.figures, request))
    return sorted(each.callers for each in keeping[:_KEPT_LEVELS])


def choose(
    points: Sequence[Point], request: RecommendRequest, default: Candidate
) -> tuple[Point, dict[int, str]]:
    """Chooses a point.

    Args:
        points: At least one.
        request: The goal and its bound.
        default: What a server does without a flag.

    Returns:
        The choice, and why not each of the others, by its place in ``points``.

    Raises:
        RecommendError: All of them break a bound; the message names the nearest one.
    """
    refused = {
        place: why
        for place, each in enumerate(points)
        if (why := refusal(each.figures, request)) is not None
    }
    fitting = [each for place, each in enumerate(points) if place not in refused]
    if not fitting:
        raise RecommendError(_nearest(points, request))
    best = min(score(each.figures, request) for each in fitting)
    close = [each for each in fitting if score(each.figures, request) <= best * (1 + CLOSE)]
    chosen = min(
        close,
        key=lambda each: (_changes(each.candidate, default), score(each.figures, request)),
    )
    reasons = dict(refused)
    for place, each in enumerate(points):
        if place in refused or each is chosen:
            continue
        if any(each is other for other in close):
            reasons[place] = (
                f"{in_words(each.figures, request)}, within {CLOSE:.0%} of what was chosen, which "
                "changes no more of the defaults"
            )
        else:
            reasons[place] = (
                f"{in_words(each.figures, request)}, against {in_words(chosen.figures, request)}"
            )
    return chosen, reasons


def _changes(candidate: Candidate, default: Candidate) -> int:
    return sum(
        (
            candidate.device != default.device,
            candidate.precision != default.precision,
            candidate.cores != default.cores,
            candidate.batch_tokens != default.batch_tokens,
        )
    )


def _nearest(points: Sequence[Point], request: RecommendRequest) -> str:
    whole = [each for each in points if not each.figures.failed]
    if not whole:
        each = min(points, key=lambda each: each.figures.failed)
        return (
            f"Requests failed with each setting that was measured; {each.figures.failed} with "
            f"{each.candidate}, the fewest. Measure with fewer --callers or --texts-per-request."
        )
    assert request.p99_ms is not None
    each = min(whole, key=lambda each: each.figures.p99_ms.value)
    p99 = each.figures.p99_ms
    end = "unknown" if p99.high is None else f"{p99.high:.3g}"
    callers = "1 caller" if each.callers == 1 else f"{each.callers} callers"
    if p99.high is None and p99.value <= request.p99_ms:
        return (
            f"No setting is sure to keep p99 within {request.p99_ms:g} ms: {each.candidate}, with "
            f"{callers}, has {p99.value:.3g} ms, but {each.figures.requests} requests are too few "
            f"to say so with 95% confidence. It takes {requests_for(0.99)} in several windows. "
            "Give more --seconds."
        )
    return (
        f"No setting is sure to keep p99 within {request.p99_ms:g} ms on this machine. Nearest is "
        f"{each.candidate}, with {callers}: {p99.value:.3g} ms, with 95% confidence {p99.low:.3g} "
        f"to {end}. Raise --p99-ms, give more --seconds, or send shorter texts."
    )
