"""What is measured of a request.

MAX Serve commits measurements in a process of their own, and the lexicon server starts without its
metrics: importing this module imports none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class RequestMeasurement:
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
        reason: Why a word list answered in place of the model; None where none did.
        pending_tokens: Tokens accepted and not yet computed; None where no model was asked.
        model_failing: Whether only canaries are sent to the model.
        non_finite: Sequences without an answer because the model put out NaN or infinity.
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
        """Records it, in the process that exposes the metrics."""
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
