"""Options of vLLM's requests about pairs of texts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool, StrictInt

from distilbert_sentiment_arch.classify.interface import (
    FallbackPolicy,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.serving.wire import WireModel, WireText


class PairOptions(WireModel):
    """Options; of a pair only the second text is truncated."""

    model: WireText | None = None
    truncate_prompt_tokens: StrictInt | None = Field(
        default=None,
        description="Read at most this many tokens of each pair; -1 for the model's own limit.",
    )
    truncation_side: Literal["left", "right"] | None = None
    use_activation: StrictBool | None = Field(
        default=None, description="False for raw logits; by default their sigmoid."
    )
    user: str | None = None
    request_id: WireText | None = None
    truncation: TruncationMode | StrictBool | None = Field(
        default=None,
        description="Ours: cut off the start or the end. As a boolean, which Jina has: the end.",
    )
    fallback: FallbackPolicy | None = Field(
        default=None, description="Accepted and not read: no word list reads pairs."
    )

    def to_truncation(self) -> Truncation | None:
        """Returns the requested truncation of pairs over the limit; None if none is requested."""
        tokens = self.truncate_prompt_tokens
        side: TruncationMode = "start" if self.truncation_side == "left" else "end"
        if isinstance(self.truncation, str):
            side = self.truncation
        elif tokens is None and not self.truncation:
            return None
        return Truncation(side, None if tokens == -1 else tokens)
