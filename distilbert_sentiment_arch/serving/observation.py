"""What is told of one request: response headers, a log line, metrics and a span."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from max.serve.telemetry.metrics import METRICS
from opentelemetry import trace

from distilbert_sentiment_arch.classification import Answers, Classification
from distilbert_sentiment_arch.serving.measurements import RequestMeasurement

logger = logging.getLogger("max.serve.sentiment")
tracer = trace.get_tracer("max.serve.sentiment")

MODEL_ROUTE = "model"


@dataclass
class Observation:
    """Collects what is known of a request while it is answered.

    Attributes:
        dialect: The wire format.
        path: The path as its route declares it, never as the caller wrote it.
        request_id: The id that MAX gave the request.
        probe: An orchestrator asked; its success is no news.
        answers: The answers, once there are any.
        truncation: How inputs over the limit were to be read.
        pending_tokens: The backlog when the model was done with the request, if it came that far.
    """

    dialect: str
    path: str
    request_id: str
    probe: bool = False
    answers: Answers | None = None
    truncation: str | None = None
    pending_tokens: int | None = None
    start: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(cls, request: Request, dialect: str, path: str, *, probe: bool = False) -> Observation:
        """Begins the observation of a request."""
        return cls(dialect, path, getattr(request.state, "request_id", ""), probe)

    @property
    def route(self) -> str:
        """What answered."""
        return MODEL_ROUTE if self.answers is not None else "none"

    def headers(self) -> Mapping[str, str]:
        """Returns what every dialect says outside its body."""
        if self.answers is None:
            return {}
        timing = self.answers.timing
        answers = self.answers.classifications
        return {
            "X-Sentiment-Route": self.route,
            "X-Sentiment-Tokens": str(sum(answer.tokens for answer in answers)),
            "X-Sentiment-Tokens-Read": str(sum(answer.tokens_read for answer in answers)),
            "X-Sentiment-Windows": str(sum(answer.windows for answer in answers)),
            "Server-Timing": (
                f"tokenize;dur={timing.tokenize:.3f}, queue;dur={timing.queue:.3f}, "
                f"compute;dur={timing.compute:.3f}"
            ),
        }

    def finish(self, status: int) -> None:
        """Writes the log line and sends the metrics."""
        seconds = time.perf_counter() - self.start
        answers = self._answered()
        tokens = sum(answer.tokens_read for answer in answers)
        line = {
            "event": "request",
            "request_id": self.request_id,
            "dialect": self.dialect,
            "path": self.path,
            "status": status,
            "route": self.route,
            "inputs": len(answers),
            "tokens": tokens,
            "ms": round(seconds * 1000, 3),
        }
        # Never the text: it belongs to the caller's users.
        logger.log(logging.DEBUG if self.probe and status < 400 else logging.INFO, json.dumps(line))
        METRICS.client.send_measurement(
            RequestMeasurement(
                "sentiment",
                1,
                dialect=self.dialect,
                path=self.path,
                status=status,
                route=self.route,
                seconds=seconds,
                inputs=len(answers),
                tokens=tokens,
                truncations=[str(self.truncation) for answer in answers if not answer.whole],
                stages=self._stages(),
                batch_sizes=self.answers.timing.batch_sizes if self.answers else (),
                pending_tokens=self.pending_tokens,
            )
        )

    def _answered(self) -> list[Classification]:
        return list(self.answers.classifications) if self.answers else []

    def _stages(self) -> dict[str, float]:
        if self.answers is None:
            return {}
        timing = self.answers.timing
        stages = {"tokenize": timing.tokenize, "queue": timing.queue, "compute": timing.compute}
        return {stage: milliseconds / 1000 for stage, milliseconds in stages.items()}
