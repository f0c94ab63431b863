"""The model that is served elsewhere, in whose place a word list answers here."""

from __future__ import annotations

from dataclasses import dataclass

from distilbert_sentiment_arch.classification import Answers, ClassifyRequest, Route
from distilbert_sentiment_arch.errors import ModelAbsent
from distilbert_sentiment_arch.labels import LabelSet


@dataclass(frozen=True)
class AbsentModel:
    """Answers nothing.

    Attributes:
        name: What clients call the model.
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
