"""Tables of the first block's queries, keys and values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from random_encoders import SMALL

from distilbert_sentiment_arch.engine.first_block_tables import (
    FIRST_PROJECTION,
    empty_tables,
    fill_tables,
    has_tables,
    largest_entry,
)
from distilbert_sentiment_arch.engine.panels import Packed


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_tables_hold_the_projection_of_all_words_positions_and_types(
    dtype: type[np.floating],
) -> None:
    generator = np.random.default_rng(7)
    gamma, projection = generator.standard_normal(20), generator.standard_normal((60, 20))
    packed: Packed = {"embeddings.gamma": gamma.astype(np.float32)}
    for name, rows in (("words", 9000), ("positions", 12), ("types", 2)):
        packed[f"embeddings.{name}"] = (3 + generator.standard_normal((rows, 20))).astype(dtype)
        packed[f"blocks.layers.0.projected_{name}"] = np.zeros((rows, 60), np.float32)
    parts = np.split(projection.astype(np.float32), 3)
    fill_tables(packed, dict(zip(FIRST_PROJECTION, parts, strict=True)))
    for name in ("words", "positions", "types"):
        embeddings = packed[f"embeddings.{name}"].astype(np.float64)
        centred = embeddings - embeddings.mean(-1, keepdims=True)
        np.testing.assert_allclose(
            packed[f"blocks.layers.0.projected_{name}"], (centred * gamma) @ projection.T, atol=1e-4
        )


BASE = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "num_hidden_layers": 12,
}
LARGE = BASE | {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24}


@pytest.mark.parametrize(
    ("changes", "there_are"),
    [
        ({}, True),
        ({"num_hidden_layers": 1}, False),
        ({"norm_placement": "pre"}, False),
        ({"embedding_size": 20}, False),
        ({"attention": "biased"}, False),
        ({"conv_kernel_size": 3}, False),
        ({**BASE, "num_hidden_layers": 6, "vocab_size": 30_522}, True),  # DistilBERT
        ({**BASE, "num_hidden_layers": 6, "vocab_size": 119_547}, False),  # multilingual
        ({**BASE, "vocab_size": 30_522}, True),  # BERT base
        ({**BASE, "vocab_size": 50_265}, True),  # RoBERTa base
        ({**BASE, "vocab_size": 250_002}, False),  # XLM-RoBERTa base
        ({**LARGE, "vocab_size": 30_522}, False),  # BERT large
    ],
    ids=str,
)
def test_tables_are_used_only_where_they_help_and_fit(
    changes: dict[str, Any], there_are: bool
) -> None:
    assert has_tables(replace(SMALL, **changes)) is there_are


def test_without_tables_nothing_is_filled() -> None:
    packed: Packed = {"embeddings.words": np.ones((3, 2), np.float32)}
    fill_tables(packed, {})
    assert list(packed) == ["embeddings.words"]


def test_no_entry_is_above_the_bound() -> None:
    generator = np.random.default_rng(2)
    packed: Packed = {"embeddings.gamma": generator.standard_normal(20, np.float32)}
    packed["embeddings.beta"] = generator.standard_normal(20, np.float32)
    for name, rows in (("words", 5000), ("positions", 12)):
        packed[f"embeddings.{name}"] = generator.standard_normal((rows, 20)).astype(np.float16)
    weight, bias = generator.standard_normal((60, 20), np.float32), np.zeros(60, np.float32)
    # The column that is nearly the longest row turned: the bound is reached but for its mean.
    rows = packed["embeddings.words"].astype(np.float32)
    rows = (rows - rows.mean(-1, keepdims=True)) * packed["embeddings.gamma"]
    longest = rows[np.linalg.norm(rows, axis=1).argmax()]
    weight[7] = 100 * longest
    packed |= empty_tables(packed, weight, bias)
    fill_tables(packed, dict(zip(FIRST_PROJECTION, np.split(weight, 3), strict=True)))
    highest = max(
        np.abs(packed[f"blocks.layers.0.projected_{name}"]).max() for name in ("words", "positions")
    )
    assert highest == pytest.approx(largest_entry(packed, weight), rel=1e-5)
