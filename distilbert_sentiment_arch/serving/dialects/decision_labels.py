"""Answers of ``POST /v1/decisions`` from the labels of a model: questions that name its labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from distilbert_sentiment_arch.classify.interface import Classification
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.serving.dialects.decision_format import (
    Answer,
    ChoiceAnswer,
    ChoiceProbability,
    ChoiceQuestion,
    PredicateAnswer,
    PredicateQuestion,
    Question,
    Refusal,
)

_LONGEST_LABEL = 1024
"""Maximum characters of a value that is compared with labels. Label names are shorter, and folding
the case of a long value would take time."""


def answer_by_labels(question: Question, answer: Classification, rows: Mapping[str, int]) -> Answer:
    """Answers a question, or refuses one whose names are no labels.

    Args:
        question: The question.
        answer: The model's or the word list's answer for the input.
        rows: See ``rows_of``.
    """
    if isinstance(question, ChoiceQuestion):
        return _choose(question, answer, rows) or Refusal(name=question.name)
    if isinstance(question, PredicateQuestion):
        return _predicate(question, answer, rows) or Refusal(name=question.name)
    return Refusal(name=question.name)


def _choose(
    question: ChoiceQuestion, answer: Classification, rows_of_labels: Mapping[str, int]
) -> ChoiceAnswer | None:
    if answer.labels.problem_type != "single_label_classification":
        return None  # the options of a choice exclude each other, and such labels do not
    values = [choice.value for choice in question.choices]
    if len(values) > len(rows_of_labels):
        return None
    rows = [row_of(value, rows_of_labels) for value in values]
    own = row_of(answer.label, rows_of_labels)
    known = [row for row in rows if row is not None]
    if len(known) < len(values) or len(set(known)) < len(values):
        return None
    scores = [answer.scores[row] for row in known]
    total = math.fsum(scores)
    probabilities = [score / total for score in scores]
    best = max(range(len(values)), key=lambda place: (probabilities[place], rows[place] == own))
    if rows[best] != own and probabilities.count(probabilities[best]) > 1:
        return None  # a word list scores the options alike and answers NEUTRAL
    return ChoiceAnswer(
        name=question.name,
        choice=values[best],
        confidence=probabilities[best],
        probabilities=[
            ChoiceProbability(value=value, probability=probability)
            for value, probability in zip(values, probabilities, strict=True)
        ],
    )


def _predicate(
    question: PredicateQuestion, answer: Classification, rows: Mapping[str, int]
) -> PredicateAnswer | None:
    row = row_of(question.name, rows)
    if row is None or answer.labels.problem_type == "regression":
        return None
    return PredicateAnswer(name=question.name, probability=answer.scores[row])


def rows_of(labels: LabelSet) -> Mapping[str, int]:
    """Returns the row of each label by its case-folded name; ambiguous names are left out."""
    folded = [name.casefold() for name in labels.names]
    counts = Counter(folded)
    return {name: row for row, name in enumerate(folded) if counts[name] == 1}


def row_of(value: str | bool | None, rows: Mapping[str, int]) -> int | None:
    """Returns the row of the label that a value names, None if it names none."""
    if not isinstance(value, str) or len(value) > _LONGEST_LABEL:
        return None
    return rows.get(value.casefold())
