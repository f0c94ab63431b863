"""Token counts of an answer, as OpenAI's embeddings and vLLM report them."""

from __future__ import annotations

from typing import Self

from distilbert_sentiment_arch.classify.interface import Answers
from distilbert_sentiment_arch.serving.wire import WireModel


class Usage(WireModel):
    """Tokens that the model read, special tokens included."""

    prompt_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, answers: Answers) -> Self:
        """Returns the counts of a whole answer."""
        tokens = sum(each.tokens_read for each in answers.classifications)
        return cls(prompt_tokens=tokens, total_tokens=tokens)


class VLLMUsage(Usage):
    """Token counts as vLLM reports them; nothing is generated."""

    completion_tokens: int = 0
    prompt_tokens_details: None = None
