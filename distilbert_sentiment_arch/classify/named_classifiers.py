"""Classifiers by the names that clients call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distilbert_sentiment_arch.classify.interface import Classifier
from distilbert_sentiment_arch.errors import UnknownModel


def by_name(default: Classifier, others: Sequence[Classifier]) -> Mapping[str, Classifier]:
    """Returns all classifiers by name, the default first; of two of a name, the first."""
    known: dict[str, Classifier] = {}
    for each in (default, *others):
        known.setdefault(each.name, each)
    return known


def named(name: str | None, default: Classifier, others: Sequence[Classifier]) -> Classifier:
    """Returns the classifier with a name, the default one for None or an empty name.

    Raises:
        UnknownModel: There is none with this name.
    """
    if not name:
        return default
    known = by_name(default, others)
    if name not in known:
        raise UnknownModel(name, tuple(known))
    return known[name]
