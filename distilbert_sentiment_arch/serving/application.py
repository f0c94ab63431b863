"""Application of a server: its classifiers, limits, API keys and telemetry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from starlette.types import Scope

from distilbert_sentiment_arch.classify.interface import Classifier
from distilbert_sentiment_arch.classify.named_classifiers import by_name, named
from distilbert_sentiment_arch.classify.readiness import Verdict
from distilbert_sentiment_arch.errors import ModelAbsent
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.serving.body import BufferedBytes
from distilbert_sentiment_arch.serving.static_files import StaticFile
from distilbert_sentiment_arch.serving.telemetry import Telemetry
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.device import DeviceUse
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.settings.precision import PrecisionChoice


@dataclass(frozen=True)
class Load:
    """Load and health of the model.

    Attributes:
        pending_tokens: Tokens of the backlog: accepted and not yet computed.
        failing: The model fails, and only canary requests are sent to it.
        non_finite: Sequences for which it returned NaN or infinity since the last call.
    """

    pending_tokens: int
    failing: bool
    non_finite: int


@dataclass(frozen=True)
class Application:
    """The classifiers of a server, and everything a request needs besides them.

    Attributes:
        default: Classifier of requests that name no model.
        lexicons: Classifiers of word lists, which requests can choose by name.
        ready: Runs the readiness check of the default classifier.
        load: Returns the load of the model; None if there is no model.
        limits: Limits of the operator.
        buffered: Counter of the bytes of bodies in memory.
        keys: Accepted API keys.
        telemetry: Receiver of metrics and spans.
        precision: What the model is computed in; None if there is no model, or it is not known.
        device: What the model is computed on; None if there is no model.
        page: Files of the page by path; empty if the page is turned off.
    """

    default: Classifier
    lexicons: Sequence[LexiconClassifier]
    ready: Callable[[], Awaitable[Verdict]]
    load: Callable[[], Load] | None
    limits: Limits
    buffered: BufferedBytes
    keys: ApiKeys
    telemetry: Telemetry
    precision: PrecisionChoice | None = None
    device: DeviceUse | None = None
    page: Mapping[str, StaticFile] = field(default_factory=dict)

    @property
    def classifiers(self) -> Mapping[str, Classifier]:
        """All classifiers by name, the default first."""
        return by_name(self.default, self.lexicons)

    def classifier(self, name: str | None) -> Classifier:
        """Returns the classifier with a name, the default one for None or an empty name.

        Raises:
            UnknownModel: There is no classifier with this name.
        """
        return named(name, self.default, self.lexicons)

    def pair_classifier(self, name: str | None) -> Classifier:
        """Returns the classifier with a name for a request about pairs: a model, or a word list.

        What an absent model can do is not known here, so that such a request may succeed later.

        Raises:
            UnknownModel: There is no classifier with this name.
            ModelAbsent: It is a model that another server serves.
        """
        classifier = self.classifier(name)
        if classifier.route == "lexicon" and classifier not in self.lexicons:
            raise ModelAbsent(classifier.name)
        return classifier


def application_of(scope: Scope) -> Application | None:
    """Returns the application of a request; None if MAX serves a model of another package."""
    return cast("Application | None", getattr(scope["app"].state, "sentiment", None))
