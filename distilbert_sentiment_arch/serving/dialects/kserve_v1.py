"""``POST /v1/models/{model}:predict``, the KServe V1 protocol.

Source: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from distilbert_sentiment_arch.classification import Classification
from distilbert_sentiment_arch.serving.application import CurrentCall, ModelName
from distilbert_sentiment_arch.serving.dialects.kserve import (
    KSERVE_V1,
    KServeParameters,
    truncation_of,
)
from distilbert_sentiment_arch.serving.dialects.truncation_note import TruncationNote
from distilbert_sentiment_arch.serving.observation import MODEL_ROUTE

router = KSERVE_V1.router()


class V1Body(BaseModel):
    """Texts to classify."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"instances": ["What a wonderful film.", "Never again."]}]}
    )

    instances: list[StrictStr] = Field(min_length=1)
    parameters: KServeParameters | None = None


class V1Prediction(BaseModel):
    """A label and the score of each."""

    label: str
    scores: dict[str, float]
    truncation: TruncationNote | None = None

    @classmethod
    def of(cls, answer: Classification) -> V1Prediction:
        """Returns the prediction for an answer."""
        return cls(
            label=answer.label,
            scores=dict(zip(answer.labels.names, answer.scores.tolist(), strict=True)),
            truncation=TruncationNote.of(answer),
        )


class V1Response(BaseModel):
    """Predictions, in the order of the instances."""

    predictions: list[V1Prediction]
    route: str


@router.post("/v1/models/{name:model}:predict", tags=["kserve"])
async def predict(name: ModelName, body: V1Body, call: CurrentCall) -> V1Response:
    """Classifies texts."""
    answers = await call.classify(name, list(body.instances), truncation_of(body.parameters))
    return V1Response(
        predictions=[V1Prediction.of(answer) for answer in answers.classifications],
        route=MODEL_ROUTE,
    )
