"""Which ONNX models are written by hand, and what happens where the export fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.source import DEFAULT_DIRECTORY
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking import onnx_file as onnx_file_module
from scripts.benchmarking.onnx_file import onnx_file
from scripts.benchmarking.onnx_model import why_not


@pytest.fixture(scope="module")
def encoder() -> EncoderConfig:
    return read_config_file(DEFAULT_DIRECTORY, FAMILIES).encoder


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attention": "disentangled"}, "disentangled attention"),
        ({"attention": "rotary", "has_position_table": False}, "rotary attention, no table of pos"),
        ({"norm_placement": "pre"}, "pre-norm"),
        ({"hidden_act": "gelu_tanh"}, "the activation gelu_tanh"),
        ({"head_activation": "gelu"}, "the head's activation gelu"),
        ({"pooling": "mean"}, "mean pooling"),
        ({"head_norm": True}, "a norm in the head"),
        ({"gated_mlp": True}, "a gated feed-forward block"),
        ({"embedding_size": 16}, "a linear layer behind its embeddings"),
        ({"mlp_bias": False}, "layers without biases"),
    ],
)
def test_what_is_not_written_by_hand_is_named(
    encoder: EncoderConfig, changes: dict[str, Any], reason: str
) -> None:
    assert why_not(encoder) is None
    found = why_not(replace(encoder, **changes))
    assert found is not None
    assert found.startswith(f"it has {reason}")


def test_a_failed_export_says_why_and_leaves_no_model(
    checkpoint: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The product's environment has no PyTorch.
    monkeypatch.setattr(onnx_file_module, "interpreter", lambda _: sys.executable)
    exported = checkpoint(activation="relu")
    with pytest.raises(RuntimeError, match=r"was not exported: [^$]*No module named 'torch'"):
        onnx_file(exported, tmp_path)
    assert list(tmp_path.glob("*.onnx")) == []
