"""Metrics and spans through MAX Serve's own telemetry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from max.serve.telemetry.metrics import METRICS, MaxMeasurement
from opentelemetry import trace

from distilbert_sentiment_arch.serving.measurements import RequestMeasurement
from distilbert_sentiment_arch.serving.telemetry import SetAttribute

_tracer = trace.get_tracer("max.serve.sentiment")


@dataclass
class _Shipped(MaxMeasurement):
    """A measurement on its way to the telemetry process, where MAX unpickles and commits it."""

    measurement: RequestMeasurement | None = None

    def commit(self) -> None:
        assert self.measurement is not None
        self.measurement.commit()


class MaxTelemetry:
    """Metrics on MAX's metrics port, spans through the exporter that MAX sets up."""

    def record(self, measurement: RequestMeasurement) -> None:
        """See ``Telemetry``."""
        METRICS.client.send_measurement(_Shipped("sentiment", 1, measurement=measurement))

    @contextmanager
    def span(self) -> Iterator[SetAttribute]:
        """See ``Telemetry``."""
        with _tracer.start_as_current_span("sentiment.classify") as span:
            yield span.set_attribute
