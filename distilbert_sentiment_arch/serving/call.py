"""Call of an endpoint: one request, and its classification with checks of the request limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from distilbert_sentiment_arch.classify.interface import (
    FALLBACK_POLICIES,
    TRUNCATION_MODES,
    Answers,
    ClassifyRequest,
    FallbackPolicy,
    Input,
    Scoring,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.errors import InputError, TooManyCharacters, TooManyInputs
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.observation import Observation

TRUNCATION_HEADER = "X-Sentiment-Truncation"
FALLBACK_HEADER = "X-Sentiment-Fallback"

Name = TypeVar("Name", bound=str)


@dataclass
class Call:
    """A request that an endpoint handles.

    Attributes:
        app: The application.
        request: The HTTP request.
        observation: Record for the headers, log line and metrics of the request.
        status: HTTP status of the response; a handler may change it.
    """

    app: Application
    request: Request
    observation: Observation
    status: int = 200

    @property
    def name(self) -> str:
        """Model name in the path."""
        return str(self.request.path_params["name"])

    async def classify(
        self,
        model: str | None,
        inputs: Sequence[Input],
        *,
        truncation: Truncation | None = None,
        fallback: FallbackPolicy | None = None,
        add_special_tokens: bool = True,
        scoring: Scoring | None = None,
    ) -> Answers:
        """Classifies inputs and records the result for headers, log and metrics.

        Options in the body, passed as arguments, take precedence over those in headers.

        Args:
            model: Name of the model; None for the default.
            inputs: Texts, pairs of texts, or token ids.
            truncation: How inputs over the model's limit are truncated.
            fallback: When a word list may answer in place of the model.
            add_special_tokens: Add [CLS] and [SEP] to the tokens of texts.
            scoring: Options of word lists.

        Raises:
            UnknownModel: See ``Application.classifier``.
            TooMuch: The request exceeds one of the operator's limits.
            InputError, Unavailable: See ``Classifier.classify``.
        """
        classifier = self.app.classifier(model)
        self._check_size(inputs)
        if truncation is None:
            mode = self._header(TRUNCATION_HEADER, TRUNCATION_MODES)
            truncation = Truncation(mode) if mode else None
        if fallback is None:
            fallback = self._header(FALLBACK_HEADER, FALLBACK_POLICIES)
        self.observation.truncation = truncation.mode if truncation else None
        request = ClassifyRequest(inputs, truncation, add_special_tokens, fallback, scoring)
        with self.app.telemetry.span() as note:
            note("sentiment.inputs", len(inputs))
            answers = await classifier.classify(request)
            for stage, milliseconds in answers.stages.items():
                note(f"sentiment.{stage}_ms", milliseconds)
        self.observation.answers = answers
        return answers

    def _check_size(self, inputs: Sequence[Input]) -> None:
        limits = self.app.limits
        if len(inputs) > limits.max_inputs:
            raise TooManyInputs(len(inputs), limits.max_inputs)
        characters = sum(len(each) for each in inputs if isinstance(each, str | TextPair))
        if characters > limits.max_request_characters:
            raise TooManyCharacters(limits.max_request_characters)

    def _header(self, header: str, known: Sequence[Name]) -> Name | None:
        value = self.request.headers.get(header)
        for each in known:
            if each == value:
                return each
        if value is not None:
            raise InputError(f"{header} is none of {', '.join(known)}.", param=header)
        return None
