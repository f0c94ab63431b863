"""A word list as a classifier: scores to labels, and to the fields that clients read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    ClassifyRequest,
    Input,
    Route,
    Scoring,
    TextPair,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import ConfigError, InputError
from distilbert_sentiment_arch.lexicon.bulk_scorer import score_many
from distilbert_sentiment_arch.lexicon.scorer import Score
from distilbert_sentiment_arch.lexicon.word_list import HIGHEST, LOWEST, WordList
from distilbert_sentiment_arch.worker_threads import in_thread

LABELS = LabelSet(("NEGATIVE", "NEUTRAL", "POSITIVE"), "single_label_classification")
"""The labels of a word list on its own."""

SIGNS = {"NEGATIVE": -1, "NEUTRAL": 0, "POSITIVE": 1}
"""Which way each label lies, upper and lower case alike."""

_BLOCKING = 16_384
"""Characters from which on texts are scored in a thread (about 10 ms of the slowest)."""


@dataclass(frozen=True, kw_only=True)
class LexiconClassification(Classification):
    """The answer of a word list for one input; ``logits`` is the mean valence, signed by label.

    Attributes:
        score: What was found in the input.
        neutral_band: Means this close to 0 are neutral.
    """

    score: Score
    neutral_band: float

    @property
    def label(self) -> str:
        """The label of the sign, as the head spells it; NEUTRAL even where the head has none."""
        wanted = self.score.label(self.neutral_band)
        return next((name for name in self.labels.names if name.upper() == wanted), wanted)

    @property
    def scores(self) -> Sequence[float]:
        """One share a label: ``(1 + sign * mean / 5) / labels``; they sum to 1.

        A linear picture of the mean valence, close to even for most texts, and no probability: a
        client with a threshold takes it for the undecided answer that it is.
        """
        mean = 0.0 if self.score.label(self.neutral_band) == "NEUTRAL" else self.score.mean
        share = min(max(mean, LOWEST), HIGHEST) / HIGHEST
        return [(1 + sign * share) / len(self.labels) for sign in _signs(self.labels)]


class LexiconClassifier:
    """Answers with a word list.

    Args:
        word_list: The list; its name is the classifier's.
        labels: The labels to answer with: those of the model it stands in for, or its own.
        scoring: How the list is applied where a request does not say.

    Raises:
        ConfigError: A label has no sign, or there are not both signs among them.
    """

    route: Route = "lexicon"
    max_length = None

    def __init__(
        self, word_list: WordList, labels: LabelSet = LABELS, scoring: Scoring | None = None
    ) -> None:
        check_labels(labels)
        self.name = word_list.name
        self.labels = labels
        self.word_list = word_list
        self.scoring = scoring or Scoring()

    async def classify(self, request: ClassifyRequest) -> Answers:
        """See ``Classifier``.

        Raises:
            InputError: An input that is no text, token ids among them.
        """
        check_inputs(request.inputs)
        texts = [_text(index, item) for index, item in enumerate(request.inputs)]
        scoring = request.scoring or self.scoring
        start = time.perf_counter()
        characters = sum(map(len, texts))
        if characters > _BLOCKING:
            found = await in_thread(characters, self._classify, texts, scoring)
        else:
            found = self._classify(texts, scoring)
        elapsed = (time.perf_counter() - start) * 1000
        return Answers(found, self.name, self.route, {"score": elapsed})

    def _classify(self, texts: Sequence[str], scoring: Scoring) -> list[Classification]:
        signs = _signs(self.labels)
        answers: list[Classification] = []
        for found in score_many(texts, self.word_list, modifiers=scoring.modifiers):
            answers.append(
                LexiconClassification(
                    labels=self.labels,
                    logits=[sign * found.mean for sign in signs],
                    tokens=found.words,
                    tokens_read=found.words,
                    score=found,
                    neutral_band=scoring.neutral_band,
                )
            )
        return answers


def check_labels(labels: LabelSet) -> None:
    """Checks that a word list can answer with the labels of a model.

    Raises:
        ConfigError: A label has no sign, or there are not both signs among them.
    """
    known = [SIGNS.get(name.upper()) for name in labels.names]
    if not {-1, 1} <= set(known) or None in known or len(set(known)) < len(known):
        raise ConfigError(
            f"A word list cannot stand in for a model with the labels {', '.join(labels.names)}: "
            "it knows NEGATIVE, POSITIVE and NEUTRAL. Serve with --fallback off."
        )


def _signs(labels: LabelSet) -> list[int]:
    return [SIGNS[name.upper()] for name in labels.names]


def _text(index: int, item: Input) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, TextPair):
        return f"{item.first}\n{item.second}"
    raise InputError(f"Input {index} is token ids, which a word list cannot read. Send text.")
