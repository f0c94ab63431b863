"""``POST /classify`` as vLLM speaks it.

Source: https://docs.vllm.ai/en/latest/models/pooling_models/classify.html. Unknown fields are
ignored, as vLLM does. Ours: ``truncation`` says how much of a cut input was read.
"""

from __future__ import annotations

import time
import uuid
from typing import Literal

from fastapi import Response
from pydantic import BaseModel, Field, StrictBool, StrictInt

from distilbert_sentiment_arch.classification import Classification, ClassifyRequest, Truncation
from distilbert_sentiment_arch.serving.application import CurrentApplication
from distilbert_sentiment_arch.serving.dialects.openai_errors import (
    ERROR_RESPONSES,
    openai_envelope,
)
from distilbert_sentiment_arch.serving.dialects.openai_input import OpenAIInput
from distilbert_sentiment_arch.serving.headers import name_route
from distilbert_sentiment_arch.serving.routing import dialect_router

router = dialect_router(openai_envelope)


class ClassifyBody(BaseModel):
    """Inputs to classify and how."""

    model: str | None = None
    input: OpenAIInput
    truncate_prompt_tokens: StrictInt | None = Field(
        default=None,
        description="Read at most this many tokens of each input; -1 for the model's own limit.",
    )
    truncation_side: Literal["left", "right"] = "right"
    use_activation: StrictBool = Field(
        default=True, description="False for raw logits in place of probabilities."
    )
    add_special_tokens: StrictBool = True
    user: str | None = None
    request_id: str | None = None

    def to_request(self) -> ClassifyRequest:
        """Returns what is asked, in our own terms."""
        return ClassifyRequest(self.input, self._truncation(), self.add_special_tokens)

    def _truncation(self) -> Truncation | None:
        limit = self.truncate_prompt_tokens
        if limit is None:
            return None
        side: Literal["start", "end"] = "start" if self.truncation_side == "left" else "end"
        return Truncation(side, None if limit == -1 else limit)


class TruncationNote(BaseModel):
    """How much of an input was read."""

    tokens: int
    tokens_read: int


class ClassifyDatum(BaseModel):
    """The answer for one input; ``probs`` holds logits where ``use_activation`` is false."""

    index: int
    label: str
    probs: list[float]
    num_classes: int
    truncation: TruncationNote | None = None


class Usage(BaseModel):
    """Tokens that the model read, special tokens included."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: None = None


class ClassifyResponse(BaseModel):
    """Answers, in the order of the inputs."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[ClassifyDatum]
    usage: Usage


@router.post("/classify", responses=ERROR_RESPONSES, tags=["classify"])
async def classify(
    body: ClassifyBody, app: CurrentApplication, response: Response
) -> ClassifyResponse:
    """Classifies texts or token ids."""
    answers = await app.classify(body.model, body.to_request())
    name_route(response)
    tokens = sum(answer.tokens_read for answer in answers)
    return ClassifyResponse(
        id=f"classify-{body.request_id or uuid.uuid4().hex}",
        created=int(time.time()),
        model=app.classifier.name,
        data=[_datum(index, answer, body.use_activation) for index, answer in enumerate(answers)],
        usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
    )


def _datum(index: int, answer: Classification, use_activation: bool) -> ClassifyDatum:
    values = answer.scores if use_activation else answer.logits
    note = TruncationNote(tokens=answer.tokens, tokens_read=answer.tokens_read)
    return ClassifyDatum(
        index=index,
        label=answer.label,
        probs=values.tolist(),
        num_classes=len(answer.labels),
        truncation=note if answer.truncated else None,
    )
