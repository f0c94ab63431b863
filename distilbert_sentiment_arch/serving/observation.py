"""Response headers, log line and metrics of one request."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request

from distilbert_sentiment_arch.classify.interface import Answers
from distilbert_sentiment_arch.explain.explanation import Explanations
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.measurements import RequestMeasurement

logger = logging.getLogger("max.serve.sentiment")

_PLAIN = " !\"#$&'()*+,/:;<=>?@[\\]^`{|}"
"""ASCII characters that are not percent-encoded in a header."""


@dataclass
class Observation:
    """Record of a request, from which its headers, log line and metrics are made.

    Attributes:
        app: The application.
        dialect: Name of the wire format.
        path: Path template of the endpoint, never the path that the caller sent.
        request_id: Id that the server gave the request.
        probe: It is a probe of an orchestrator; a success is logged at level DEBUG only.
        answers: The answers; None until the request is answered.
        explained: Their explanations; None if none were asked for.
        truncation: Requested truncation mode.
        start: Time of the start, by ``time.perf_counter``.
    """

    app: Application
    dialect: str
    path: str
    request_id: str
    probe: bool = False
    answers: Answers | None = None
    explained: Explanations | None = None
    truncation: str | None = None
    start: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(
        cls, app: Application, request: Request, dialect: str, path: str, *, probe: bool = False
    ) -> Observation:
        """Creates the record of a request and starts its clock."""
        request_id = getattr(request.state, "request_id", "")
        return cls(app, dialect, path, request_id, probe)

    @property
    def route(self) -> str:
        """Source of the answers: ``model``, ``lexicon`` or ``none``."""
        return self.answers.route if self.answers else "none"

    def headers(self) -> Mapping[str, str]:
        """Returns the response headers that are the same in every dialect."""
        if self.answers is None:
            return {}
        answers = self.answers.classifications
        headers = {
            "x-sentiment-route": self.answers.route,
            "x-sentiment-tokens": str(sum(answer.tokens for answer in answers)),
            "x-sentiment-tokens-read": str(sum(answer.tokens_read for answer in answers)),
            "x-sentiment-windows": str(sum(answer.windows for answer in answers)),
            "server-timing": ", ".join(
                f"{stage};dur={milliseconds:.3f}"
                for stage, milliseconds in self.answers.stages.items()
            ),
        }
        if self.answers.route == "lexicon":
            # A header is ASCII, while the name of a list may be in any script.
            headers["x-sentiment-lexicon"] = quote(self.answers.model, safe=_PLAIN)
        if self.answers.reason:
            headers["x-sentiment-fallback-reason"] = self.answers.reason
        return headers

    def finish(self, status: int) -> None:
        """Writes the log line and records the metrics."""
        seconds = time.perf_counter() - self.start
        answers = self.answers.classifications if self.answers else ()
        tokens = sum(answer.tokens_read for answer in answers)
        if self.explained:
            tokens = self.explained.tokens
        reason = self.answers.reason if self.answers else None
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
        if self.explained:
            line["passes"] = self.explained.passes
        if reason:
            line["reason"] = reason
        # The texts are never logged: they are private data of the caller's users.
        level = logging.DEBUG if self.probe and status < 400 else logging.INFO
        logger.log(level, json.dumps(line))
        load = self.app.load() if self.app.load else None
        stages = self.answers.stages if self.answers else {}
        self.app.telemetry.record(
            RequestMeasurement(
                dialect=self.dialect,
                path=self.path,
                status=status,
                route=self.route,
                seconds=seconds,
                inputs=len(answers),
                tokens=tokens,
                truncations=[str(self.truncation) for answer in answers if not answer.whole],
                stages={stage: milliseconds / 1000 for stage, milliseconds in stages.items()},
                batch_sizes=self.answers.batch_sizes if self.answers else (),
                reason=reason,
                pending_tokens=load.pending_tokens if load else None,
                model_failing=load.failing if load else False,
                non_finite=load.non_finite if load else 0,
            )
        )
