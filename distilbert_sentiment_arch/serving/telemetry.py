"""Where metrics and spans go: MAX's telemetry inside MAX, this process elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from distilbert_sentiment_arch.serving.measurements import RequestMeasurement

SetAttribute = Callable[[str, float], None]
"""Notes something of the request on its span."""


class Telemetry(Protocol):
    """Takes what is told of requests."""

    def record(self, measurement: RequestMeasurement) -> None:
        """Counts a request."""

    def span(self) -> AbstractContextManager[SetAttribute]:
        """Returns the span ``sentiment.classify``."""
