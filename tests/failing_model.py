"""A classifier that fails on demand, as no real model does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    ClassifyRequest,
    Route,
)
from distilbert_sentiment_arch.classify.labels import LabelSet

LABELS = LabelSet(("NEGATIVE", "POSITIVE"), "single_label_classification")


@dataclass
class FailingModel:
    """Fails with ``error``, hangs, or answers POSITIVE."""

    name: str = "model"
    labels: LabelSet = LABELS
    max_length: int | None = 512
    route: Route = "model"
    error: Exception | None = None
    hangs: bool = False
    answered: int = 0
    asked: list[ClassifyRequest] = field(default_factory=list)

    async def classify(self, request: ClassifyRequest) -> Answers:
        self.asked.append(request)
        if self.hangs:
            await asyncio.sleep(3600)
        if self.error:
            raise self.error
        self.answered += 1
        answers = [Classification(self.labels, [0.0, 1.0], 3, 3) for _ in request.inputs]
        return Answers(answers, self.name, self.route, {"compute": 1.0})
