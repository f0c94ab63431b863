"""``GET /v1/models``.

Source: https://platform.openai.com/docs/api-reference/models. Ours: what a client needs to know of
a classifier, its labels and how many tokens it reads.
"""

from __future__ import annotations

import time
from typing import Literal

from pydantic import BaseModel

from distilbert_sentiment_arch.errors import UnknownModel
from distilbert_sentiment_arch.serving.application import Application, CurrentApplication
from distilbert_sentiment_arch.serving.dialects.openai_errors import (
    ERROR_RESPONSES,
    openai_envelope,
)
from distilbert_sentiment_arch.serving.routing import dialect_router

router = dialect_router(openai_envelope)

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


@router.get("/v1/models", responses=ERROR_RESPONSES, tags=["models"])
async def list_models(app: CurrentApplication) -> ModelList:
    """Lists what is served."""
    return ModelList(data=[_model(app)])


@router.get("/v1/models/{name:path}", responses=ERROR_RESPONSES, tags=["models"])
async def retrieve_model(name: str, app: CurrentApplication) -> Model:
    """Describes one model."""
    model = _model(app)
    if name != model.id:
        raise UnknownModel(name, (model.id,))
    return model


def _model(app: Application) -> Model:
    classifier = app.classifier
    return Model(
        id=classifier.name,
        created=_STARTED,
        max_model_len=classifier.max_length,
        labels=list(classifier.labels.names),
        problem_type=classifier.labels.problem_type,
    )
