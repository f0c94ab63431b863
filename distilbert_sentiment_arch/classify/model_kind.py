"""What a classifier is, in words: for the refusal of a task that it was not trained for."""

from __future__ import annotations

from distilbert_sentiment_arch.classify.interface import Classifier
from distilbert_sentiment_arch.messages import shown

_NAMED_LABELS = 6
"""Labels that a message names; a model may have thousands."""


def described(classifier: Classifier) -> str:
    """Returns the beginning of a sentence, for example ``'x' is a classifier with the labels ...``.

    Names and labels are shortened, so that a message has a bounded length.
    """
    return f"{shown(classifier.name)} is {_kind(classifier)}"


def _kind(classifier: Classifier) -> str:
    names = classifier.labels.names
    labels = ", ".join(shown(name) for name in names[:_NAMED_LABELS])
    if len(names) > _NAMED_LABELS:
        labels = f"{len(names)} labels {labels}, \u2026"
    else:
        labels = f"{'labels' if len(names) > 1 else 'one label'} {labels}"
    if classifier.route == "lexicon":
        return f"answered by a word list, with the {labels}"
    if len(names) == 1:
        return f"a re-ranker or a regression, with the {labels}"
    return f"a classifier with the {labels}"
