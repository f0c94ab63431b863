"""The oracle of DistilBERT sequence classifiers, by the names of Hugging Face's checkpoints.

Source: Sanh et al. 2019 (https://arxiv.org/abs/1910.01108).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scripts.oracle.encoder import Array, Block, Encoder, Tensors, linear, norm

EPSILON = 1e-12


def logits(
    tensors: Tensors,
    config: Mapping[str, Any],
    ids: Sequence[int],
    token_types: Sequence[int] | None = None,
) -> Array:
    """Returns the logits of one sequence, shape (num_labels,).

    Args:
        tensors: The checkpoint's tensors.
        config: Its ``config.json``.
        ids: Tokens of the sequence.
        token_types: Ignored: DistilBERT has no token types.
    """
    del token_types
    return encoder(tensors, config).logits(ids)


def encoder(tensors: Tensors, config: Mapping[str, Any]) -> Encoder:
    """Returns the encoder that a checkpoint describes."""
    embeddings = "distilbert.embeddings"
    positions = tensors.get(f"{embeddings}.position_embeddings.weight")
    if positions is None:
        positions = sinusoids(config["max_position_embeddings"], config["dim"])

    def block(name: str) -> Block:
        return Block(
            query=linear(tensors, f"{name}.attention.q_lin"),
            key=linear(tensors, f"{name}.attention.k_lin"),
            value=linear(tensors, f"{name}.attention.v_lin"),
            output=linear(tensors, f"{name}.attention.out_lin"),
            attention_norm=norm(tensors, f"{name}.sa_layer_norm", EPSILON),
            up=linear(tensors, f"{name}.ffn.lin1"),
            down=linear(tensors, f"{name}.ffn.lin2"),
            output_norm=norm(tensors, f"{name}.output_layer_norm", EPSILON),
            heads=config["n_heads"],
            activation=config["activation"],
        )

    return Encoder(
        words=tensors[f"{embeddings}.word_embeddings.weight"],
        positions=positions,
        norm=norm(tensors, f"{embeddings}.LayerNorm", EPSILON),
        blocks=[block(f"distilbert.transformer.layer.{i}") for i in range(config["n_layers"])],
        dense=linear(tensors, "pre_classifier"),
        head_activation="relu",
        projection=linear(tensors, "classifier"),
    )


def sinusoids(positions: int, dim: int) -> Array:
    """Returns the sinusoidal position table, shape (positions, dim), element by element."""
    table = np.zeros((positions, dim))
    for position in range(positions):
        for column in range(dim):
            angle = position / 10000 ** (2 * (column // 2) / dim)
            table[position, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return table
