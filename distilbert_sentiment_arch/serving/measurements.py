"""Measurements of a request and of a server, and their recording in the metrics.

MAX Serve records measurements in a separate process, and the lexicon server creates its metrics
after its start. Therefore importing this module does not import the metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Measurement(Protocol):
    """Values that the metrics record."""

    def commit(self) -> None:
        """Records the values in the metrics; called in the process that exposes them."""


@dataclass
class DeviceMeasurement:
    """What a server computes on.

    Attributes:
        first: The device that was chosen at first.
        computed: What answers now: a device, or ``lexicon``.
    """

    first: str
    computed: str

    def commit(self) -> None:
        """See ``Measurement``."""
        from distilbert_sentiment_arch.serving import metrics

        fell_back = self.first != self.computed
        metrics.DEVICE_FALLBACK.labels(self.first, self.computed).set(fell_back)


@dataclass
class RequestMeasurement:
    """All values of one request that the metrics record.

    Attributes:
        dialect: Name of the wire format.
        path: Path template of the endpoint.
        status: HTTP status.
        route: Source of the answers: ``model``, ``lexicon`` or ``none``.
        seconds: Duration of the request.
        inputs: Number of inputs answered.
        tokens: Number of tokens read.
        truncations: Truncation mode of each input that was not read whole and at once.
        stages: Seconds by stage; empty if the request was not answered.
        batch_sizes: Size of the batch of each sequence.
        reason: Why a word list answered in place of the model; None if none did.
        pending_tokens: Tokens accepted and not yet computed; None if there is no model.
        model_failing: The model fails, and only canary requests are sent to it.
        non_finite: Sequences without a result because the model returned NaN or infinity.
    """

    dialect: str
    path: str
    status: int
    route: str
    seconds: float
    inputs: int = 0
    tokens: int = 0
    truncations: Sequence[str] = ()
    stages: dict[str, float] | None = None
    batch_sizes: Sequence[int] = ()
    reason: str | None = None
    pending_tokens: int | None = None
    model_failing: bool = False
    non_finite: int = 0

    def commit(self) -> None:
        """See ``Measurement``."""
        from distilbert_sentiment_arch.serving import metrics

        labels = (self.dialect, self.path, str(self.status), self.route)
        metrics.REQUESTS.labels(*labels).inc()
        metrics.LATENCY.labels(*labels).observe(self.seconds)
        if self.pending_tokens is not None:
            metrics.PENDING.set(self.pending_tokens)
            metrics.FAILING.set(self.model_failing)
            metrics.NON_FINITE.inc(self.non_finite)
        if self.reason:
            metrics.FALLBACKS.labels(self.dialect, self.reason).inc()
        if self.inputs:
            metrics.INPUTS.labels(self.dialect, self.path, self.route).inc(self.inputs)
            metrics.TOKENS.labels(self.dialect, self.path, self.route).inc(self.tokens)
        for mode in self.truncations:
            metrics.TRUNCATIONS.labels(mode).inc()
        for stage, seconds in (self.stages or {}).items():
            metrics.STAGES.labels(stage).observe(seconds)
        for size in self.batch_sizes:
            metrics.BATCH_SIZE.observe(size)
