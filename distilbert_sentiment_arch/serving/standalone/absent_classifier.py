"""The model that is served elsewhere, in whose place a word list answers here."""

from __future__ import annotations

from dataclasses import dataclass

from distilbert_sentiment_arch.classify.interface import Answers, ClassifyRequest, Route
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import ModelAbsent


@dataclass(frozen=True)
class AbsentClassifier:
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
