"""Telemetry of the lexicon server: metrics in this process, on a separate port, and no spans."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from distilbert_sentiment_arch.serving.measurements import Measurement
from distilbert_sentiment_arch.serving.telemetry import SetAttribute


class LocalTelemetry:
    """Telemetry that records metrics in a separate thread, which imports Prometheus' library.

    If the port is in use when it is opened, the thread ends with an OSError in the log.

    Args:
        host: Address of the port that Prometheus scrapes.
        port: The port; 0 for none.
        seconds: Delay before the import and the opening of the port, so that they do not slow down
            the start of the server.
    """

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._queue: SimpleQueue[Measurement] = SimpleQueue()
        self._listen = (port, host)
        if port:
            threading.Thread(target=self._run, args=(seconds,), daemon=True).start()

    def record(self, measurement: Measurement) -> None:
        """See ``Telemetry``."""
        if self._listen[0]:
            self._queue.put(measurement)

    @contextmanager
    def span(self) -> Iterator[SetAttribute]:
        """See ``Telemetry``."""
        yield lambda name, value: None

    def _run(self, seconds: float) -> None:
        time.sleep(seconds)
        from prometheus_client import start_http_server

        from distilbert_sentiment_arch.serving import metrics  # noqa: F401  registers the metrics

        start_http_server(*self._listen)
        while True:
            self._queue.get().commit()
