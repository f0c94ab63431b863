"""Random encoders whose oracles compute in float64: options of DistilBERT, and of no family.

The last one normalises before attention and feed-forward and has no biases.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from scripts import checkpoints
from scripts.oracle import distilbert
from scripts.oracle import encoder as oracle

if TYPE_CHECKING:
    from graphs import Weights

# Few widths, and as many labels as columns: MAX takes seconds to compile a product of each shape.
# tests/kernels has more.
LABELS = 32

ODD_WIDTHS = "DistilBERT, one head, one layer, silu, odd widths"

DISTILBERT: dict[str, dict[str, Any]] = {
    "DistilBERT, one label, learned positions, 512 of them": {
        "hidden_dim": 32,
        "id2label": checkpoints.labels(1),
        "max_position_embeddings": 512,
    },
    ODD_WIDTHS: {
        "activation": "silu",
        "dim": 20,
        "hidden_dim": 37,
        "n_heads": 1,
        "n_layers": 1,
        "vocab_size": 101,
    },
    "DistilBERT, eight heads, tanh, sinusoidal positions left out of the file": {
        "activation": "tanh",
        "hidden_dim": 32,
        "id2label": checkpoints.labels(LABELS),
        "n_heads": 8,
        "sinusoidal_pos_embds": True,
    },
}
PRE_NORM = "norms before attention and feed-forward, no biases, two token types"
CASES = (*DISTILBERT, PRE_NORM)

FEWER_SHAPES = {
    ODD_WIDTHS: {
        "dim": 32,
        "hidden_dim": 32,
        "id2label": checkpoints.labels(LABELS),
        "n_heads": 8,
    }
}
"""What MAX's own operations are compiled with in place of a case's: each product of another shape
is a kernel more, which takes long to compile. Our kernels are the same for any shape."""

Draft = tuple[EncoderConfig, "Weights", oracle.Encoder]


def of_distilbert(directory: Path, index: int, changes: dict[str, Any]) -> Draft:
    """Writes a random checkpoint and reads it as the server does."""
    from graphs import read_checkpoint

    config = checkpoints.random_config(checkpoints.DISTILBERT, **changes)
    tensors = checkpoints.random_tensors(config, index)
    path = checkpoints.write_checkpoint(directory / str(index), config, tensors)
    # One file as current versions of the library write it, one as old versions did, or shards.
    if index % 3 == 2:
        (path / "model.safetensors").unlink()
        checkpoints.save_shards(path, tensors, 3)
    else:
        checkpoints.save_safetensors(path / "model.safetensors", tensors, aligned=index % 3 == 0)
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    return (*read_checkpoint(path), distilbert.encoder(wide, config))


def with_norms_before() -> Draft:
    """Returns random weights, by their names in the graph, of an encoder that no family has."""
    dim, epsilon = 32, 1e-5
    config = EncoderConfig(
        architecture="none",
        hidden_size=dim,
        intermediate_size=dim,
        num_attention_heads=4,
        num_hidden_layers=2,
        vocab_size=99,
        max_position_embeddings=40,
        type_vocab_size=2,
        hidden_act="gelu",
        head_activation="tanh",
        layer_norm_eps=epsilon,
        norm_placement="pre",
        attention_bias=False,
        mlp_bias=False,
        norm_bias=False,
        num_labels=LABELS,
    )
    generator = np.random.default_rng(50)
    weights: dict[str, np.ndarray] = {}

    def matrix(name: str, rows: int = dim) -> np.ndarray:
        drawn = generator.normal(0, dim**-0.5, (rows, dim)).astype(np.float32)
        weights[f"{name}.weight"] = drawn
        return drawn.astype(np.float64)

    def bias(name: str, rows: int) -> np.ndarray:
        weights[f"{name}.bias"] = generator.normal(0, 0.1, rows).astype(np.float32)
        return weights[f"{name}.bias"].astype(np.float64)

    def norm(name: str) -> oracle.Norm:
        weights[f"{name}.weight"] = generator.normal(1, 0.1, dim).astype(np.float32)
        return oracle.Norm(weights[f"{name}.weight"].astype(np.float64), 0.0, epsilon)

    def linear(name: str) -> oracle.Linear:
        return oracle.Linear(matrix(name))

    def block(name: str) -> oracle.Block:
        return oracle.Block(
            query=linear(f"{name}.attention.query"),
            key=linear(f"{name}.attention.key"),
            value=linear(f"{name}.attention.value"),
            output=linear(f"{name}.attention.output"),
            attention_norm=norm(f"{name}.attention_norm"),
            up=linear(f"{name}.feed_forward.up"),
            down=linear(f"{name}.feed_forward.down"),
            output_norm=norm(f"{name}.output_norm"),
            heads=4,
            activation="gelu",
            pre_norm=True,
        )

    def biased(name: str, rows: int) -> oracle.Linear:
        return oracle.Linear(matrix(name, rows), bias(name, rows))

    expected = oracle.Encoder(
        words=matrix("embeddings.word_embeddings", 99),
        positions=matrix("embeddings.position_embeddings", 40),
        types=matrix("embeddings.token_type_embeddings", 2),
        norm=norm("embeddings.layer_norm"),
        blocks=[block(f"encoder.layers.{index}") for index in range(2)],
        final_norm=norm("encoder.final_norm"),
        dense=biased("classifier.dense", dim),
        head_activation="tanh",
        projection=biased("classifier.projection", LABELS),
    )
    return config, weights, expected


def drafts(directory: Path, *, packed: bool) -> dict[str, Draft]:
    """Returns what each of ``CASES`` is compiled from, for our kernels or MAX's operations."""
    others = {} if packed else FEWER_SHAPES
    found = {
        name: of_distilbert(directory, index, each | others.get(name, {}))
        for index, (name, each) in enumerate(DISTILBERT.items())
    }
    return found | {PRE_NORM: with_norms_before()}
