"""``POST /v1/embeddings``: the logits as a vector of ``num_labels`` floats.

Source: https://platform.openai.com/docs/api-reference/embeddings. Replaces MAX's own route while
this model is served, so that token usage, limits and errors are right.
"""

from __future__ import annotations

import base64
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field, StrictInt

from distilbert_sentiment_arch.classification import Classification, Truncation, TruncationMode
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.serving.application import CurrentCall
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.dialects.openai_input import OpenAIInput
from distilbert_sentiment_arch.serving.dialects.truncation_note import TruncationNote
from distilbert_sentiment_arch.serving.dialects.wire_text import WireText

router = OPENAI.router()


class EmbeddingsBody(BaseModel):
    """Inputs whose logits are wanted."""

    model: WireText | None = None
    input: OpenAIInput
    encoding_format: Literal["float", "base64"] = Field(
        default="float", description="base64 packs little-endian float32."
    )
    dimensions: StrictInt | None = Field(
        default=None, description="Only the number of labels is possible."
    )
    truncation: TruncationMode | None = Field(
        default=None, description="Ours: cut off the start or the end, or read in windows."
    )
    user: str | None = None


class Embedding(BaseModel):
    """The logits of one input."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str
    truncation: TruncationNote | None = None


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


@router.post("/v1/embeddings", tags=["embeddings"])
async def embeddings(body: EmbeddingsBody, call: CurrentCall) -> EmbeddingsResponse:
    """Returns the logits of texts or token ids."""
    num_labels = len(call.classifier.labels)
    if body.dimensions not in (None, num_labels):
        raise InputError(
            f"dimensions is {body.dimensions} and the model has {num_labels} labels. Leave it out.",
            param="dimensions",
        )
    truncation = Truncation(body.truncation) if body.truncation else None
    answers = await call.classify(body.model, body.input, truncation)
    tokens = sum(answer.tokens_read for answer in answers.classifications)
    return EmbeddingsResponse(
        model=call.classifier.name,
        data=[
            Embedding(
                index=index,
                embedding=_vector(answer, body.encoding_format),
                truncation=TruncationNote.of(answer),
            )
            for index, answer in enumerate(answers.classifications)
        ],
        usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
    )


def _vector(answer: Classification, encoding_format: str) -> list[float] | str:
    if encoding_format == "base64":
        return base64.b64encode(answer.logits.astype(np.dtype("<f4")).tobytes()).decode("ascii")
    values: list[float] = answer.logits.tolist()
    return values
