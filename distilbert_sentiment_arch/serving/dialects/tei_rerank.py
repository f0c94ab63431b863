"""``POST /rerank`` in the format of Hugging Face's text-embeddings-inference (TEI).

Source: https://huggingface.github.io/text-embeddings-inference (``RerankRequest``). vLLM has
another format at this path, which is told apart by ``documents`` in place of ``texts`` and answered
as at ``/v1/rerank``; errors are TEI's for both.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_validator,
)

from distilbert_sentiment_arch.classify.interface import Truncation
from distilbert_sentiment_arch.classify.reranking import order, relevance
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.our_fields import OurOptions
from distilbert_sentiment_arch.serving.dialects.tei_predict import TEI, tei_truncation
from distilbert_sentiment_arch.serving.dialects.vllm_rerank import (
    DocumentsBody,
    RerankResponse,
    rerank_documents,
    rerank_pairs,
)
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import Counted, WireModel, WireText

endpoints = Endpoints(TEI, "pairs")

_EXAMPLE = {
    "query": "What is the capital of France?",
    "texts": ["Cheese is made from milk.", "Paris is the capital of France."],
}


def _add_documents(schema: dict[str, Any]) -> None:
    texts = dict(schema, examples=[_EXAMPLE])
    schema.clear()
    schema["anyOf"] = [texts, DocumentsBody.model_json_schema()]
    schema["title"] = texts["title"]


class RerankBody(OurOptions):
    """A query and texts to order by their relevance to it."""

    model_config = ConfigDict(json_schema_extra=_add_documents)

    query: StrictStr
    texts: Annotated[list[StrictStr], Field(fail_fast=True), Counted] = Field(min_length=1)
    truncate: StrictBool | None = None
    truncation_direction: Literal["Left", "Right", "left", "right"] = "Right"
    raw_scores: StrictBool = Field(default=False, description="Raw logits, else their sigmoid.")
    return_text: StrictBool = False
    model: WireText | None = Field(default=None, description="Ours: TEI serves one model only.")

    @model_validator(mode="wrap")
    @classmethod
    def of_its_format(
        cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """Returns what the other format has if a request is in that one."""
        if isinstance(value, dict) and "documents" in value and "texts" not in value:
            return DocumentsBody.model_validate(value, context=info.context)
        return handler(value)

    def to_truncation(self) -> Truncation | None:
        """Returns the requested truncation of pairs over the limit; None if none is requested."""
        return super().to_truncation() or tei_truncation(self.truncate, self.truncation_direction)


class Rank(WireModel):
    """A text's place in the request and its score."""

    index: int
    text: str | None = None
    score: float


@endpoints.post("/rerank", RerankBody, list[Rank] | RerankResponse, drop_none=True)
async def rerank(call: Call, body: RerankBody | DocumentsBody) -> list[Rank] | RerankResponse:
    """Orders texts by their relevance to a query, with a model of one label.

    A body with documents in place of texts is answered as by /v1/rerank.
    """
    if isinstance(body, DocumentsBody):
        return await rerank_documents(call, body)
    answers = await rerank_pairs(call, body.model, body.query, body.texts, body.to_truncation())
    found = answers.classifications
    return [
        Rank(
            index=place,
            text=body.texts[place] if body.return_text else None,
            score=relevance(found[place], raw=body.raw_scores),
        )
        for place in order(found)
    ]
