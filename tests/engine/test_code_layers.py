"""The room of a pass; kernels/test_encoder_pass.py checks what the layers compute."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from random_encoders import SMALL

from distilbert_sentiment_arch.checkpoint.encoder_config import NormPlacement
from distilbert_sentiment_arch.engine.code_layers import (
    MOST_ROWS_BY_PANELS,
    SPARE_ROWS,
    room_bytes,
)
from distilbert_sentiment_arch.engine.code_weights import LINE
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
from distilbert_sentiment_arch.settings.precision import CodePrecision


def pieces(
    precision: CodePrecision,
    *,
    dim: int,
    inner: int,
    heads: int,
    tokens: int,
    batch: int,
    pre: bool,
) -> list[int]:
    """Returns the bytes of each piece that a pass takes, as kernels/pass_room.mojo describes it."""
    size = {"int8": 1, "bfloat16": 2}[precision]

    def codes(rows: int, columns: int) -> list[int]:
        line = (columns * size + 63) // 64 * 64
        return [4 * rows, (rows + 32) * line]

    def of(rows: int) -> list[int]:
        hidden = [4 * rows * dim] * (2 if pre else 1)
        return [*hidden, *codes(rows, dim)]

    rows = min(tokens, 256)
    every = [4 * tokens * 3 * dim, 4 * tokens * dim, 4 * tokens * dim]
    feed_forward = [4 * rows * inner, *codes(rows, inner)]
    last = [4 * batch * heads * dim, 4 * batch * dim]
    return [*of(tokens), *every, *feed_forward, *of(batch), *last]


@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
@pytest.mark.parametrize("placement", ["post", "pre"])
def test_there_is_room_for_every_piece_from_one_line_to_the_next(
    precision: CodePrecision, placement: NormPlacement
) -> None:
    generator = np.random.default_rng(0)
    for _ in range(500):
        heads = int(generator.choice([1, 2, 12]))
        dim, inner = heads * int(generator.integers(1, 65)), int(generator.integers(1, 3073))
        batch = int(generator.choice([1, 2, 7, 64, 300]))
        tokens = batch * int(generator.choice([1, 2, 8, 63, 512]))
        config = replace(
            SMALL,
            hidden_size=dim,
            intermediate_size=inner,
            num_attention_heads=heads,
            norm_placement=placement,
        )
        taken = pieces(
            precision,
            dim=dim,
            inner=inner,
            heads=heads,
            tokens=tokens,
            batch=batch,
            pre=placement == "pre",
        )
        needed = sum(-(-each // 64) * 64 for each in taken)
        assert room_bytes(config, precision, tokens, batch) >= needed


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [
        ("pass_room", "MOST_ROWS_BY_PANELS", MOST_ROWS_BY_PANELS),
        ("codes", "SPARE_ROWS", SPARE_ROWS),
        ("codes", "ALIGNMENT", LINE),
    ],
)
def test_the_kernels_have_the_same_numbers(file: str, name: str, value: int) -> None:
    source = (KERNELS / f"{file}.mojo").read_text(encoding="utf-8")
    assert re.findall(rf"^comptime {name} = (\d+)$", source, re.MULTILINE) == [str(value)]
