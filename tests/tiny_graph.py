"""A graph that compiles in a second, for tests that need any compiled graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from max.dtype import DType
from max.graph import DeviceRef, TensorType, TensorValue, Weight
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

CPU = DeviceRef.CPU()


class TinyGraph(Module):
    """Adds a weight to its input, float32 ``(tokens, hidden_size)``."""

    def __init__(
        self, config: EncoderConfig, weights: Mapping[str, Any], precision: str = "float32"
    ) -> None:
        super().__init__()
        assert precision == "float32"
        self.width = config.hidden_size
        self.shift = Weight("shift", DType.float32, weights["shift"].shape, CPU)

    def input_types(self) -> tuple[TensorType, ...]:
        return (TensorType(DType.float32, ["tokens", self.width], CPU),)

    def __call__(self, hidden: TensorValue) -> TensorValue:
        result: TensorValue = hidden + self.shift
        return result
