"""The field in which a body says how much of an input was read."""

from __future__ import annotations

from pydantic import BaseModel

from distilbert_sentiment_arch.classification import Classification


class TruncationNote(BaseModel):
    """How an input over the limit was read: some of its tokens, or all of them in windows."""

    tokens: int
    tokens_read: int
    windows: int

    @classmethod
    def of(cls, answer: Classification) -> TruncationNote | None:
        """Returns the note for an answer, None where the input was read whole and at once."""
        if answer.whole:
            return None
        return cls(tokens=answer.tokens, tokens_read=answer.tokens_read, windows=answer.windows)
