"""Metrics and spans through MAX Serve's own telemetry."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass
from typing import Any

from max.serve.config import Settings
from max.serve.telemetry.metrics import METRICS, MaxMeasurement, MetricClient
from opentelemetry import trace

from distilbert_sentiment_arch.serving.measurements import Measurement
from distilbert_sentiment_arch.serving.routing import label_of
from distilbert_sentiment_arch.serving.telemetry import SetAttribute

FLUSH_INTERVAL_S = 0.1
"""Seconds between two transfers of measurements to the telemetry process."""

REQUEST_COUNT = "maxserve.request_count"
"""Name of MAX's counter of requests by path."""

_tracer = trace.get_tracer("max.serve.sentiment")


_Attributes = tuple[tuple[str, Any], ...]


@dataclass
class _PickledMeasurement(MaxMeasurement):
    """A measurement sent to the telemetry process, where MAX unpickles and commits it."""

    measurement: Measurement | None = None

    def commit(self) -> None:
        assert self.measurement is not None
        self.measurement.commit()


class BufferedClient(MetricClient):
    """Client that collects measurements and sends them together, ten times a second.

    Each transfer wakes a thread that pickles the measurements, and another process that reads
    them. With one transfer for each of the several measurements of a request, this would take CPU
    time from the model on a machine with two cores.

    Args:
        client: MAX's own client.
    """

    def __init__(self, client: MetricClient) -> None:
        self._client = client
        self._buffer: list[MaxMeasurement] = []
        self._requests: Counter[_Attributes] = Counter()

    def send_measurement(self, metric: MaxMeasurement) -> None:
        """Adds a measurement to the next transfer.

        MAX counts requests by the path that the caller sent, so that every new path would add a
        label value, of any length. It is replaced by the path template of its endpoint.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # called in a thread without an event loop
            self._client.send_measurement(metric)
            return
        if not self._buffer and not self._requests:
            loop.call_later(FLUSH_INTERVAL_S, self._flush)
        if metric.instrument_name == REQUEST_COUNT:
            attributes = dict(metric.attributes or {})
            attributes["path"] = label_of(str(attributes.get("path", "")))
            self._requests[tuple(attributes.items())] += int(metric.value)
        else:
            self._buffer.append(metric)

    def _flush(self) -> None:
        metrics, self._buffer = self._buffer, []
        requests, self._requests = self._requests, Counter()
        with self._client.transaction():
            for metric in metrics:
                self._client.send_measurement(metric)
            for attributes, count in requests.items():
                counted = MaxMeasurement(REQUEST_COUNT, count, dict(attributes))
                self._client.send_measurement(counted)

    def cross_process_factory(
        self, settings: Settings
    ) -> Callable[[], AbstractAsyncContextManager[MetricClient]]:
        """Returns MAX's own factory: other processes send their measurements directly."""
        return self._client.cross_process_factory(settings)


class MaxTelemetry:
    """Telemetry on MAX's metrics port, with spans through the exporter that MAX configures."""

    def __init__(self) -> None:
        METRICS.configure(BufferedClient(METRICS.client), METRICS.extra_attributes)
        self._traced = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)

    def record(self, measurement: Measurement) -> None:
        """See ``Telemetry``."""
        metric = _PickledMeasurement("sentiment", 1, measurement=measurement)
        METRICS.client.send_measurement(metric)

    def span(self) -> AbstractContextManager[SetAttribute]:
        """See ``Telemetry``."""
        return _span() if self._traced else _NO_SPAN


def _set_nothing(name: str, value: float) -> None:
    """Stands in for a span's ``set_attribute`` where no spans are exported."""


_NO_SPAN: AbstractContextManager[SetAttribute] = nullcontext(_set_nothing)


@contextmanager
def _span() -> Iterator[SetAttribute]:
    with _tracer.start_as_current_span("sentiment.classify") as span:
        yield span.set_attribute
