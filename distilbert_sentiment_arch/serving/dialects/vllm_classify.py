"""``POST /classify`` in the format of vLLM, and ``/v1/classify`` in that of SGLang.

Source: https://docs.vllm.ai/en/latest/models/pooling_models/classify.html. Unknown fields are
ignored, as in vLLM. The model may be a word list.
"""

from __future__ import annotations

import time
from typing import Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt

from distilbert_sentiment_arch.classify.interface import Classification, Truncation, TruncationMode
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import VLLM
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

endpoints = Endpoints(VLLM, "classify")


class ClassifyBody(OurOptions):
    """Inputs to classify, and options."""

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
    use_activation: StrictBool = Field(
        default=True, description="False for raw logits in place of probabilities."
    )
    add_special_tokens: StrictBool = True
    user: str | None = None
    request_id: WireText | None = None

    def to_truncation(self) -> Truncation | None:
        """Returns the requested truncation of inputs over the limit; None if none is requested."""
        tokens = self.truncate_prompt_tokens
        if tokens is None and self.truncation is None:
            return None
        side: TruncationMode = "start" if self.truncation_side == "left" else "end"
        return Truncation(self.truncation or side, None if tokens == -1 else tokens)


class ClassifyDatum(WireModel):
    """The answer for one input.

    ``probs`` contains logits if ``use_activation`` is false; for a word list see ``lexicon``.
    """

    index: int
    label: str
    probs: list[float]
    num_classes: int
    truncation: TruncationNote | None = None


class ClassifyUsage(Usage):
    """Token counts as vLLM reports them; nothing is generated."""

    completion_tokens: int = 0
    prompt_tokens_details: None = None


class ClassifyResponse(Origin):
    """Answers, in the order of the inputs."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[ClassifyDatum]
    usage: ClassifyUsage


@endpoints.post("/classify", ClassifyBody, ClassifyResponse)
@endpoints.post("/v1/classify", ClassifyBody, ClassifyResponse)
async def classify(call: Call, body: ClassifyBody) -> ClassifyResponse:
    """Classifies texts or token ids."""
    answers = await call.classify(
        body.model,
        body.input,
        truncation=body.to_truncation(),
        fallback=body.fallback,
        add_special_tokens=body.add_special_tokens,
    )
    return ClassifyResponse(
        **dict(origin(answers)),
        id=f"classify-{body.request_id or call.observation.request_id}",
        created=int(time.time()),
        model=answers.model,
        data=[
            _datum(index, answer, body.use_activation)
            for index, answer in enumerate(answers.classifications)
        ],
        usage=ClassifyUsage.of(answers),
    )


def _datum(index: int, answer: Classification, use_activation: bool) -> ClassifyDatum:
    values = answer.scores if use_activation else answer.logits
    return ClassifyDatum(
        index=index,
        label=answer.label,
        probs=list(values),
        num_classes=len(answer.labels),
        truncation=TruncationNote.of(answer),
    )
