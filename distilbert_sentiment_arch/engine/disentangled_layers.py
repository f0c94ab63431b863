"""Position keys and queries of a block with disentangled attention, as operands of its kernels."""

from __future__ import annotations

from max.graph import Weight
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import weight
from distilbert_sentiment_arch.engine.panels import Packed


class Positions(Module):
    """What ``disentangled_weights`` packed for a block."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__()
        self.terms = {
            "content_to_position": config.content_to_position,
            "position_to_content": config.position_to_content,
        }
        if config.content_to_position:
            self.keys = weight(weights, f"blocks.{index}.positions.keys")
        if config.position_to_content:
            self.queries = weight(weights, f"blocks.{index}.positions.queries")

    def __call__(self) -> tuple[Weight, Weight]:
        """Returns keys and queries; the kernel does not read the one that does not exist."""
        found = [getattr(self, name) for name in ("keys", "queries") if hasattr(self, name)]
        return found[0], found[-1]
