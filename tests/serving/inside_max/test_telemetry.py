"""Transfer of measurements to MAX's metrics process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from max.serve.telemetry import metrics
from max.serve.telemetry.metrics import MaxMeasurement, MetricClient

from distilbert_sentiment_arch.serving.inside_max.telemetry import REQUEST_COUNT, BufferedClient


class Received(MetricClient):
    def __init__(self) -> None:
        self.measurements: list[MaxMeasurement] = []

    def send_measurement(self, metric: MaxMeasurement) -> None:
        self.measurements.append(metric)

    def cross_process_factory(
        self, settings: Any
    ) -> Callable[[], AbstractAsyncContextManager[MetricClient]]:
        raise NotImplementedError


def test_max_counts_requests_by_path_under_this_name() -> None:
    assert REQUEST_COUNT in metrics.SERVE_METRICS


def test_requests_are_counted_together_by_the_path_of_their_route() -> None:
    received = Received()

    async def run() -> None:
        buffered = BufferedClient(received)
        paths = ("/classify", "/v1/models/a/b:predict", "/a" * 5000, "/docs", "/v1/models/a", "/b")
        for path in (*paths, "/classify"):
            buffered.send_measurement(MaxMeasurement(REQUEST_COUNT, 1, {"path": path, "code": "1"}))
        failed = MaxMeasurement(REQUEST_COUNT, 1, {"path": "/classify", "code": "2"})
        buffered.send_measurement(failed)
        buffered.send_measurement(MaxMeasurement("another", 1, {"path": "/a"}))
        await asyncio.sleep(0.2)

    asyncio.run(run())
    counts = {
        (each.instrument_name, *(each.attributes or {}).values()): each.value
        for each in received.measurements
    }
    assert counts == {
        (REQUEST_COUNT, "/classify", "1"): 2,
        (REQUEST_COUNT, "/v1/models/{name:model}:predict", "1"): 1,
        (REQUEST_COUNT, "unmatched", "1"): 2,
        (REQUEST_COUNT, "/docs", "1"): 1,
        (REQUEST_COUNT, "/v1/models/{name:model}", "1"): 1,
        (REQUEST_COUNT, "/classify", "2"): 1,
        ("another", "/a"): 1,
    }
