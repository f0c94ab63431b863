"""Times the parts of the packed graph, which our kernels compute, one by one.

The linear layers of a block are timed as separate operations; the rest of the blocks' time is
embeddings, attention, norms and waiting in between.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from max.driver import CPU, Buffer
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, TensorType, TensorValue
from max.graph import Module as GraphModule
from max.nn.layer import Module
from max.pipelines.lib.graph_specs import GraphSpec

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.engine.first_block_tables import has_tables
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
from distilbert_sentiment_arch.engine.packed_blocks import FirstBlock, LastBlock, TransformerBlock
from distilbert_sentiment_arch.engine.packed_embeddings import Embeddings
from distilbert_sentiment_arch.engine.packed_linear import Linear
from distilbert_sentiment_arch.engine.packed_weights import pack
from distilbert_sentiment_arch.engine.panels import Packed, whole_panels
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.max_operators import median_ms

CPU_DEVICE = DeviceRef.CPU()


class _Part(Module):
    """A part whose weight names have a prefix, so that several fit into one registry."""

    def __init__(self, name: str, part: Module) -> None:
        super().__init__()
        setattr(self, name, part)
        self._name = name

    def __call__(self, *inputs: TensorValue) -> TensorValue:
        found: TensorValue = getattr(self, self._name)(*inputs)
        return found


class _First(Module):
    """The first block with the embeddings that are its input."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        self.embeddings = Embeddings(config, weights)
        self.block = FirstBlock(config, weights)

    def __call__(
        self,
        input_ids: TensorValue,
        starts: TensorValue,
        first_segments: TensorValue | None = None,
    ) -> TensorValue:
        return self.block(self.embeddings, input_ids, starts, first_segments)


def time_kernels(checkpoint: Path, batch: int, tokens: int) -> dict[str, float]:
    """Returns the milliseconds of all parts of a kind in one pass, by kind.

    Args:
        checkpoint: Directory of the checkpoint; only its shapes matter here.
        batch: Sequences.
        tokens: Tokens of each sequence.

    Raises:
        ValueError: The first block has no tables, see ``packed_weights.has_tables``.
    """
    found_config = read_config_file(checkpoint, FAMILIES)
    config, family = found_config.encoder, found_config.family
    if not has_tables(config):
        raise ValueError(f"{checkpoint}: only encoders whose first block has tables are profiled")
    middle = config.num_hidden_layers - 2  # blocks that are neither the first nor the last one
    config = replace(config, num_hidden_layers=max(3, config.num_hidden_layers))
    weights = _weights(config, family)
    dim, inner_dim = config.hidden_size, config.intermediate_size
    ids = TensorType(DType.int64, ["tokens"], CPU_DEVICE)
    starts = TensorType(DType.int64, ["starts"], CPU_DEVICE)
    hidden = TensorType(DType.float32, ["tokens", dim], CPU_DEVICE)
    inner = TensorType(DType.float32, ["tokens", inner_dim], CPU_DEVICE)
    first = TensorType(DType.float32, ["batch", dim], CPU_DEVICE)

    def linear(name: str, columns: int, activation: str = "none") -> Linear:
        # A block's biases are stored elsewhere; the separate layer gets a bias of zeros.
        layer: Packed = {
            "layer.panels": weights[f"blocks.layers.1.{name}_panels"],
            "layer.bias": whole_panels(np.zeros(columns, np.float32)),
        }
        return Linear(layer, "layer", columns, activation)

    layers: dict[str, tuple[Module, int, list[TensorType]]] = {
        "queries_keys_values": (linear("query_key_value", 3 * dim), middle, [hidden]),
        "attention_output": (linear("output", dim), middle + 1, [hidden]),
        "feed_forward_up_and_activation": (
            linear("up", inner_dim, config.hidden_act),
            middle + 1,
            [hidden],
        ),
        "feed_forward_down": (linear("down", dim), middle + 1, [inner]),
    }
    segments = [TensorType(DType.int64, ["batch"], CPU_DEVICE)] if config.has_token_types else []
    parts = layers | {
        "first_block": (_First(config, weights), 1, [ids, starts, *segments]),
        "blocks": (TransformerBlock(config, weights, 1), middle, [hidden, starts]),
        "last_block": (LastBlock(config, weights, middle + 1), 1, [hidden, starts]),
        "head": (Linear(weights, "classifier.dense", dim, config.head_activation), 1, [first]),
    }
    artifact, registry = GraphModule(), dict[str, Any]()
    for name, (module, _, types) in parts.items():
        part = _Part(name, module)
        part.load_state_dict(
            {
                key: np.full([int(size) for size in weight.shape], 0.01, weight.dtype.to_numpy())
                for key, weight in part.raw_state_dict().items()
            }
        )
        GraphSpec(part, name, types, custom_extensions=[KERNELS]).trace(artifact)
        registry |= part.state_dict()
    models = InferenceSession(devices=[CPU()]).load_all(
        artifact, weights_registry=registry, custom_extensions=[KERNELS]
    )
    sizes = {"tokens": batch * tokens, "starts": batch + 1, "batch": batch}
    found = {
        name: count * median_ms(models[name], [_input(each, sizes, tokens) for each in types])
        for name, (_, count, types) in parts.items()
    }
    rest = found.pop("first_block") + found.pop("blocks") - sum(found[name] for name in layers)
    found["embeddings_attention_norms_and_waits"] = max(0.0, rest)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _weights(config: EncoderConfig, family: Family) -> Packed:
    """Returns weights of the right shapes, in float16 as the embedded checkpoint's."""
    ones = {
        spec.graph_name: np.ones(spec.shape, np.float32)
        for spec in family.tensor_specs(config).values()
    }
    return pack(ones, config)


def _input(kind: TensorType, sizes: dict[str, int], tokens: int) -> Buffer:
    shape = [sizes[str(size)] if str(size) in sizes else int(size) for size in kind.shape]
    if kind.dtype == DType.float32:
        return Buffer.from_numpy(np.full(shape, 0.5, dtype=np.float32))
    if str(kind.shape[0]) == "starts":
        return Buffer.from_numpy(np.arange(shape[0], dtype=np.int64) * tokens)
    # Token ids, or the number of tokens of type 0 in each sequence, which is at least 1.
    return Buffer.from_numpy(np.full(shape, min(7, tokens), dtype=np.int64))
