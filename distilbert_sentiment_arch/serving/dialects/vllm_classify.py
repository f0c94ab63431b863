"""``POST /classify`` in the format of vLLM, and ``/v1/classify`` in that of SGLang.

Source: https://docs.vllm.ai/en/latest/models/pooling_models/classify.html. Unknown fields are
ignored, as in vLLM. The model may be a word list.
"""

from __future__ import annotations

import time
from typing import Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt

from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.explanation_format import (
    Explain,
    ExplainFields,
    ExplanationNote,
    explanation_notes,
)
from distilbert_sentiment_arch.serving.dialects.openai_errors import VLLM
from distilbert_sentiment_arch.serving.dialects.openai_input import OpenAIInput
from distilbert_sentiment_arch.serving.dialects.our_fields import (
    Origin,
    OurOptions,
    TruncationNote,
    origin,
)
from distilbert_sentiment_arch.serving.dialects.usage import VLLMUsage
from distilbert_sentiment_arch.serving.dialects.zero_shot_options import ZeroShotFields, entail
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel, WireText

endpoints = Endpoints(VLLM, "classify")


class ClassifyBody(OurOptions, ZeroShotFields):
    """Inputs to classify, and options."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"input": ["What a wonderful film.", "Never again."]},
                {"input": "What a wonderful film.", "explain": True},
            ]
        }
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
    explain: Explain = None
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


class ClassifyResponse(Origin):
    """Answers, in the order of the inputs."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[ClassifyDatum]
    usage: VLLMUsage


class ExplainedDatum(ClassifyDatum):
    """The answer for one text, explained."""

    explanation: ExplanationNote


class ExplainedResponse(Origin):
    """The same for ``explain``, with explanations; the usage counts the tokens of all passes."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[ExplainedDatum]
    usage: VLLMUsage


class ZeroShotResponse(ClassifyResponse):
    """The same for ``candidate_labels``: ``probs`` has one number for each, in their order."""

    method: Literal["entailment"] = "entailment"
    labels: list[str]


AnyResponse = ClassifyResponse | ZeroShotResponse | ExplainedResponse


@endpoints.post("/classify", ClassifyBody, AnyResponse)
@endpoints.post("/v1/classify", ClassifyBody, AnyResponse)
async def classify(call: Call, body: ClassifyBody) -> AnyResponse:
    """Classifies texts or token ids by the labels of the model, or texts by candidate_labels."""
    candidates = body.to_candidates()
    if body.explain is not None:
        if candidates is not None:
            raise InputError(
                "Answers by candidate_labels are not explained. Leave one of the two out.",
                param="explain",
            )
        return await _explained(call, body, body.explain)
    if candidates is not None:
        if not body.add_special_tokens:
            raise InputError(
                "add_special_tokens is false, and without special tokens nothing parts a text "
                "from a hypothesis. Leave it out.",
                param="add_special_tokens",
            )
        answers = await entail(
            call, body.model, body.input, candidates, truncation=body.to_truncation()
        )
        labels = list(candidates.labels)
        return ZeroShotResponse(**dict(_response(call, body, answers)), labels=labels)
    answers = await call.classify(
        body.model,
        body.input,
        truncation=body.to_truncation(),
        fallback=body.fallback,
        add_special_tokens=body.add_special_tokens,
    )
    return _response(call, body, answers)


async def _explained(call: Call, body: ClassifyBody, options: ExplainFields) -> ExplainedResponse:
    found = await call.explain(
        body.model,
        body.input,
        options.to_options(),
        truncation=body.to_truncation(),
        fallback=body.fallback,
        add_special_tokens=body.add_special_tokens,
        field="explain",
    )
    response = dict(_response(call, body, found.answers))
    response["data"] = [
        ExplainedDatum(**dict(datum), explanation=note)
        for datum, note in zip(response["data"], await explanation_notes(found), strict=True)
    ]
    response["usage"] = VLLMUsage(prompt_tokens=found.tokens, total_tokens=found.tokens)
    return ExplainedResponse(**response)


def _response(call: Call, body: ClassifyBody, answers: Answers) -> ClassifyResponse:
    return ClassifyResponse(
        **dict(origin(answers)),
        id=f"classify-{body.request_id or call.observation.request_id}",
        created=int(time.time()),
        model=answers.model,
        data=[
            _datum(index, answer, body.use_activation)
            for index, answer in enumerate(answers.classifications)
        ],
        usage=VLLMUsage.of(answers),
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
