"""``GET /v1/models``.

Source: https://platform.openai.com/docs/api-reference/models. Ours: what a client needs to know of
a classifier, its labels and how many tokens it reads.
"""

from __future__ import annotations

import time
from typing import Literal

from pydantic import BaseModel

from distilbert_sentiment_arch.classifier import ModelClassifier
from distilbert_sentiment_arch.serving.application import CurrentCall, ModelName
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI

router = OPENAI.router()

_STARTED = int(time.time())


class Model(BaseModel):
    """A model that is served."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "max-sentiment"
    max_model_len: int
    labels: list[str]
    problem_type: str


class ModelList(BaseModel):
    """The models that are served."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/v1/models", tags=["models"])
async def list_models(call: CurrentCall) -> ModelList:
    """Lists what is served."""
    return ModelList(data=[_model(call.classifier)])


@router.get("/v1/models/{name:model}", tags=["models"])
async def retrieve_model(name: ModelName, call: CurrentCall) -> Model:
    """Describes one model."""
    call.check_model(name)
    return _model(call.classifier)


def _model(classifier: ModelClassifier) -> Model:
    return Model(
        id=classifier.name,
        created=_STARTED,
        max_model_len=classifier.max_length,
        labels=list(classifier.labels.names),
        problem_type=classifier.labels.problem_type,
    )
