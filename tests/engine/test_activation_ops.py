"""Layers of MAX's operations; families/test_graphs.py checks their results."""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.encoder_config import ACTIVATIONS
from distilbert_sentiment_arch.engine.activation_ops import ACTIVATION_OPS


def test_every_supported_activation_has_an_operation() -> None:
    assert set(ACTIVATION_OPS) == set(ACTIVATIONS.values())
