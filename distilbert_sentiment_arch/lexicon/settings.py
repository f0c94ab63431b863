"""Settings of the word lists, read once from the environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from distilbert_sentiment_arch.classify.interface import (
    FALLBACK_POLICIES,
    FallbackPolicy,
    Scoring,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import (
    HIGHEST,
    WordList,
    embedded_word_list,
    read_word_list,
)

FALLBACK = "MAX_SENTIMENT_FALLBACK"
LEXICON = "MAX_SENTIMENT_LEXICON"
WORD_LISTS = "MAX_SENTIMENT_WORD_LISTS"
NEUTRAL_BAND = "MAX_SENTIMENT_NEUTRAL_BAND"
MODIFIERS = "MAX_SENTIMENT_MODIFIERS"

EMBEDDED = ("afinn-111", "mvp-29")

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class LexiconSettings:
    """The word lists of a server.

    Attributes:
        fallback: Policy that says when a list may answer in place of the model.
        word_lists: Word lists by name; the embedded ones come first.
        stand_in: Name of the list that answers in place of the model.
        scoring: Default options of scoring.
    """

    fallback: FallbackPolicy
    word_lists: Mapping[str, WordList]
    stand_in: str
    scoring: Scoring

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> LexiconSettings:
        """Reads the settings, and the lists that they name.

        Raises:
            ConfigError: A value is not valid.
            WordListError: A list cannot be read.
        """
        environment = os.environ if environment is None else environment
        word_lists = {name: embedded_word_list(name) for name in EMBEDDED}
        for path in filter(None, environment.get(WORD_LISTS, "").split(os.pathsep)):
            word_list = read_word_list(Path(path))
            if word_list.name in word_lists:
                raise ConfigError(
                    f"{WORD_LISTS}: {path} is named '{word_list.name}', as another list is. "
                    "Give it a name of its own with a line '# name: ...'."
                )
            word_lists[word_list.name] = word_list
        return cls(
            fallback=_one_of(environment, FALLBACK, FALLBACK_POLICIES),
            word_lists=word_lists,
            stand_in=_one_of(environment, LEXICON, tuple(word_lists)),
            scoring=Scoring(
                modifiers=_one_of(environment, MODIFIERS, ("off", "on")) == "on",
                neutral_band=_band(environment.get(NEUTRAL_BAND, "0")),
            ),
        )

    def classifiers(self) -> list[LexiconClassifier]:
        """Returns a classifier for each list, with the lists' own labels."""
        return [LexiconClassifier(each, scoring=self.scoring) for each in self.word_lists.values()]

    def stand_in_for(self, labels: LabelSet) -> LexiconClassifier:
        """Returns the classifier that answers in place of a model, with the model's labels.

        Raises:
            ConfigError: A word list cannot answer with these labels.
        """
        return LexiconClassifier(self.word_lists[self.stand_in], labels, self.scoring)


def _one_of(environment: Mapping[str, str], variable: str, known: Sequence[Name]) -> Name:
    """Returns the value of a variable, which must be a known one; the default is the first."""
    text = environment.get(variable, known[0])
    for each in known:
        if each == text:
            return each
    raise ConfigError(f"{variable} is {text!r}; possible are {', '.join(known)}.")


def _band(text: str) -> float:
    try:
        band = float(text)
        if not 0 <= band <= HIGHEST:
            raise ValueError
    except ValueError:
        raise ConfigError(
            f"{NEUTRAL_BAND} is {text!r}, not a number from 0 to {HIGHEST:g}. Correct or unset it."
        ) from None
    return band
