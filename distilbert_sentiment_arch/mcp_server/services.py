"""What the tools of a server work with: classifiers, limits, processes for long work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.fallback import FallbackClassifier
from distilbert_sentiment_arch.classify.interface import Classifier
from distilbert_sentiment_arch.classify.named_classifiers import by_name, named
from distilbert_sentiment_arch.errors import (
    TooManyCharacters,
    TooManyInputs,
)
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED, LexiconSettings
from distilbert_sentiment_arch.mcp_server.background_model import BackgroundModel
from distilbert_sentiment_arch.mcp_server.job_process import Jobs
from distilbert_sentiment_arch.mcp_server.options import ModelChoice
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.settings.limits import Limits

BEAT_S = 1.0
"""Seconds between two reports of progress while a call waits for the model to load."""


@dataclass(frozen=True)
class Services:
    """What tools work with.

    Attributes:
        default: Classifier of calls that name no model.
        model: The model behind it; None where it is a word list.
        lexicons: Classifiers of word lists.
        limits: Limits of the operator.
        choice: The model, for processes that load it themselves.
        jobs: Runs long work in processes of its own.
    """

    default: Classifier
    model: BackgroundModel | None
    lexicons: Sequence[LexiconClassifier]
    limits: Limits
    choice: ModelChoice
    jobs: Jobs

    @property
    def classifiers(self) -> Mapping[str, Classifier]:
        """All classifiers by name, the default first."""
        return by_name(self.default, self.lexicons)

    def classifier(self, name: str | None) -> Classifier:
        """Returns the classifier with a name, the default one for None or an empty name.

        Raises:
            UnknownModel: There is none with this name.
        """
        return named(name, self.default, self.lexicons)

    def check_size(self, texts: Sequence[str]) -> None:
        """Checks texts against the operator's limits on one request.

        Raises:
            TooManyInputs, TooManyCharacters: They exceed one.
        """
        if len(texts) > self.limits.max_inputs:
            raise TooManyInputs(len(texts), self.limits.max_inputs)
        if sum(map(len, texts)) > self.limits.max_request_characters:
            raise TooManyCharacters(self.limits.max_request_characters)

    @asynccontextmanager
    async def load_reported(self, classifier: Classifier, report: Report) -> AsyncIterator[None]:
        """Reports progress inside the context for as long as the classifier is a model that loads.

        Args:
            classifier: What the call asks.
            report: Receives the seconds so far.
        """
        model = self.model
        if model is None or classifier.route != "model" or model.state != "loading":
            yield
            return
        beating = asyncio.create_task(_beat(model, report))
        try:
            yield
        finally:
            beating.cancel()


async def _beat(model: BackgroundModel, report: Report) -> None:
    seconds = 0.0
    while model.state == "loading":
        await report(seconds, None, f"The model {model.name} is loading.")
        seconds += BEAT_S
        await asyncio.sleep(BEAT_S)


def assemble(choice: ModelChoice) -> Services:
    """Finds the model and reads the settings of the environment; loads nothing yet.

    Args:
        choice: The model.

    Raises:
        CheckpointError: The checkpoint cannot be served, or a setting is wrong.
        WordListError: A word list cannot be read.
    """
    limits = Limits.from_environment()
    lexicon = LexiconSettings.from_environment()
    lexicons = lexicon.classifiers()
    if choice.model in EMBEDDED:
        (default,) = [each for each in lexicons if each.name == choice.model]
        return Services(default, None, lexicons, limits, choice, Jobs())
    model = BackgroundModel(find_checkpoint(choice.model, FAMILIES, choice.revision), limits)
    classifier: Classifier = model
    if lexicon.fallback != "off":
        stand_in = lexicon.stand_in_for(model.labels)
        classifier = FallbackClassifier(model, stand_in, lexicon.fallback)
    return Services(classifier, model, lexicons, limits, choice, Jobs())
