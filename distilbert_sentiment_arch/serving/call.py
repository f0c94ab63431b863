"""Call of an endpoint: one request, and its classification with checks of the request limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from starlette.requests import Request

from distilbert_sentiment_arch.classify.interface import (
    FALLBACK_POLICIES,
    TRUNCATION_MODES,
    Answers,
    ClassifyRequest,
    FallbackPolicy,
    Input,
    PairPart,
    Scoring,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.errors import (
    InputError,
    TooManyCharacters,
    TooManyInputs,
    TooManyPasses,
)
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import (
    ExplainOptions,
    Explanations,
    PassLimits,
)
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.observation import Observation

TRUNCATION_HEADER = "X-Sentiment-Truncation"
FALLBACK_HEADER = "X-Sentiment-Fallback"

MOST_NUMBERS = 65_536
"""Most numbers in the explanations of one answer: two for each unit and label."""

_OPTIONS = frozenset(field.name for field in fields(ExplainOptions))

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
        request = self._request(inputs, truncation, fallback)
        request = replace(request, add_special_tokens=add_special_tokens, scoring=scoring)
        with self.app.telemetry.span() as note:
            note("sentiment.inputs", len(inputs))
            answers = await classifier.classify(request)
            for stage, milliseconds in answers.stages.items():
                note(f"sentiment.{stage}_ms", milliseconds)
        self.observation.answers = answers
        return answers

    async def explain(
        self,
        model: str | None,
        inputs: Sequence[Input],
        options: ExplainOptions,
        *,
        truncation: Truncation | None = None,
        fallback: FallbackPolicy | None = None,
        add_special_tokens: bool = True,
        field: str | None = None,
    ) -> Explanations:
        """Classifies texts, explains the answers, and records both as ``classify`` does.

        Args:
            model: See ``classify``, as for all others.
            inputs: Texts; nothing else is explained.
            options: How to explain.
            truncation: See ``classify``.
            fallback: See ``classify``.
            add_special_tokens: See ``classify``; without them nothing is explained.
            field: Field of the body that has the options; None where they are fields themselves.

        Raises:
            TooManyPasses, DeadlineExceeded: See ``explain.explainer``.
            Exception: See ``classify``.
        """
        classifier = self.app.classifier(model)
        request = self._request(inputs, truncation, fallback)
        request = replace(request, add_special_tokens=add_special_tokens)
        limits = self.app.limits
        allowed = PassLimits(limits.max_passes, MOST_NUMBERS, limits.deadline_s)
        with self.app.telemetry.span() as note:
            note("sentiment.inputs", len(inputs))
            try:
                found = await explain(classifier, request, options, allowed)
            except InputError as error:
                about_options = isinstance(error, TooManyPasses) or error.param in _OPTIONS
                if field is not None and about_options:
                    error.param = field
                raise
            note("sentiment.passes", found.passes)
            for stage, milliseconds in found.answers.stages.items():
                note(f"sentiment.{stage}_ms", milliseconds)
        self.observation.answers = found.answers
        self.observation.explained = found
        return found

    def _request(
        self,
        inputs: Sequence[Input],
        truncation: Truncation | None,
        fallback: FallbackPolicy | None,
    ) -> ClassifyRequest:
        """Returns a request of a size that the operator allows, with the options of headers."""
        characters = sum(len(each) for each in inputs if isinstance(each, str | TextPair))
        self.check_size(len(inputs), characters)
        truncation = truncation or self._truncation_of_header()
        if fallback is None:
            fallback = self._header(FALLBACK_HEADER, FALLBACK_POLICIES)
        self.observation.truncation = truncation.mode if truncation else None
        return ClassifyRequest(inputs, truncation, fallback=fallback)

    async def read_pairs(
        self,
        model: str | None,
        pairs: Sequence[str | TextPair],
        *,
        cut: PairPart,
        truncation: Truncation | None,
    ) -> Answers:
        """Classifies pairs of texts that the model has to answer: no word list reads a pair.

        Args:
            model: Name of the model; None for the default.
            pairs: The pairs; a text among them is read alone.
            cut: The text that truncation may cut; the other stays whole.
            truncation: How pairs over the model's limit are truncated.

        Raises:
            InputError: Windows are asked for, which are of single texts; or see ``classify``.
        """
        truncation = truncation or self._truncation_of_header()
        if truncation is not None:
            if truncation.mode == "window":
                raise InputError(
                    "A pair of texts is not read in windows. Ask for truncation at its start or "
                    "its end.",
                    param="truncation",
                )
            truncation = replace(truncation, only=cut)
        return await self.classify(model, pairs, truncation=truncation, fallback="off")

    def check_size(self, inputs: int, characters: int) -> None:
        """Checks the size of a request against the operator's limits.

        Raises:
            TooManyInputs, TooManyCharacters: It exceeds one.
        """
        limits = self.app.limits
        if inputs > limits.max_inputs:
            raise TooManyInputs(inputs, limits.max_inputs)
        if characters > limits.max_request_characters:
            raise TooManyCharacters(limits.max_request_characters)

    def _truncation_of_header(self) -> Truncation | None:
        mode = self._header(TRUNCATION_HEADER, TRUNCATION_MODES)
        return Truncation(mode) if mode else None

    def _header(self, header: str, known: Sequence[Name]) -> Name | None:
        value = self.request.headers.get(header)
        for each in known:
            if each == value:
                return each
        if value is not None:
            raise InputError(f"{header} is none of {', '.join(known)}.", param=header)
        return None
