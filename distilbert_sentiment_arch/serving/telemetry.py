"""Interface to which the servers send metrics and spans; each server has its implementation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from distilbert_sentiment_arch.serving.measurements import Measurement

SetAttribute = Callable[[str, float], None]
"""Function that sets an attribute, by name and value, of a request's span."""


class Telemetry(Protocol):
    """Receiver of metrics and spans."""

    def record(self, measurement: Measurement) -> None:
        """Records the metrics of a request, or of the server."""

    def span(self) -> AbstractContextManager[SetAttribute]:
        """Returns a context with the span ``sentiment.classify``; yields a setter of attributes."""
