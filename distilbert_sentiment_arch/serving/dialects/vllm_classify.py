"""``POST /classify`` as vLLM speaks it, and ``/v1/classify`` as SGLang does.

Source: https://docs.vllm.ai/en/latest/models/pooling_models/classify.html. Unknown fields are
ignored, as vLLM does. Ours: ``truncation`` in the request asks for windows, ``truncation`` in the
answer says how much of an input was read.
"""

from __future__ import annotations

import time
import uuid
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from distilbert_sentiment_arch.classification import Classification, Truncation, TruncationMode
from distilbert_sentiment_arch.serving.application import CurrentCall
from distilbert_sentiment_arch.serving.dialects.openai_errors import VLLM
from distilbert_sentiment_arch.serving.dialects.openai_input import OpenAIInput
from distilbert_sentiment_arch.serving.dialects.truncation_note import TruncationNote
from distilbert_sentiment_arch.serving.dialects.wire_text import WireText

router = VLLM.router()


class ClassifyBody(BaseModel):
    """Inputs to classify and how."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"input": ["What a wonderful film.", "Never again."]}]}
    )

    model: WireText | None = None
    input: OpenAIInput
    truncate_prompt_tokens: StrictInt | None = Field(
        default=None,
        description="Read at most this many tokens of each input; -1 for the model's own limit.",
    )
    truncation_side: Literal["left", "right"] = "right"
    truncation: TruncationMode | None = Field(
        default=None, description="Ours: cut off the start or the end, or read in windows."
    )
    use_activation: StrictBool = Field(
        default=True, description="False for raw logits in place of probabilities."
    )
    add_special_tokens: StrictBool = True
    user: str | None = None
    request_id: WireText | None = None

    def to_truncation(self) -> Truncation | None:
        """Returns what is asked of inputs over the limit, in our own terms."""
        tokens = self.truncate_prompt_tokens
        if tokens is None and self.truncation is None:
            return None
        side: TruncationMode = "start" if self.truncation_side == "left" else "end"
        return Truncation(self.truncation or side, None if tokens == -1 else tokens)


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


@router.post("/classify", tags=["classify"])
@router.post("/v1/classify", tags=["classify"])
async def classify(body: ClassifyBody, call: CurrentCall) -> ClassifyResponse:
    """Classifies texts or token ids."""
    answers = await call.classify(
        body.model,
        body.input,
        body.to_truncation(),
        add_special_tokens=body.add_special_tokens,
    )
    tokens = sum(answer.tokens_read for answer in answers.classifications)
    return ClassifyResponse(
        id=f"classify-{body.request_id or uuid.uuid4().hex}",
        created=int(time.time()),
        model=call.classifier.name,
        data=[
            _datum(index, answer, body.use_activation)
            for index, answer in enumerate(answers.classifications)
        ],
        usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
    )


def _datum(index: int, answer: Classification, use_activation: bool) -> ClassifyDatum:
    values = answer.scores if use_activation else answer.logits
    return ClassifyDatum(
        index=index,
        label=answer.label,
        probs=values.tolist(),
        num_classes=len(answer.labels),
        truncation=TruncationNote.of(answer),
    )
