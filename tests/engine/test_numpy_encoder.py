"""The encoder in NumPy float32, against the float64 oracle and against the kernels."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.classify.interface import ClassifyRequest
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.engine.numpy_encoder import MOST_TOKENS, grouped, numpy_logits
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts import checkpoints
from scripts.oracle import bert, distilbert
from scripts.oracle import encoder as oracle

TOLERANCE = 1e-4

DISTILBERT: list[dict[str, Any]] = [
    *({"activation": name} for name in ("gelu", "gelu_new", "relu", "silu", "tanh")),
    {"n_layers": 1, "dim": 20, "hidden_dim": 37, "n_heads": 1},
    {"id2label": checkpoints.labels(1), "n_heads": 8},
    {"sinusoidal_pos_embds": True},
]
BERT: list[dict[str, Any]] = [
    {"layer_norm_eps": 1e-5, "id2label": checkpoints.labels(3)},
    {"type_vocab_size": 1},
]


def random_sequences(rows: int, longest: int) -> list[TokenSequence]:
    """Returns sequences of one token and of many, with and without a second text."""
    generator = np.random.default_rng(1)
    lengths = [1, 2, longest, *generator.integers(1, longest, 6).tolist()]
    return [
        TokenSequence(generator.integers(0, rows, length), int(generator.integers(1, length + 1)))
        for length in lengths
    ]


def read(path: Path) -> tuple[EncoderConfig, dict[str, np.ndarray]]:
    from graphs import read_checkpoint

    config, weights = read_checkpoint(path)
    return config, {name: np.from_dlpack(data) for name, data in weights.items()}


@pytest.mark.parametrize("changes", DISTILBERT, ids=str)
def test_distilbert(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = checkpoints.random_config(**changes)
    tensors = checkpoints.random_tensors(config)
    encoder, weights = read(checkpoints.write_checkpoint(tmp_path, config, tensors))
    sequences = random_sequences(99, 40)
    expected = [distilbert.logits(wide(tensors), config, each.ids.tolist()) for each in sequences]
    computed = numpy_logits(weights, encoder, sequences)
    assert computed.dtype == np.float32
    np.testing.assert_allclose(computed, expected, atol=TOLERANCE)


@pytest.mark.parametrize("changes", BERT, ids=str)
def test_bert(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = checkpoints.random_config(checkpoints.BERT, **changes)
    tensors = checkpoints.random_tensors(config)
    encoder, weights = read(checkpoints.write_checkpoint(tmp_path, config, tensors))
    has_types = encoder.type_vocab_size > 1
    sequences = random_sequences(99, 40)
    expected = [
        bert.logits(
            wide(tensors),
            config,
            each.ids.tolist(),
            [int(has_types and place >= each.first_segment) for place in range(len(each))],
        )
        for each in sequences
    ]
    np.testing.assert_allclose(numpy_logits(weights, encoder, sequences), expected, atol=TOLERANCE)


def test_norms_before_attention_and_feed_forward_without_biases() -> None:
    config = EncoderConfig(
        architecture="none",
        hidden_size=24,
        intermediate_size=40,
        num_attention_heads=3,
        num_hidden_layers=2,
        vocab_size=50,
        max_position_embeddings=30,
        head_activation="relu",
        layer_norm_eps=1e-5,
        norm_placement="pre",
        attention_bias=False,
        mlp_bias=False,
        norm_bias=False,
        num_labels=3,
    )
    generator = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return generator.normal(0, columns**-0.5, (rows, columns)).astype(np.float32)

    def gamma() -> np.ndarray:
        return generator.normal(1, 0.1, 24).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": matrix(50, 24),
        "embeddings.position_embeddings.weight": matrix(30, 24),
        "embeddings.layer_norm.weight": gamma(),
        "encoder.final_norm.weight": gamma(),
        "classifier.dense.weight": matrix(24, 24),
        "classifier.projection.weight": matrix(3, 24),
        "classifier.projection.bias": np.arange(3, dtype=np.float32),
    }
    for block in ("encoder.layers.0", "encoder.layers.1"):
        for name in ("query", "key", "value", "output"):
            weights[f"{block}.attention.{name}.weight"] = matrix(24, 24)
        weights[f"{block}.feed_forward.up.weight"] = matrix(40, 24)
        weights[f"{block}.feed_forward.down.weight"] = matrix(24, 40)
        weights[f"{block}.attention_norm.weight"] = gamma()
        weights[f"{block}.output_norm.weight"] = gamma()
    tensors = wide(weights)

    def norm(name: str) -> oracle.Norm:
        return oracle.norm(tensors, name, 1e-5)

    def block(name: str) -> oracle.Block:
        attention = {
            part: oracle.linear(tensors, f"{name}.attention.{part}")
            for part in ("query", "key", "value", "output")
        }
        return oracle.Block(
            **attention,
            attention_norm=norm(f"{name}.attention_norm"),
            up=oracle.linear(tensors, f"{name}.feed_forward.up"),
            down=oracle.linear(tensors, f"{name}.feed_forward.down"),
            output_norm=norm(f"{name}.output_norm"),
            heads=3,
            activation="gelu",
            pre_norm=True,
        )

    encoder = oracle.Encoder(
        words=tensors["embeddings.word_embeddings.weight"],
        positions=tensors["embeddings.position_embeddings.weight"],
        norm=norm("embeddings.layer_norm"),
        blocks=[block("encoder.layers.0"), block("encoder.layers.1")],
        final_norm=norm("encoder.final_norm"),
        dense=oracle.linear(tensors, "classifier.dense"),
        head_activation="relu",
        projection=oracle.linear(tensors, "classifier.projection"),
    )
    sequences = random_sequences(50, 30)
    expected = [encoder.logits(each.ids.tolist()) for each in sequences]
    np.testing.assert_allclose(numpy_logits(weights, config, sequences), expected, atol=TOLERANCE)


def wide(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: tensor.astype(np.float64) for name, tensor in tensors.items()}


@pytest.mark.slow
def test_the_kernels_agree_on_the_embedded_checkpoint(embedded: ModelClassifier) -> None:
    config, weights = read(DEFAULT_DIRECTORY)
    answers = asyncio.run(embedded.classify(ClassifyRequest(SENTENCES))).classifications
    sequences = embedded.tokenizer.tokenize(SENTENCES)
    np.testing.assert_allclose(
        numpy_logits(weights, config, sequences),
        [answer.logits for answer in answers],
        atol=TOLERANCE,
    )


def test_groups_have_a_bounded_number_of_tokens_and_keep_the_order() -> None:
    lengths = [1, 600, 2, 500, 13, 511, 1, 1]
    sequences = [single_segment(np.full(length, length)) for length in lengths]
    groups = list(grouped(sequences))
    assert [len(each) for group in groups for each in group] == lengths
    assert [sum(map(len, group)) for group in groups] == [1, 600, 502, 13, 512, 1]
    assert all(sum(map(len, group)) <= MOST_TOKENS or len(group) == 1 for group in groups)
