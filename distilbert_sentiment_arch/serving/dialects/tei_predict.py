"""``POST /predict`` in the format of Hugging Face's text-embeddings-inference (TEI).

Source: https://huggingface.github.io/text-embeddings-inference (``PredictRequest``). In contrast to
vLLM, ``["a", "b"]`` is one pair of texts, and ``[["a"], ["b"]]`` a batch of two texts. The body of
a response has no fields for truncation and for what answered; both are in the headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
)

from distilbert_sentiment_arch.classify.interface import Classification, TextPair, Truncation
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.dialects.our_fields import OurOptions
from distilbert_sentiment_arch.serving.dialects.zero_shot_options import ZeroShotFields, entail
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.errors import Failure, Kind
from distilbert_sentiment_arch.serving.wire import WireModel, WireText, check_inputs

ErrorType = Literal[
    "Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty", "Unauthorized"
]

_ERROR_TYPES: dict[Kind, ErrorType] = {
    "blank": "Empty",
    "unauthorized": "Unauthorized",
    "overloaded": "Overloaded",
    "deadline": "Unhealthy",
    "unavailable": "Unhealthy",
    "internal": "Backend",
}


class TEIErrorResponse(WireModel):
    """Body of every response that is not a 2xx."""

    error: str
    error_type: ErrorType


def _envelope(failure: Failure) -> Mapping[str, Any]:
    kind = _ERROR_TYPES.get(failure.kind, "Validation")
    return TEIErrorResponse(error=failure.message, error_type=kind).model_dump()


TEI = Dialect("tei", _envelope, TEIErrorResponse, {"invalid": 422, "internal": 424})

endpoints = Endpoints(TEI, "predict")

_TEXT = {"type": "string"}
_SCHEMA = {
    "anyOf": [
        _TEXT,
        {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 2},
        {"type": "array", "items": {"type": "array", "items": _TEXT}, "minItems": 1},
    ],
    "description": "A text, a pair of texts, or a batch: a list of lists of one text or two.",
    "examples": ["What a wonderful film.", [["Great."], ["Terrible."]]],
}


class Inputs(WireModel):
    """Inputs to classify, and whether they were sent as a batch."""

    items: Sequence[str | TextPair]
    batch: bool


def _parse(value: Any, info: ValidationInfo) -> Inputs:
    if not isinstance(value, list):
        return Inputs(items=[_sequence(value, "it")], batch=False)
    if not value:
        raise ValueError("is empty; send at least one text")
    check_inputs(value, info)
    if all(isinstance(item, str) for item in value):
        return Inputs(items=[_sequence(value, "it")], batch=False)
    items = [_sequence(item, f"element {index}") for index, item in enumerate(value)]
    return Inputs(items=items, batch=True)


def _sequence(value: Any, what: str) -> str | TextPair:
    match value:
        case str():
            return value
        case [str() as text]:
            return text
        case [str() as first, str() as second]:
            return TextPair(first, second)
    raise ValueError(f"{what} is neither a text nor a list of one text or two")


class PredictBody(OurOptions):
    """Inputs to classify, and options."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"inputs": "What a film."}]})

    inputs: Annotated[Any, BeforeValidator(_parse), WithJsonSchema(_SCHEMA)]
    truncate: StrictBool | None = None
    truncation_direction: Literal["Left", "Right", "left", "right"] = "Right"
    model: WireText | None = Field(default=None, description="Ours: TEI serves one model only.")
    raw_scores: StrictBool = Field(
        default=False, description="Raw logits in place of probabilities."
    )
    parameters: ZeroShotFields | None = Field(
        default=None, description="Ours: zero-shot classification, as the Hugging Face API has it."
    )

    def to_truncation(self) -> Truncation | None:
        """Returns the requested truncation of inputs over the limit; None if none is requested."""
        return super().to_truncation() or tei_truncation(self.truncate, self.truncation_direction)


def tei_truncation(truncate: bool | None, direction: str) -> Truncation | None:
    """Returns the truncation that TEI's two fields ask for; None if they ask for none."""
    if not truncate:
        return None
    return Truncation("start" if direction.lower() == "left" else "end")


class Prediction(WireModel):
    """A label and its score."""

    score: float
    label: str


Ranked = list[Prediction]


@endpoints.post("/predict", PredictBody, Ranked | list[Ranked])
async def predict(call: Call, body: PredictBody) -> Ranked | list[Ranked]:
    """Classifies a text, a pair of texts or a batch; the best label comes first."""
    candidates = body.parameters.to_candidates() if body.parameters else None
    if candidates is not None:
        answers = await entail(
            call, body.model, body.inputs.items, candidates, truncation=body.to_truncation()
        )
    else:
        answers = await call.classify(
            body.model, body.inputs.items, truncation=body.to_truncation(), fallback=body.fallback
        )
    predictions = [_ranked(answer, body.raw_scores) for answer in answers.classifications]
    return predictions if body.inputs.batch else predictions[0]


def _ranked(answer: Classification, raw_scores: bool) -> Ranked:
    values = answer.logits if raw_scores else answer.scores
    scored = [
        Prediction(score=score, label=label)
        for score, label in zip(values, answer.labels.names, strict=True)
    ]
    # A word list may give equal scores to several labels; its answer comes first.
    return sorted(scored, key=lambda each: (each.score, each.label == answer.label), reverse=True)
