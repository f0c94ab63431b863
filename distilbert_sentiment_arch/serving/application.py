"""Application of a server: its classifiers and what surrounds them, however it was started."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from starlette.types import Scope

from distilbert_sentiment_arch.classify.interface import Classifier
from distilbert_sentiment_arch.classify.readiness import Verdict
from distilbert_sentiment_arch.errors import UnknownModel
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.serving.body import BufferedBytes
from distilbert_sentiment_arch.serving.telemetry import Telemetry
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.limits import Limits


@dataclass(frozen=True)
class Load:
    """How the model fares.

    Attributes:
        pending_tokens: Tokens accepted and not yet computed.
        failing: Only canaries are sent to it.
        non_finite: Sequences for which it put out NaN or infinity since this was last asked.
    """

    pending_tokens: int
    failing: bool
    non_finite: int


@dataclass(frozen=True)
class Application:
    """The classifiers of a server and what is around them.

    Attributes:
        default: Answers requests that name no model.
        lexicons: The word lists that can be asked by name.
        ready: Says whether the default answers.
        load: How the model fares; None where there is none.
        limits: What the operator bounds.
        buffered: The bytes of bodies that are held.
        keys: Who may ask.
        telemetry: Who is told.
    """

    default: Classifier
    lexicons: Sequence[LexiconClassifier]
    ready: Callable[[], Awaitable[Verdict]]
    load: Callable[[], Load] | None
    limits: Limits
    buffered: BufferedBytes
    keys: ApiKeys
    telemetry: Telemetry

    @property
    def classifiers(self) -> Mapping[str, Classifier]:
        """All of them by name, the default first."""
        known: dict[str, Classifier] = {}
        for each in (self.default, *self.lexicons):
            known.setdefault(each.name, each)
        return known

    def classifier(self, name: str | None) -> Classifier:
        """Returns the classifier of a name; None or empty stands for the default.

        Raises:
            UnknownModel: There is none.
        """
        if not name:
            return self.default
        known = self.classifiers
        if name not in known:
            raise UnknownModel(name, tuple(known))
        return known[name]


def application_of(scope: Scope) -> Application | None:
    """Returns the application behind a request; None where the server serves another model."""
    return cast("Application | None", getattr(scope["app"].state, "sentiment", None))
