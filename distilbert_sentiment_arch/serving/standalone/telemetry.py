"""Metrics in this process, on a port of their own; no spans."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from distilbert_sentiment_arch.serving.measurements import RequestMeasurement
from distilbert_sentiment_arch.serving.telemetry import SetAttribute

_START_S = 0.5


class LocalTelemetry:
    """Counts in a thread of its own, whose imports keep nobody waiting.

    Args:
        host: Address of the port that Prometheus scrapes.
        port: The port, open half a second after the start; 0 for none.

    Raises:
        OSError: Later and in the log: the port is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        self._queue: SimpleQueue[RequestMeasurement] = SimpleQueue()
        self._listen = (port, host)
        if port:
            threading.Thread(target=self._count, daemon=True).start()

    def record(self, measurement: RequestMeasurement) -> None:
        """See ``Telemetry``."""
        if self._listen[0]:
            self._queue.put(measurement)

    @contextmanager
    def span(self) -> Iterator[SetAttribute]:
        """See ``Telemetry``."""
        yield lambda name, value: None

    def _count(self) -> None:
        time.sleep(_START_S)  # the server's own imports go first
        from prometheus_client import start_http_server

        from distilbert_sentiment_arch.serving import metrics  # noqa: F401  fills the registry

        start_http_server(*self._listen)
        while True:
            self._queue.get().commit()
