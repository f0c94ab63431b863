"""Floors, against a calculation by hand and against the shapes of a real checkpoint."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.source import DEFAULT_DIRECTORY
from scripts.benchmarking.engines.engine import Batch
from scripts.benchmarking.floors import (
    Peaks,
    floor_ms,
    operations,
    operations_of,
    weight_bytes,
)
from scripts.benchmarking.workloads import Workload, pad

CONFIG = json.loads((DEFAULT_DIRECTORY / "config.json").read_text())


def workload(*lengths: int) -> Workload:
    return Workload("w", "w", [pad([[1] * length for length in lengths])])


def test_weight_bytes_are_those_of_all_matrices_but_the_first_projection() -> None:
    tensors = load_file(DEFAULT_DIRECTORY / "model.safetensors")
    matrices = [
        t.size
        for name, t in tensors.items()
        if t.ndim == 2
        and "embeddings" not in name
        and not any(f"layer.0.attention.{each}_lin" in name for each in "qkv")
    ]
    assert weight_bytes(CONFIG, "float32") == 2 * sum(matrices)  # the file is in float16
    assert weight_bytes(CONFIG, "int8") == sum(matrices)
    without = {name: value for name, value in CONFIG.items() if name != "dtype"}
    assert weight_bytes(without, "float32") == 4 * sum(matrices)


def test_operations_are_only_the_unavoidable_ones() -> None:
    tokens, dim, hidden, layers = 5, CONFIG["dim"], CONFIG["hidden_dim"], CONFIG["n_layers"]
    mixing = [(tokens, dim, tokens), (tokens, tokens, dim)]
    mixing += [(tokens, dim, dim), (tokens, dim, hidden), (tokens, hidden, dim)]
    products = mixing * (layers - 1)
    products += [(tokens, dim, 3 * dim)] * (layers - 2)
    # The last block: one query per sequence; each head averages the hidden states themselves.
    products += [(1, dim, dim)] * 4 + [(1, dim, hidden), (1, hidden, dim)]
    products += [(CONFIG["n_heads"], dim, tokens)] * 2
    products += [(1, dim, dim), (1, dim, 2)]
    counted = sum(2 * a * b * c for a, b, c in products)
    assert operations(CONFIG, workload(tokens)) == counted
    assert operations(CONFIG, workload(5, 9)) == counted + operations(CONFIG, workload(9))


def test_a_gated_block_has_three_matrices_and_a_mean_needs_every_token() -> None:
    tokens, dim, hidden, layers = 7, 8, 12, 3
    encoder = EncoderConfig(
        architecture="none",
        hidden_size=dim,
        intermediate_size=hidden,
        num_attention_heads=2,
        num_hidden_layers=layers,
        vocab_size=9,
        max_position_embeddings=9,
        head_activation="gelu",
        gated_mlp=True,
        pooling="mean",
        num_labels=2,
    )
    mixing = [(tokens, dim, tokens), (tokens, tokens, dim), (tokens, dim, dim)]
    mixing += [(tokens, dim, 2 * hidden), (tokens, hidden, dim)]
    products = mixing * layers + [(tokens, dim, 3 * dim)] * (layers - 1)
    products += [(1, dim, dim), (1, dim, 2)]
    counted = sum(2 * a * b * c for a, b, c in products)
    assert operations_of(encoder, workload(tokens)) == counted


def test_the_floor_is_set_by_memory_for_few_tokens_and_arithmetic_for_many() -> None:
    size = weight_bytes(CONFIG, "float32")
    peaks = Peaks({"float32": {"a": 100.0, "b": 400.0}}, {size: 40.0})
    memory_ms = size / 40e9 * 1000
    assert floor_ms(CONFIG, workload(3), "float32", peaks) == pytest.approx(memory_ms)
    many = workload(*[128] * 32)
    arithmetic_ms = operations(CONFIG, many) / 400e9 * 1000
    assert floor_ms(CONFIG, many, "float32", peaks) == pytest.approx(arithmetic_ms)
    assert floor_ms(CONFIG, many, "bfloat16", peaks) is None
    assert floor_ms(CONFIG, many, "none", peaks) is None


def test_noise_only_lowers_a_peak() -> None:
    first = Peaks({"float32": {"a": 100.0}}, {4: 50.0})
    second = Peaks({"float32": {"a": 80.0}}, {4: 60.0})
    assert first.best(second) == Peaks({"float32": {"a": 100.0}}, {4: 60.0})


def test_padding_is_masked() -> None:
    batch: Batch = pad([[1, 2, 3], [4]])
    assert np.array_equal(batch.mask, [[1, 1, 1], [1, 0, 0]])
