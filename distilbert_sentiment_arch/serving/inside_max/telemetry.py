"""Metrics and spans through MAX Serve's own telemetry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace

from max.serve.config import Settings
from max.serve.telemetry.metrics import METRICS, MaxMeasurement, MetricClient
from opentelemetry import trace

from distilbert_sentiment_arch.serving.measurements import RequestMeasurement
from distilbert_sentiment_arch.serving.routing import label_of
from distilbert_sentiment_arch.serving.telemetry import SetAttribute

SHIPPED_EVERY_S = 0.1

REQUEST_COUNT = "maxserve.request_count"
"""MAX's counter of requests by path."""

_tracer = trace.get_tracer("max.serve.sentiment")


@dataclass
class _Shipped(MaxMeasurement):
    """A measurement on its way to the telemetry process, where MAX unpickles and commits it."""

    measurement: RequestMeasurement | None = None

    def commit(self) -> None:
        assert self.measurement is not None
        self.measurement.commit()


class BufferedClient(MetricClient):
    """Ships what this process measures a few times a second, rather than each figure by itself.

    A shipment is pickled by one thread, woken for it, and read by another process: with two cores
    and a few figures a request, time that the model would have.

    Args:
        client: MAX's own client.
    """

    def __init__(self, client: MetricClient) -> None:
        self._client = client
        self._waiting: list[MaxMeasurement] = []

    def send_measurement(self, metric: MaxMeasurement) -> None:
        """Keeps a measurement for the next shipment.

        MAX counts requests by the path that a caller wrote: one of any length, and one label more
        for ever. It is shipped as its route declares it.
        """
        if metric.instrument_name == REQUEST_COUNT and metric.attributes:
            path = label_of(str(metric.attributes.get("path", "")))
            metric = replace(metric, attributes={**metric.attributes, "path": path})
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # another thread than the server's
            self._client.send_measurement(metric)
            return
        if not self._waiting:
            loop.call_later(SHIPPED_EVERY_S, self._ship)
        self._waiting.append(metric)

    def _ship(self) -> None:
        shipment, self._waiting = self._waiting, []
        with self._client.transaction():
            for metric in shipment:
                self._client.send_measurement(metric)

    def cross_process_factory(
        self, settings: Settings
    ) -> Callable[[], AbstractAsyncContextManager[MetricClient]]:
        """Returns MAX's own: other processes measure as they do."""
        return self._client.cross_process_factory(settings)


class MaxTelemetry:
    """Metrics on MAX's metrics port, spans through the exporter that MAX sets up."""

    def __init__(self) -> None:
        METRICS.configure(BufferedClient(METRICS.client), METRICS.extra_attributes)

    def record(self, measurement: RequestMeasurement) -> None:
        """See ``Telemetry``."""
        METRICS.client.send_measurement(_Shipped("sentiment", 1, measurement=measurement))

    @contextmanager
    def span(self) -> Iterator[SetAttribute]:
        """See ``Telemetry``."""
        with _tracer.start_as_current_span("sentiment.classify") as span:
            yield span.set_attribute
