"""Classifier without a model, for the lexicon server: a word list answers in its place."""

from __future__ import annotations

from dataclasses import dataclass

from distilbert_sentiment_arch.classify.interface import Answers, ClassifyRequest, Route
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import ModelAbsent


@dataclass(frozen=True)
class AbsentClassifier:
    """Placeholder for a model that another server serves; every call fails.

    Attributes:
        name: Name of the model in requests.
        labels: The labels of its head.
    """

    name: str
    labels: LabelSet
    max_length: int | None = None
    route: Route = "lexicon"

    async def classify(self, request: ClassifyRequest) -> Answers:
        """See ``Classifier``.

        Raises:
            ModelAbsent: Always.
        """
        raise ModelAbsent(self.name)
