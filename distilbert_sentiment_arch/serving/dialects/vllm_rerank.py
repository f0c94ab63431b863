"""``POST /v1/rerank`` and ``/v2/rerank`` in the format of Cohere and Jina, as vLLM serves both.

Source: https://docs.vllm.ai/en/latest/models/pooling_models/scoring.html,
https://docs.cohere.com/reference/rerank and https://api.jina.ai/redoc. Unknown fields are ignored,
as in vLLM. A score is the sigmoid of the logit, also where a checkpoint names another activation
for sentence-transformers.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr

from distilbert_sentiment_arch.classify.interface import Answers, Route, TextPair, Truncation
from distilbert_sentiment_arch.classify.reranking import check_reranker, order, relevance
from distilbert_sentiment_arch.errors import BlankInput, InputError
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import VLLM
from distilbert_sentiment_arch.serving.dialects.our_fields import TruncationNote
from distilbert_sentiment_arch.serving.dialects.text_list import TextList
from distilbert_sentiment_arch.serving.dialects.usage import Usage
from distilbert_sentiment_arch.serving.dialects.vllm_pairs import PairOptions
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel, WireText

endpoints = Endpoints(VLLM, "pairs")


class DocumentsBody(PairOptions):
    """A query and documents to order by their relevance to it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "query": "What is the capital of France?",
                    "documents": ["Cheese is made from milk.", "Paris is the capital of France."],
                }
            ]
        }
    )

    query: StrictStr
    documents: TextList
    top_n: StrictInt | None = Field(
        default=None, ge=0, description="Return so many of the best; all by default and for 0."
    )
    return_documents: StrictBool | None = Field(
        default=None, description="False leaves the texts out of the answer."
    )
    max_tokens_per_doc: StrictInt | None = Field(
        default=None, ge=1, description="Cohere: read at most this many tokens of each document."
    )
    rank_fields: list[WireText] | None = Field(
        default=None, max_length=16, description="Cohere: only text is possible."
    )

    def to_truncation(self) -> Truncation | None:
        """Returns the requested truncation of pairs over the limit; None if none is requested."""
        truncation = super().to_truncation()
        if self.max_tokens_per_doc is None:
            return truncation
        return replace(truncation or Truncation("end"), text_limit=self.max_tokens_per_doc)


class Document(WireModel):
    """A document of the request."""

    text: str


class RerankResult(WireModel):
    """A document's place in the request and its score: a logit if ``use_activation`` is false."""

    index: int
    document: Document | None = None
    relevance_score: float
    truncation: TruncationNote | None = None


class TokenCounts(WireModel):
    """Tokens as Cohere reports them."""

    input_tokens: int
    output_tokens: int = 0


class Meta(WireModel):
    """Additional information as Cohere has it."""

    tokens: TokenCounts


class RerankResponse(WireModel):
    """Documents, the most relevant first."""

    route: Route
    id: str
    model: str
    results: list[RerankResult]
    usage: Usage
    meta: Meta


async def rerank_pairs(
    call: Call,
    model: str | None,
    query: str,
    documents: list[str],
    truncation: Truncation | None,
) -> Answers:
    """Returns the model's answers for a query with each document, in their order.

    Raises:
        UnsupportedTask: The model is no re-ranker.
        ModelAbsent: See ``Application.pair_classifier``.
        InputError: The query is blank, or ``Call.read_pairs`` refuses a pair.
    """
    check_reranker(call.app.pair_classifier(model))
    if not query.strip():
        raise BlankInput("The query is blank. Send text.", param="query")
    pairs = [TextPair(query, document) for document in documents]
    return await call.read_pairs(model, pairs, cut="second", truncation=truncation)


@endpoints.post("/v1/rerank", DocumentsBody, RerankResponse, drop_none=True)
@endpoints.post("/v2/rerank", DocumentsBody, RerankResponse, drop_none=True)
async def rerank_documents(call: Call, body: DocumentsBody) -> RerankResponse:
    """Orders documents by their relevance to a query, with a model of one label."""
    if body.rank_fields not in (None, ["text"]):
        raise InputError("rank_fields can be text only. Leave it out.", param="rank_fields")
    answers = await rerank_pairs(call, body.model, body.query, body.documents, body.to_truncation())
    usage = Usage.of(answers)
    return RerankResponse(
        route=answers.route,
        id=f"rerank-{body.request_id or call.observation.request_id}",
        model=answers.model,
        results=_results(answers, body)[: body.top_n or None],
        usage=usage,
        meta=Meta(tokens=TokenCounts(input_tokens=usage.prompt_tokens)),
    )


def _results(answers: Answers, body: DocumentsBody) -> list[RerankResult]:
    found = answers.classifications
    with_text = body.return_documents is not False
    return [
        RerankResult(
            index=place,
            document=Document(text=body.documents[place]) if with_text else None,
            relevance_score=relevance(found[place], raw=body.use_activation is False),
            truncation=TruncationNote.of(found[place]),
        )
        for place in order(found)
    ]
