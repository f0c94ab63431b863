"""Fields that this project adds to the bodies of other projects' wire formats."""

from __future__ import annotations

from pydantic import Field

from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    FallbackPolicy,
    Reason,
    Route,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.serving.wire import WireModel

LEXICON_SCALE = "(1 + sign * mean / 5) / labels: mean valence of the words, no probability"


class OurOptions(WireModel):
    """Options that requests of every dialect can contain."""

    truncation: TruncationMode | None = Field(
        default=None, description="Ours: cut off the start or the end, or read in windows."
    )
    fallback: FallbackPolicy | None = Field(
        default=None,
        description="Ours: when a word list may answer in place of the model. It narrows what the "
        "server allows and never widens it.",
    )

    def to_truncation(self) -> Truncation | None:
        """Returns the requested truncation of inputs over the limit; None if none is requested."""
        return Truncation(self.truncation) if self.truncation else None


class LexiconNote(WireModel):
    """Source and scale of the scores of a word list."""

    name: str
    reason: Reason | None = Field(description="Why the model did not answer, if it was asked.")
    scale: str = Field(default=LEXICON_SCALE, description="What stands in place of probabilities.")


class Origin(WireModel):
    """Source of an answer: the model, or a word list."""

    route: Route
    lexicon: LexiconNote | None


def origin(answers: Answers) -> Origin:
    """Returns the fields that state what answered a request."""
    note = None
    if answers.route == "lexicon":
        note = LexiconNote(name=answers.model, reason=answers.reason)
    return Origin(route=answers.route, lexicon=note)


class TruncationNote(WireModel):
    """Tokens read of an input over the limit: a part of them, or all of them in windows."""

    tokens: int
    tokens_read: int
    windows: int

    @classmethod
    def of(cls, answer: Classification) -> TruncationNote | None:
        """Returns the note for an answer, None if the input was read whole and at once."""
        if answer.whole:
            return None
        return cls(tokens=answer.tokens, tokens_read=answer.tokens_read, windows=answer.windows)
