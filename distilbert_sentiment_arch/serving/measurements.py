"""Prometheus metrics, on MAX's own metrics port.

MAX Serve ships measurements to a telemetry process and commits them there, into the registry that
its metrics port exposes. Ours travel the same way: the class below is unpickled there, and with it
this module and its metrics. So nothing here may import more than the metrics need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from max.serve.telemetry.metrics import MaxMeasurement
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it bare

REQUESTS = Counter(
    "sentiment_requests",
    "Requests by dialect, path template, HTTP status and what answered.",
    ["dialect", "path", "status", "route"],
)
LATENCY = Histogram(
    "sentiment_request_seconds",
    "From the request's head to its answer.",
    ["dialect", "path", "status", "route"],
    buckets=_SECONDS,
)
STAGES = Histogram(
    "sentiment_stage_seconds",
    "Where the time of answered requests went.",
    ["stage"],
    buckets=_SECONDS,
)
INPUTS = Counter("sentiment_inputs", "Inputs answered.", ["dialect", "path", "route"])
TOKENS = Counter(
    "sentiment_tokens",
    "Tokens read by the model, special ones included.",
    ["dialect", "path", "route"],
)
TRUNCATIONS = Counter(
    "sentiment_truncations", "Inputs not read whole and at once, by how.", ["mode"]
)
BATCH_SIZE = Histogram(
    "sentiment_batch_size",
    "Size of the batch that each sequence was computed in.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
PENDING = Gauge("sentiment_pending_tokens", "Tokens accepted and not yet computed.")


@dataclass
class RequestMeasurement(MaxMeasurement):
    """Everything there is to count about one request.

    Attributes:
        dialect: The wire format.
        path: The path as its route declares it.
        status: HTTP status.
        route: What answered, or ``none``.
        seconds: How long it took.
        inputs: Inputs answered.
        tokens: Tokens read.
        truncations: How each input that was not read whole was read instead.
        stages: Seconds by stage, empty where nothing was answered.
        batch_sizes: Size of the batch of each sequence.
        pending_tokens: Tokens accepted and not yet computed; None where the model was not asked.
    """

    dialect: str = ""
    path: str = ""
    status: int = 0
    route: str = "none"
    seconds: float = 0.0
    inputs: int = 0
    tokens: int = 0
    truncations: Sequence[str] = ()
    stages: dict[str, float] | None = None
    batch_sizes: Sequence[int] = ()
    pending_tokens: int | None = None

    def commit(self) -> None:
        """Records it; called by MAX in the process that exposes the metrics."""
        labels = (self.dialect, self.path, str(self.status), self.route)
        REQUESTS.labels(*labels).inc()
        LATENCY.labels(*labels).observe(self.seconds)
        if self.pending_tokens is not None:
            PENDING.set(self.pending_tokens)
        if self.inputs:
            INPUTS.labels(self.dialect, self.path, self.route).inc(self.inputs)
            TOKENS.labels(self.dialect, self.path, self.route).inc(self.tokens)
        for mode in self.truncations:
            TRUNCATIONS.labels(mode).inc()
        for stage, seconds in (self.stages or {}).items():
            STAGES.labels(stage).observe(seconds)
        for size in self.batch_sizes:
            BATCH_SIZE.observe(size)
