"""Choice of the attention of a ragged graph, by device and model.

What MAX's ragged attention computes on which device was read in MAX 26.7: its kernel for head
dimensions that are not listed here is a plain one, without tensor cores or shared memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from max.driver import Device
from max.dtype import DType

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.float32_products import TF32_API
from distilbert_sentiment_arch.engine.ragged_attention import (
    PaddedAttention,
    RaggedAttention,
    RaggedFlashAttention,
)

_MISSING = {
    "biased": "numbers that are added by distance",
    "disentangled": "products with embeddings of distances",
    "rotary": "window on both sides",
}
"""What MAX's ragged attention has no mask for, by the values of ``EncoderConfig.attention``."""

_HEADS = {
    "sm_80": {64, 128},
    "sm_90": {64, 128},
    "sm_100": {64, 128},
    "gfx90a": {64, 128},
    "gfx942": {64, 128},
    "gfx950": {64, 128},
}
"""Head dimensions with a fast kernel, by architecture; 128 on every other of NVIDIA's."""

_OTHERS = {"cuda": {128}, "hip": set[int]()}


@dataclass(frozen=True)
class DeviceKind:
    """What of a device the choice depends on.

    Attributes:
        api: ``cuda``, ``hip``, ``metal``.
        architecture: For example ``sm_90``.
    """

    api: str
    architecture: str

    @classmethod
    def of(cls, device: Device) -> DeviceKind:
        """Returns the kind of a device; what stands behind an architecture's number is left out."""
        found = re.match(r"sm_\d+|gfx[0-9a-f]+", device.architecture_name)
        return cls(device.api, found[0] if found else device.architecture_name)


@dataclass(frozen=True)
class AttentionChoice:
    """An attention, and why.

    Attributes:
        attention: The attention.
        reason: Why this one, in words; a clause without a full stop.
    """

    attention: RaggedAttention
    reason: str

    def __str__(self) -> str:
        kind = "padded" if self.attention.needs_padding else "ragged"
        return f"{kind} attention, and no padding elsewhere: {self.reason}"


def choose_attention(config: EncoderConfig, dtype: DType, device: DeviceKind) -> AttentionChoice:
    """Returns the attention to compute with.

    Args:
        config: The encoder's configuration.
        dtype: What the graph computes in.
        device: Where.
    """
    reason = _against_flash(config, dtype, device)
    if reason is not None:
        return AttentionChoice(PaddedAttention(), reason)
    return AttentionChoice(RaggedFlashAttention(), f"MAX has one for {device.architecture}")


def _against_flash(config: EncoderConfig, dtype: DType, device: DeviceKind) -> str | None:
    """Returns why MAX's ragged attention is not taken; None if it is."""
    if config.attention != "plain":
        return f"MAX's ragged attention has no {_MISSING[config.attention]}"
    if device.api not in _OTHERS:
        return f"MAX has no ragged attention for {device.api}"
    if dtype == DType.float32:
        if device.api == TF32_API:
            return "MAX's ragged attention rounds float32 to TF32"
        return "MAX's ragged attention in float32 is a plain kernel"
    head_dim = config.hidden_size // config.num_attention_heads
    if head_dim not in _HEADS.get(device.architecture, _OTHERS[device.api]):
        return (
            f"MAX's ragged attention for heads of {head_dim} on {device.architecture} is a plain "
            "kernel"
        )
    return None
