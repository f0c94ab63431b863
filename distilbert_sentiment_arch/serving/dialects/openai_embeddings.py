"""``POST /v1/embeddings``: the logits as a vector of ``num_labels`` floats.

Source: https://platform.openai.com/docs/api-reference/embeddings. Replaces MAX's own route while
this model is served, so that token usage, limits and errors are right.
"""

from __future__ import annotations

import base64
from typing import Literal

import numpy as np
from fastapi import Response
from pydantic import BaseModel, Field, StrictInt

from distilbert_sentiment_arch.classification import Classification, ClassifyRequest
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.serving.application import CurrentApplication
from distilbert_sentiment_arch.serving.dialects.openai_errors import (
    ERROR_RESPONSES,
    openai_envelope,
)
from distilbert_sentiment_arch.serving.dialects.openai_input import OpenAIInput
from distilbert_sentiment_arch.serving.headers import name_route
from distilbert_sentiment_arch.serving.routing import dialect_router

router = dialect_router(openai_envelope)


class EmbeddingsBody(BaseModel):
    """Inputs whose logits are wanted."""

    model: str | None = None
    input: OpenAIInput
    encoding_format: Literal["float", "base64"] = Field(
        default="float", description="base64 packs little-endian float32."
    )
    dimensions: StrictInt | None = Field(
        default=None, description="Only the number of labels is possible."
    )
    user: str | None = None


class Embedding(BaseModel):
    """The logits of one input."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Tokens that the model read, special tokens included."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsResponse(BaseModel):
    """Logits, in the order of the inputs."""

    object: Literal["list"] = "list"
    model: str
    data: list[Embedding]
    usage: Usage


@router.post("/v1/embeddings", responses=ERROR_RESPONSES, tags=["embeddings"])
async def embeddings(
    body: EmbeddingsBody, app: CurrentApplication, response: Response
) -> EmbeddingsResponse:
    """Returns the logits of texts or token ids."""
    num_labels = len(app.classifier.labels)
    if body.dimensions not in (None, num_labels):
        raise InputError(
            f"dimensions is {body.dimensions} and the model has {num_labels} labels. Leave it out.",
            param="dimensions",
        )
    answers = await app.classify(body.model, ClassifyRequest(body.input))
    name_route(response)
    tokens = sum(answer.tokens_read for answer in answers)
    return EmbeddingsResponse(
        model=app.classifier.name,
        data=[
            Embedding(index=index, embedding=_vector(answer, body.encoding_format))
            for index, answer in enumerate(answers)
        ],
        usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
    )


def _vector(answer: Classification, encoding_format: str) -> list[float] | str:
    if encoding_format == "base64":
        return base64.b64encode(answer.logits.astype(np.dtype("<f4")).tobytes()).decode("ascii")
    values: list[float] = answer.logits.tolist()
    return values
