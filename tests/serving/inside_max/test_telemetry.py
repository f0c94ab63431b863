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


def test_paths_are_counted_by_the_path_of_their_route() -> None:
    received = Received()

    async def run() -> None:
        buffered = BufferedClient(received)
        for path in ("/classify", "/v1/models/a/b:predict", "/a" * 5000, "/docs", "/v1/models/a"):
            buffered.send_measurement(MaxMeasurement(REQUEST_COUNT, 1, {"path": path, "code": "1"}))
        buffered.send_measurement(MaxMeasurement("another", 1, {"path": "/a"}))
        await asyncio.sleep(0.2)

    asyncio.run(run())
    attributes = [each.attributes or {} for each in received.measurements]
    assert [each["path"] for each in attributes] == [
        "/classify",
        "/v1/models/{name:model}:predict",
        "unmatched",
        "/docs",
        "/v1/models/{name:model}",
        "/a",
    ]
    assert all(each["code"] == "1" for each in attributes[:-1])
