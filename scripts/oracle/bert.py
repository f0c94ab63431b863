"""The oracle of BERT sequence classifiers, by the names of Hugging Face's checkpoints.

Source: Devlin et al. 2018 (https://arxiv.org/abs/1810.04805).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.oracle.encoder import Array, Block, Encoder, Tensors, linear, norm


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
        token_types: The type of each token; None: all have type 0.
    """
    return encoder(tensors, config).logits(ids, token_types)


def encoder(tensors: Tensors, config: Mapping[str, Any]) -> Encoder:
    """Returns the encoder that a checkpoint describes."""
    embeddings, epsilon = "bert.embeddings", config.get("layer_norm_eps", 1e-12)

    def block(name: str) -> Block:
        return Block(
            query=linear(tensors, f"{name}.attention.self.query"),
            key=linear(tensors, f"{name}.attention.self.key"),
            value=linear(tensors, f"{name}.attention.self.value"),
            output=linear(tensors, f"{name}.attention.output.dense"),
            attention_norm=norm(tensors, f"{name}.attention.output.LayerNorm", epsilon),
            up=linear(tensors, f"{name}.intermediate.dense"),
            down=linear(tensors, f"{name}.output.dense"),
            output_norm=norm(tensors, f"{name}.output.LayerNorm", epsilon),
            heads=config["num_attention_heads"],
            activation=config.get("hidden_act", "gelu"),
        )

    return Encoder(
        words=tensors[f"{embeddings}.word_embeddings.weight"],
        positions=tensors[f"{embeddings}.position_embeddings.weight"],
        types=tensors[f"{embeddings}.token_type_embeddings.weight"],
        norm=norm(tensors, f"{embeddings}.LayerNorm", epsilon),
        blocks=[block(f"bert.encoder.layer.{i}") for i in range(config["num_hidden_layers"])],
        dense=linear(tensors, "bert.pooler.dense"),
        head_activation="tanh",
        projection=linear(tensors, "classifier"),
    )
