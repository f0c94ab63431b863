"""``GET /v1/models``: list of the models and word lists that are served.

Source: https://platform.openai.com/docs/api-reference/models. Additional fields of this project are
labels, problem type, maximum number of tokens, ``route`` (model or word list), precision, device.
"""

from __future__ import annotations

import time
from typing import Literal

from pydantic import Field

from distilbert_sentiment_arch.classify.interface import Classifier, Route
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel
from distilbert_sentiment_arch.settings.precision import PrecisionSetting

endpoints = Endpoints(OPENAI, "models")

_STARTED = int(time.time())


class ModelPrecision(WireModel):
    """What a model is computed in, and why."""

    computed: str = Field(
        description="float32, bfloat16x3, bfloat16 or int8; on an accelerator what MAX takes.",
        examples=["int8"],
    )
    requested: PrecisionSetting = Field(description="The operator's setting, --precision.")
    reason: str = Field(description="Why it is computed in this precision, in words.")


class ModelDevice(WireModel):
    """What a model is computed on, and why."""

    computed: str = Field(description="cpu, or an accelerator.", examples=["cpu", "gpu:0"])
    requested: str = Field(
        description="The operator's setting, --devices.", examples=["cpu", "auto", "gpu:0"]
    )
    reason: str = Field(description="Why it is computed there, in words.")
    failed: list[str] = Field(description="What served before and failed, in this order.")


class Model(WireModel):
    """A model or word list that is served."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "max-sentiment"
    max_model_len: int | None
    labels: list[str]
    problem_type: str
    route: Route
    precision: ModelPrecision | None = Field(description="null for a word list.")
    device: ModelDevice | None = Field(description="null for a word list.")


class ModelList(WireModel):
    """The models and word lists that are served."""

    object: Literal["list"] = "list"
    data: list[Model]


@endpoints.get("/v1/models", ModelList)
async def list_models(call: Call) -> ModelList:
    """Lists the models and word lists that are served."""
    return ModelList(data=[_model(each, call.app) for each in call.app.classifiers.values()])


@endpoints.get("/v1/models/{name:model}", Model)
async def retrieve_model(call: Call) -> Model:
    """Describes one model."""
    return _model(call.app.classifier(call.name), call.app)


def _model(classifier: Classifier, app: Application) -> Model:
    choice = app.precision if classifier.route == "model" else None
    precision = None
    if choice is not None:
        precision = ModelPrecision(
            computed=choice.precision, requested=choice.requested, reason=choice.reason
        )
    use = app.device if classifier.route == "model" else None
    device = None
    if use is not None:
        device = ModelDevice(
            computed=use.computed,
            requested=use.requested,
            reason=use.reason,
            failed=list(use.failed),
        )
    return Model(
        id=classifier.name,
        created=_STARTED,
        max_model_len=classifier.max_length,
        labels=list(classifier.labels.names),
        problem_type=classifier.labels.problem_type,
        route=classifier.route,
        precision=precision,
        device=device,
    )
