"""Classifier that answers with the scores of a word list."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    ClassifyRequest,
    Contribution,
    Input,
    Route,
    Scoring,
    Sum,
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
"""Sign of the valence of each label, whose case does not matter."""

_THREAD_CHARACTERS = 16_384
"""Characters above which texts are scored in a thread; the slowest such text takes about 10 ms."""


@dataclass(frozen=True, kw_only=True)
class LexiconClassification(Classification):
    """Result of a word list for one input; a logit is the mean valence times the label's sign.

    Attributes:
        score: The matches in the input, their sum and mean.
        neutral_band: Means from ``-neutral_band`` to ``neutral_band`` are neutral.
    """

    score: Score
    neutral_band: float

    @property
    def label(self) -> str:
        """The label of the mean's sign, spelled as in ``labels``; NEUTRAL even if not in them."""
        wanted = self.score.label(self.neutral_band)
        return next((name for name in self.labels.names if name.upper() == wanted), wanted)

    @property
    def scores(self) -> Sequence[float]:
        """A number from 0 to 1 for each label, ``(1 + sign * mean / 5) / number of labels``.

        They sum to 1 and grow linearly with the mean valence, but they are not probabilities. For
        most texts they are nearly equal, so that clients that apply a threshold treat the result
        as uncertain.
        """
        share = self._share
        return [(1 + sign * share) / len(self.labels) for sign in _signs(self.labels)]

    @property
    def sum(self) -> Sum:
        """The answer as a sum over the terms; a score without any is 1 / number of labels."""
        signs = _signs(self.labels)
        mean = self.score.mean
        # 0 within the neutral band; not 1 either where modifiers led beyond the scale.
        scale = self._share / mean / len(signs) if mean else 1 / HIGHEST / len(signs)
        contributions = []
        for match in self.score.matches:
            part = match.score / self.score.words
            logits = [sign * part for sign in signs]
            contributions.append(
                Contribution(match.start, match.end, logits, [scale * each for each in logits])
            )
        return Sum([0.0] * len(signs), [1 / len(signs)] * len(signs), contributions)

    @property
    def _share(self) -> float:
        """The mean as a share of the highest."""
        mean = 0.0 if self.score.label(self.neutral_band) == "NEUTRAL" else self.score.mean
        return min(max(mean, LOWEST), HIGHEST) / HIGHEST


class LexiconClassifier:
    """Classifier that answers with the scores of a word list.

    Args:
        word_list: The list; its name is the classifier's.
        labels: Labels of the results: those of the model it replaces, or its own.
        scoring: Default options for requests that contain none.

    Raises:
        ConfigError: The labels are not supported, see ``check_labels``.
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
            InputError: An input is not a text, for example token ids.
        """
        check_inputs(request.inputs)
        start = time.perf_counter()
        characters = sum(map(len, request.inputs))
        if characters > _THREAD_CHARACTERS:
            found = await in_thread(
                characters, self.classify_texts, request.inputs, request.scoring
            )
        else:
            found = self.classify_texts(request.inputs, request.scoring)
        elapsed = (time.perf_counter() - start) * 1000
        return Answers(found, self.name, self.route, {"score": elapsed})

    def classify_texts(
        self, inputs: Sequence[Input], scoring: Scoring | None = None
    ) -> list[Classification]:
        """Answers texts that are checked, in this thread.

        Args:
            inputs: The texts; of a pair both are scored, a line each.
            scoring: How the list is applied; None for its own way.

        Raises:
            InputError: An input is not a text.
        """
        scoring = scoring or self.scoring
        texts = [_text(index, item) for index, item in enumerate(inputs)]
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
        ConfigError: A label is not NEGATIVE, NEUTRAL or POSITIVE, or NEGATIVE or POSITIVE is
            missing.
    """
    known = [SIGNS.get(name.upper()) for name in labels.names]
    if not {-1, 1} <= set(known) or None in known or len(set(known)) < len(known):
        raise ConfigError(
            f"A word list cannot stand in for a model with the labels {', '.join(labels.names)}: "
            "it knows NEGATIVE, POSITIVE and NEUTRAL. Serve with --fallback off, and without "
            "--device-fallback always."
        )


def _signs(labels: LabelSet) -> list[int]:
    return [SIGNS[name.upper()] for name in labels.names]


def _text(index: int, item: Input) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, TextPair):
        return f"{item.first}\n{item.second}"
    raise InputError(f"Input {index} is token ids, which a word list cannot read. Send text.")
