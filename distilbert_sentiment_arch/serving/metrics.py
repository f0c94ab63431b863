"""Prometheus metrics of the servers."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client has no type here

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
    "Tokens read by the model, special ones included, or words read by a word list.",
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
FALLBACKS = Counter(
    "sentiment_fallbacks",
    "Requests that a word list answered in place of the model, by why it did not.",
    ["dialect", "reason"],
)
FAILING = Gauge("sentiment_model_failing", "1 while only canaries are sent to the model.")
NON_FINITE = Counter(
    "sentiment_non_finite",
    "Sequences without an answer because the model put out NaN or infinity.",
)
DEVICE_FALLBACK = Gauge(
    "sentiment_device_fallback",
    "1 where something else answers than the device chosen at first, which failed; else 0.",
    ["from", "to"],
)
PENDING = Gauge("sentiment_pending_tokens", "Tokens accepted and not yet computed.")
