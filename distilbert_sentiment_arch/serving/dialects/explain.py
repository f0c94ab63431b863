"""``POST /v1/explain``: why a text has its label.

A format of this project. Positions count characters (Unicode code points) of the text as sent.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.explanation_format import (
    ExplainedAnswer,
    ExplainFields,
    explained_answers,
)
from distilbert_sentiment_arch.serving.dialects.openai_errors import VLLM
from distilbert_sentiment_arch.serving.dialects.our_fields import Origin, OurOptions, origin
from distilbert_sentiment_arch.serving.dialects.usage import VLLMUsage
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireText, check_inputs

endpoints = Endpoints(VLLM, "explain")

_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ],
    "description": "A text or texts.",
    "examples": ["What a wonderful film."],
}


def _texts(value: Any, info: ValidationInfo) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ValueError("is neither a text nor a list of texts")
    if not value:
        raise ValueError("is empty; send at least one text")
    check_inputs(value, info)
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise ValueError(
                f"element {index} is no text; pairs and token ids are not explained, send texts"
            )
    return value


class ExplainBody(OurOptions, ExplainFields):
    """Texts to explain the answers to, and options; unknown ones are refused."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"input": "What a wonderful film."},
                {"input": ["Not bad at all."], "method": "owen", "units": "word", "passes": 64},
            ]
        },
    )

    model: WireText | None = None
    input: Annotated[Any, BeforeValidator(_texts), WithJsonSchema(_SCHEMA)]
    user: str | None = None


class ExplainResponse(Origin):
    """Explained answers, in the order of the texts."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[ExplainedAnswer]
    usage: VLLMUsage


@endpoints.post("/v1/explain", ExplainBody, ExplainResponse)
async def explain(call: Call, body: ExplainBody) -> ExplainResponse:
    """Classifies texts, and says for each word or sentence what it does to the answer."""
    found = await call.explain(
        body.model,
        body.input,
        body.to_options(),
        truncation=body.to_truncation(),
        fallback=body.fallback,
    )
    return ExplainResponse(
        **dict(origin(found.answers)),
        id=f"explain-{call.observation.request_id}",
        created=int(time.time()),
        model=found.answers.model,
        data=await explained_answers(found),
        usage=VLLMUsage(prompt_tokens=found.tokens, total_tokens=found.tokens),
    )
