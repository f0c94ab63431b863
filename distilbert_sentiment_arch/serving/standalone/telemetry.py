"""Metrics in this process, on a port of their own; no spans."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from distilbert_sentiment_arch.serving.measurements import RequestMeasurement
from distilbert_sentiment_arch.serving.telemetry import SetAttribute


class LocalTelemetry:
    """Counts in a thread of its own, whose imports keep nobody waiting.

    Args:
        host: Address of the port that Prometheus scrapes.
        port: The port; 0 for none.
        seconds: When it opens, from now.

    Raises:
        OSError: Later and in the log: the port is taken.
    """

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._queue: SimpleQueue[RequestMeasurement] = SimpleQueue()
        self._listen = (port, host)
        if port:
            threading.Thread(target=self._count, args=(seconds,), daemon=True).start()

    def record(self, measurement: RequestMeasurement) -> None:
        """See ``Telemetry``."""
        if self._listen[0]:
            self._queue.put(measurement)

    @contextmanager
    def span(self) -> Iterator[SetAttribute]:
        """See ``Telemetry``."""
        yield lambda name, value: None

    def _count(self, seconds: float) -> None:
        time.sleep(seconds)
        from prometheus_client import start_http_server

        from distilbert_sentiment_arch.serving import metrics  # noqa: F401  fills the registry

        start_http_server(*self._listen)
        while True:
            self._queue.get().commit()
