"""``POST /v1/embeddings``: the logits as a vector of ``num_labels`` floats.

Source: https://platform.openai.com/docs/api-reference/embeddings. Replaces MAX's own route, so that
token usage, limits and errors are the same as in the other dialects.
"""

from __future__ import annotations

import base64
import struct
from typing import Literal

from pydantic import Field, StrictInt

from distilbert_sentiment_arch.classify.interface import Classification
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.dialects.openai_input import OpenAIInput
from distilbert_sentiment_arch.serving.dialects.our_fields import (
    Origin,
    OurOptions,
    TruncationNote,
    origin,
)
from distilbert_sentiment_arch.serving.dialects.usage import Usage
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel, WireText

endpoints = Endpoints(OPENAI, "embeddings")


class EmbeddingsBody(OurOptions):
    """Inputs to compute the logits of, and options."""

    model: WireText | None = None
    input: OpenAIInput
    encoding_format: Literal["float", "base64"] = Field(
        default="float", description="base64 packs little-endian float32."
    )
    dimensions: StrictInt | None = Field(
        default=None, description="Only the number of labels is possible."
    )
    user: str | None = None


class Embedding(WireModel):
    """The logits of one input."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str
    truncation: TruncationNote | None = None


class EmbeddingsResponse(Origin):
    """Logits, in the order of the inputs."""

    object: Literal["list"] = "list"
    model: str
    data: list[Embedding]
    usage: Usage


@endpoints.post("/v1/embeddings", EmbeddingsBody, EmbeddingsResponse)
async def embeddings(call: Call, body: EmbeddingsBody) -> EmbeddingsResponse:
    """Returns the logits of texts or token ids."""
    num_labels = len(call.app.classifier(body.model).labels)
    if body.dimensions not in (None, num_labels):
        raise InputError(
            f"dimensions is {body.dimensions} and the model has {num_labels} labels. Leave it out.",
            param="dimensions",
        )
    answers = await call.classify(
        body.model, body.input, truncation=body.to_truncation(), fallback=body.fallback
    )
    return EmbeddingsResponse(
        **dict(origin(answers)),
        model=answers.model,
        data=[
            Embedding(
                index=index,
                embedding=_vector(answer, body.encoding_format),
                truncation=TruncationNote.of(answer),
            )
            for index, answer in enumerate(answers.classifications)
        ],
        usage=Usage.of(answers),
    )


def _vector(answer: Classification, encoding_format: str) -> list[float] | str:
    if encoding_format == "base64":
        packed = struct.pack(f"<{len(answer.logits)}f", *answer.logits)
        return base64.b64encode(packed).decode("ascii")
    return list(answer.logits)
