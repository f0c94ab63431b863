"""The objects a route works with, made once per MAX Serve application."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request
from max.pipelines.lib import PipelineConfig
from max.serve.pipelines.llm import TokenGeneratorPipeline

from distilbert_sentiment_arch.classification import Classification, ClassifyRequest
from distilbert_sentiment_arch.classifier import ModelClassifier
from distilbert_sentiment_arch.errors import TooManyInputs, UnknownModel
from distilbert_sentiment_arch.model_config import served_hf_config
from distilbert_sentiment_arch.serving.limits import Limits
from distilbert_sentiment_arch.serving.readiness import Readiness
from distilbert_sentiment_arch.serving.served_model import ServedModel
from distilbert_sentiment_arch.tokenizer import DistilBertTokenizer


@dataclass
class Application:
    """What is served.

    Attributes:
        classifier: The model.
        limits: What the operator bounds.
        readiness: Whether the model answers.
    """

    classifier: ModelClassifier
    limits: Limits
    readiness: Readiness = field(init=False)

    def __post_init__(self) -> None:
        self.readiness = Readiness(self.classifier)

    async def classify(self, model: str | None, request: ClassifyRequest) -> list[Classification]:
        """Answers a request for the named model; None or empty names the served one.

        Raises:
            UnknownModel: Another model was named.
            TooManyInputs: Over the operator's limit.
            InputError, Unavailable: See ``ModelClassifier.classify``.
        """
        if model and model != self.classifier.name:
            raise UnknownModel(model, (self.classifier.name,))
        if len(request.inputs) > self.limits.max_inputs:
            raise TooManyInputs(len(request.inputs), self.limits.max_inputs)
        return await self.classifier.classify(request)


def application(request: Request) -> Application:
    """Returns the application behind a request."""
    state = request.app.state
    if not hasattr(state, "sentiment"):
        state.sentiment = _assemble(state.pipeline, state.pipeline_config)
    return cast(Application, state.sentiment)


def _assemble(pipeline: TokenGeneratorPipeline, config: PipelineConfig) -> Application:
    limits = Limits.from_environment()
    tokenizer = cast(DistilBertTokenizer, pipeline.tokenizer)
    classifier = ModelClassifier(
        pipeline.model_name,
        tokenizer,
        served_hf_config(config.model).labels,
        tokenizer.max_length,
        ServedModel(pipeline, limits.deadline_s, limits.in_flight),
    )
    return Application(classifier, limits)


CurrentApplication = Annotated[Application, Depends(application)]
