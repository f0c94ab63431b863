"""Tool ``list_models``: what can be asked, and how much at a time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from distilbert_sentiment_arch.classify.interface import Classifier, Route
from distilbert_sentiment_arch.mcp_server.background_model import State
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.mcp_server.tool import NoArguments, Tool
from distilbert_sentiment_arch.serving.wire import WireModel


class ModelNote(WireModel):
    """A model or a word list."""

    name: str = Field(description="Value of the argument model of classify.")
    route: Route = Field(description="model: a neural network; lexicon: a word list.")
    default: bool = Field(description="It answers where no model is named.")
    labels: list[str]
    state: State | Literal["ready"]
    trouble: str | None = Field(description="Why it did not load.")
    max_tokens: int | None = Field(
        description="Most tokens that it reads at once; null for any number, or not known yet."
    )
    precision: str | None = Field(description="What a loaded model computes in.")


class LimitsNote(WireModel):
    """Limits on one call."""

    max_inputs: int
    max_request_characters: int
    max_request_tokens: int
    max_passes: int
    deadline_s: float


class ListModelsResult(WireModel):
    """Models and word lists of this server, the default first, and its limits on a call."""

    models: list[ModelNote]
    limits: LimitsNote


async def list_models(
    services: Services, arguments: NoArguments, report: Report
) -> ListModelsResult:
    """Says what is served; a model that is still loading is listed as such."""
    limits = services.limits
    return ListModelsResult(
        models=[_note(services, each) for each in services.classifiers.values()],
        limits=LimitsNote(
            max_inputs=limits.max_inputs,
            max_request_characters=limits.max_request_characters,
            max_request_tokens=limits.max_request_tokens,
            max_passes=limits.max_passes,
            deadline_s=limits.deadline_s,
        ),
    )


def _note(services: Services, classifier: Classifier) -> ModelNote:
    model = services.model if classifier.route == "model" else None
    return ModelNote(
        name=classifier.name,
        route=classifier.route,
        default=classifier is services.default,
        labels=list(classifier.labels.names),
        state="ready" if model is None else model.state,
        trouble=None if model is None else model.trouble or None,
        max_tokens=None if model is None else model.max_length,
        precision=None if model is None or model.precision is None else model.precision.precision,
    )


TOOL = Tool(
    name="list_models",
    title="List models",
    description=(
        "Lists the model and the word lists that classify can be asked for, with their labels, and "
        "this server's limits on one call."
    ),
    arguments=NoArguments,
    result=ListModelsResult,
    run=list_models,
)
