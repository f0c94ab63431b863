"""``POST /v1/models/{model}:predict`` and ``:explain``, the KServe V1 protocol.

Source: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StrictStr

from distilbert_sentiment_arch.classify.interface import Classification
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.explanation_format import (
    ExplainedAnswer,
    ExplainFields,
    explained_answers,
)
from distilbert_sentiment_arch.serving.dialects.kserve import KSERVE_V1
from distilbert_sentiment_arch.serving.dialects.our_fields import (
    Origin,
    OurOptions,
    TruncationNote,
    origin,
)
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import Counted, WireModel

endpoints = Endpoints(KSERVE_V1, "kserve")


class V1Body(WireModel):
    """Texts to classify."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"instances": ["What a wonderful film.", "Never again."]}]}
    )

    instances: Annotated[list[StrictStr], Field(fail_fast=True), Counted] = Field(min_length=1)
    parameters: OurOptions | None = None


class V1Prediction(WireModel):
    """The label of a text and the scores of all labels."""

    label: str
    scores: dict[str, float]
    truncation: TruncationNote | None = None

    @classmethod
    def of(cls, answer: Classification) -> V1Prediction:
        """Returns the prediction for an answer."""
        return cls(
            label=answer.label,
            scores=dict(zip(answer.labels.names, answer.scores, strict=True)),
            truncation=TruncationNote.of(answer),
        )


class V1Response(Origin):
    """Predictions, in the order of the instances."""

    predictions: list[V1Prediction]


@endpoints.post("/v1/models/{name:model}:predict", V1Body, V1Response)
async def predict(call: Call, body: V1Body) -> V1Response:
    """Classifies texts."""
    options = body.parameters or OurOptions()
    answers = await call.classify(
        call.name, body.instances, truncation=options.to_truncation(), fallback=options.fallback
    )
    return V1Response(
        **dict(origin(answers)),
        predictions=[V1Prediction.of(answer) for answer in answers.classifications],
    )


class V1ExplainParameters(OurOptions, ExplainFields):
    """Options of explanations; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class V1ExplainBody(V1Body):
    """Texts to explain the answers to."""

    parameters: V1ExplainParameters | None = None


class V1ExplainResponse(V1Response):
    """Predictions and their explanations, in the order of the instances."""

    explanations: list[ExplainedAnswer]


@endpoints.post("/v1/models/{name:model}:explain", V1ExplainBody, V1ExplainResponse)
async def explain(call: Call, body: V1ExplainBody) -> V1ExplainResponse:
    """Classifies texts, and says for each word or sentence what it does to the answer."""
    options = body.parameters or V1ExplainParameters()
    found = await call.explain(
        call.name,
        body.instances,
        options.to_options(),
        truncation=options.to_truncation(),
        fallback=options.fallback,
    )
    return V1ExplainResponse(
        **dict(origin(found.answers)),
        predictions=[V1Prediction.of(answer) for answer in found.answers.classifications],
        explanations=await explained_answers(found),
    )
