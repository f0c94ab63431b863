"""``POST /score`` and ``/v1/score`` in the format of vLLM: scores of pairs, in their order.

Source: https://docs.vllm.ai/en/latest/models/pooling_models/scoring.html. Unknown fields are
ignored, as in vLLM. A score is the sigmoid of the logit, also where a checkpoint names another
activation for sentence-transformers.
"""

from __future__ import annotations

import time
from typing import Literal

from pydantic import AliasChoices, ConfigDict, Field

from distilbert_sentiment_arch.classify.interface import Classification, TextPair
from distilbert_sentiment_arch.classify.reranking import check_reranker, relevance
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import VLLM
from distilbert_sentiment_arch.serving.dialects.our_fields import Origin, TruncationNote, origin
from distilbert_sentiment_arch.serving.dialects.text_list import TextList
from distilbert_sentiment_arch.serving.dialects.usage import VLLMUsage
from distilbert_sentiment_arch.serving.dialects.vllm_pairs import PairOptions
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel

endpoints = Endpoints(VLLM, "pairs")


class ScoreBody(PairOptions):
    """Texts to score in pairs: one with one, one with each, or each with its counterpart."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text_1": "What is the capital of France?",
                    "text_2": ["Paris is the capital of France.", "Cheese is made from milk."],
                }
            ]
        }
    )

    text_1: TextList = Field(validation_alias=AliasChoices("text_1", "queries", "data_1"))
    text_2: TextList = Field(
        validation_alias=AliasChoices("text_2", "documents", "items", "data_2")
    )

    def to_pairs(self) -> list[TextPair]:
        """Returns the pairs.

        Raises:
            InputError: Neither is one text, and there are not as many of both.
        """
        first, second = self.text_1, self.text_2
        if len(first) == 1:
            first = first * len(second)
        if len(first) != len(second):
            raise InputError(
                f"text_1 has {len(first)} texts and text_2 has {len(second)}. Send one text_1, or "
                "as many of both.",
                param="text_1",
            )
        return [TextPair(*pair) for pair in zip(first, second, strict=True)]


class Score(WireModel):
    """The score of a pair: a logit if ``use_activation`` is false."""

    index: int
    object: Literal["score"] = "score"
    score: float
    truncation: TruncationNote | None = None


class ScoreResponse(Origin):
    """Scores, in the order of the pairs."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[Score]
    usage: VLLMUsage


@endpoints.post("/score", ScoreBody, ScoreResponse)
@endpoints.post("/v1/score", ScoreBody, ScoreResponse)
async def score(call: Call, body: ScoreBody) -> ScoreResponse:
    """Scores pairs of texts with a model of one label."""
    check_reranker(call.app.pair_classifier(body.model))
    answers = await call.read_pairs(
        body.model, body.to_pairs(), cut="second", truncation=body.to_truncation()
    )
    return ScoreResponse(
        **dict(origin(answers)),
        id=f"score-{body.request_id or call.observation.request_id}",
        created=int(time.time()),
        model=answers.model,
        data=[
            _score(index, answer, raw=body.use_activation is False)
            for index, answer in enumerate(answers.classifications)
        ],
        usage=VLLMUsage.of(answers),
    )


def _score(index: int, answer: Classification, *, raw: bool) -> Score:
    return Score(
        index=index, score=relevance(answer, raw=raw), truncation=TruncationNote.of(answer)
    )
