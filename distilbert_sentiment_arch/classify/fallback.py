"""A classifier that stands in for a model: which failures it covers, under which policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from distilbert_sentiment_arch.classify.interface import (
    FALLBACK_POLICIES,
    Answers,
    Classifier,
    ClassifyRequest,
    FallbackPolicy,
    Input,
    Reason,
    Route,
    TextPair,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import (
    DeadlineExceeded,
    NonFiniteLogits,
    Overloaded,
    SentimentError,
    TooManyTokens,
    Unavailable,
)

# The first class that matches decides.
_REASONS: tuple[tuple[type[SentimentError], Reason], ...] = (
    (Overloaded, "overloaded"),
    (DeadlineExceeded, "deadline"),
    (NonFiniteLogits, "non_finite"),
    (Unavailable, "unavailable"),
    (TooManyTokens, "too_long"),
)

COVERED: dict[FallbackPolicy, frozenset[Reason]] = {
    "off": frozenset(),
    "overload": frozenset(["overloaded", "deadline"]),
    "always-available": frozenset(
        ["overloaded", "deadline", "non_finite", "unavailable", "too_long"]
    ),
}
"""The failures that each policy covers."""


class FallbackClassifier:
    """A model that a word list stands in for.

    Args:
        model: The model; name, labels and limit are its own.
        stand_in: Answers in its place, with its labels.
        policy: The most that a request may ask for.
    """

    def __init__(self, model: Classifier, stand_in: Classifier, policy: FallbackPolicy) -> None:
        self.name = model.name
        self.labels: LabelSet = model.labels
        self.max_length = model.max_length
        self.route: Route = model.route
        self._model = model
        self._stand_in = stand_in
        self._policy = policy

    async def classify(self, request: ClassifyRequest) -> Answers:
        """See ``Classifier``; token ids are for the model alone."""
        try:
            return await self._model.classify(request)
        except SentimentError as error:
            reason = self._reason(error, request)
            if reason is None:
                raise
        return replace(await self._stand_in.classify(request), reason=reason)

    def _reason(self, error: SentimentError, request: ClassifyRequest) -> Reason | None:
        """Returns why the word list answers instead, None where it does not."""
        reason = reason_of(error)
        policy = narrower(self._policy, request.fallback)
        return reason if reason in COVERED[policy] and _all_text(request.inputs) else None


def reason_of(error: SentimentError) -> Reason | None:
    """Returns the reason that an error is for a fallback; None for one that no policy covers."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), None)


def narrower(allowed: FallbackPolicy, asked: FallbackPolicy | None) -> FallbackPolicy:
    """Returns the policy that both the operator and the request agree to."""
    return allowed if asked is None else min(allowed, asked, key=FALLBACK_POLICIES.index)


def _all_text(inputs: Sequence[Input]) -> bool:
    return all(isinstance(item, str | TextPair) for item in inputs)
