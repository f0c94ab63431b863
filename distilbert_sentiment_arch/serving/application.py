"""The objects a route works with: one application a server, one call a request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Header, Path, Request
from max.pipelines.lib import PipelineConfig
from max.serve.pipelines.llm import TokenGeneratorPipeline

from distilbert_sentiment_arch.checkpoint.source import DEFAULT_NAME
from distilbert_sentiment_arch.classification import (
    Answers,
    ClassifyRequest,
    Input,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.classifier import ModelClassifier
from distilbert_sentiment_arch.errors import (
    DeadlineExceeded,
    TooManyInputs,
    UnknownModel,
)
from distilbert_sentiment_arch.limits import Limits
from distilbert_sentiment_arch.model_config import served_hf_config
from distilbert_sentiment_arch.serving.observation import Observation, tracer
from distilbert_sentiment_arch.serving.readiness import Readiness
from distilbert_sentiment_arch.serving.served_model import ServedModel
from distilbert_sentiment_arch.tokenizer import DistilBertTokenizer

TRUNCATION_HEADER = "X-Sentiment-Truncation"


@dataclass
class Application:
    """What is served.

    Attributes:
        classifier: The model.
        source: The queue in front of it.
        limits: What the operator bounds.
        readiness: Whether the model answers.
    """

    classifier: ModelClassifier
    source: ServedModel
    limits: Limits
    readiness: Readiness = field(init=False)

    def __post_init__(self) -> None:
        self.readiness = Readiness(self.classifier, lambda: self.source.answered)


async def application(request: Request) -> Application:
    """Returns the application behind a request."""
    state = request.app.state
    if not hasattr(state, "sentiment"):
        state.sentiment = _assemble(state.pipeline, state.pipeline_config)
    return cast(Application, state.sentiment)


def _assemble(pipeline: TokenGeneratorPipeline, config: PipelineConfig) -> Application:
    limits = Limits.from_environment()
    tokenizer = cast(DistilBertTokenizer, pipeline.tokenizer)
    source = ServedModel(pipeline, limits)
    classifier = ModelClassifier(
        pipeline.model_name,
        tokenizer,
        served_hf_config(config.model).labels,
        tokenizer.max_length,
        source,
        limits.max_request_tokens,
    )
    return Application(classifier, source, limits)


CurrentApplication = Annotated[Application, Depends(application)]


class Call:
    """One request on its way through the application.

    Args:
        app: The application.
        observation: What is told of the request.
        truncation: How the caller's header wants inputs over the limit to be read.
    """

    def __init__(
        self, app: Application, observation: Observation, truncation: TruncationMode | None
    ) -> None:
        self.app = app
        self._observation = observation
        self._header = truncation

    @property
    def classifier(self) -> ModelClassifier:
        """The model that is served."""
        return self.app.classifier

    def check_model(self, name: str | None) -> None:
        """Lets the served model pass; None or empty stands for it.

        Raises:
            UnknownModel: Another model was named.
        """
        if name and name != self.classifier.name:
            raise UnknownModel(name, (self.classifier.name,))

    async def classify(
        self,
        model: str | None,
        inputs: list[Input],
        truncation: Truncation | None = None,
        *,
        add_special_tokens: bool = True,
    ) -> Answers:
        """Answers inputs and notes what it took.

        What the body says of truncation goes before what the header says.

        Raises:
            UnknownModel: See ``check_model``.
            TooManyInputs: Over the operator's limit.
            InputError, Unavailable: See ``ModelClassifier.classify``.
        """
        self.check_model(model)
        if len(inputs) > self.app.limits.max_inputs:
            raise TooManyInputs(len(inputs), self.app.limits.max_inputs)
        if truncation is None and self._header is not None:
            truncation = Truncation(self._header)
        self._observation.truncation = truncation.mode if truncation else None
        request = ClassifyRequest(inputs, truncation, add_special_tokens)
        with tracer.start_as_current_span("sentiment.classify") as span:
            span.set_attribute("sentiment.inputs", len(inputs))
            try:
                async with asyncio.timeout(self.app.limits.deadline_s):
                    answers = await self.classifier.classify(request)
            except TimeoutError:
                raise DeadlineExceeded(self.app.limits.deadline_s) from None
            finally:
                self._observation.pending_tokens = self.app.source.pending_tokens
            span.set_attribute("sentiment.tokenize_ms", answers.timing.tokenize)
            span.set_attribute("sentiment.queue_ms", answers.timing.queue)
            span.set_attribute("sentiment.compute_ms", answers.timing.compute)
        self._observation.answers = answers
        return answers


async def call(
    request: Request,
    app: CurrentApplication,
    truncation: Annotated[
        TruncationMode | None,
        Header(
            alias=TRUNCATION_HEADER,
            description="How to read inputs over the limit, for clients that cannot say so in the "
            "body: cut off the start or the end, or read all in windows.",
        ),
    ] = None,
) -> Call:
    """Returns the call behind a request."""
    return Call(app, request.state.observation, truncation)


CurrentCall = Annotated[Call, Depends(call)]

ModelName = Annotated[
    str, Path(description="A name that GET /v1/models lists.", examples=[DEFAULT_NAME])
]
