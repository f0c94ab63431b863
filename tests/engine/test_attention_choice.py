"""Which attention computes on which device, and the reason that the log gives."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from max.driver import Device
from max.dtype import DType
from random_encoders import SMALL

from distilbert_sentiment_arch.engine.attention_choice import DeviceKind, choose_attention

HOPPER = DeviceKind("cuda", "sm_90")
PLAIN = replace(SMALL, hidden_size=768, num_attention_heads=12)


def chosen(dtype: DType = DType.bfloat16, device: DeviceKind = HOPPER, **changes: Any) -> str:
    return str(choose_attention(replace(PLAIN, **changes), dtype, device))


@pytest.mark.parametrize(
    ("device", "hidden_size"),
    [
        (HOPPER, 768),
        (DeviceKind("cuda", "sm_80"), 768),
        (DeviceKind("cuda", "sm_86"), 1536),
        (DeviceKind("hip", "gfx942"), 768),
    ],
)
def test_ragged_attention_where_max_has_a_fast_one(device: DeviceKind, hidden_size: int) -> None:
    said = chosen(device=device, hidden_size=hidden_size)
    assert said == (
        f"ragged attention, and no padding elsewhere: MAX has one for {device.architecture}"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attention": "biased"}, "no numbers that are added by distance"),
        ({"attention": "disentangled"}, "no products with embeddings of distances"),
        ({"attention": "rotary"}, "no window on both sides"),
        ({"dtype": DType.float32}, "rounds float32 to TF32"),
        ({"device": DeviceKind("metal", "apple-m4")}, "MAX has no ragged attention for metal"),
        ({"hidden_size": 384}, "for heads of 32 on sm_90 is a plain kernel"),
        ({"device": DeviceKind("cuda", "sm_86")}, "for heads of 64 on sm_86 is a plain kernel"),
        (
            {"dtype": DType.float32, "device": DeviceKind("hip", "gfx942")},
            "in float32 is a plain kernel",
        ),
    ],
)
def test_padded_attention_elsewhere(changes: dict[str, Any], reason: str) -> None:
    said = chosen(**changes)
    assert said.startswith("padded attention, and no padding elsewhere: ")
    assert reason in said


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("sm_90", "sm_90"),
        ("sm_90a", "sm_90"),
        ("sm_100a", "sm_100"),
        ("gfx90a", "gfx90a"),
        ("gfx942:sramecc+:xnack-", "gfx942"),
        ("apple-m4", "apple-m4"),
    ],
)
def test_the_kind_of_a_device(name: str, architecture: str) -> None:
    device = cast(Device, SimpleNamespace(api="any", architecture_name=name))
    assert DeviceKind.of(device) == DeviceKind("any", architecture)
