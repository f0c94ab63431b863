"""DistilBERT sequence classifiers: Hugging Face safetensors -> ``distilbert_sentiment_arch.engine.layers``.

checkpoint                                                            graph
--------------------------------------------------------------------  --------------------------------------------
distilbert.embeddings.word_embeddings.weight                          embeddings.word_embeddings.weight
distilbert.embeddings.position_embeddings.weight                      embeddings.position_embeddings.weight
distilbert.embeddings.LayerNorm.{weight,bias}                         embeddings.layer_norm.{weight,bias}
distilbert.transformer.layer.{i}.attention.q_lin.{weight,bias}        encoder.layers.{i}.attention.query.{weight,bias}
distilbert.transformer.layer.{i}.attention.k_lin.{weight,bias}        encoder.layers.{i}.attention.key.{weight,bias}
distilbert.transformer.layer.{i}.attention.v_lin.{weight,bias}        encoder.layers.{i}.attention.value.{weight,bias}
distilbert.transformer.layer.{i}.attention.out_lin.{weight,bias}      encoder.layers.{i}.attention.output.{weight,bias}
distilbert.transformer.layer.{i}.sa_layer_norm.{weight,bias}          encoder.layers.{i}.attention_norm.{weight,bias}
distilbert.transformer.layer.{i}.ffn.lin1.{weight,bias}               encoder.layers.{i}.feed_forward.up.{weight,bias}
distilbert.transformer.layer.{i}.ffn.lin2.{weight,bias}               encoder.layers.{i}.feed_forward.down.{weight,bias}
distilbert.transformer.layer.{i}.output_layer_norm.{weight,bias}      encoder.layers.{i}.output_norm.{weight,bias}
pre_classifier.{weight,bias}                                          classifier.pre_classifier.{weight,bias}
classifier.{weight,bias}                                              classifier.projection.{weight,bias}

Transforms, all of them: layer norms saved as ``.gamma``/``.beta`` (TensorFlow exports) are read as
``.weight``/``.bias``; ``*.position_ids`` buffers are dropped; sinusoidal positions that a checkpoint
leaves out are computed; every tensor is cast to the dtype of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.errors import TensorError
from distilbert_sentiment_arch.messages import shown

if TYPE_CHECKING:
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

    from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig

POSITIONS = "distilbert.embeddings.position_embeddings.weight"

_EMBEDDINGS = (
    ("distilbert.embeddings.word_embeddings", "embeddings.word_embeddings"),
    ("distilbert.embeddings.position_embeddings", "embeddings.position_embeddings"),
)
_EMBEDDINGS_NORM = ("distilbert.embeddings.LayerNorm", "embeddings.layer_norm")
_BLOCK = (
    # checkpoint, graph, (rows, columns); a layer norm has one axis
    ("attention.q_lin", "attention.query", ("dim", "dim")),
    ("attention.k_lin", "attention.key", ("dim", "dim")),
    ("attention.v_lin", "attention.value", ("dim", "dim")),
    ("attention.out_lin", "attention.output", ("dim", "dim")),
    ("sa_layer_norm", "attention_norm", ("dim",)),
    ("ffn.lin1", "feed_forward.up", ("hidden_dim", "dim")),
    ("ffn.lin2", "feed_forward.down", ("dim", "hidden_dim")),
    ("output_layer_norm", "output_norm", ("dim",)),
)
_HEAD = (
    ("pre_classifier", "classifier.pre_classifier", ("dim", "dim")),
    ("classifier", "classifier.projection", ("num_labels", "dim")),
)


@dataclass(frozen=True)
class TensorSpec:
    """A tensor the graph needs: its name in the graph and its shape."""

    graph_name: str
    shape: tuple[int, ...]


def tensor_specs(config: HFConfig) -> dict[str, TensorSpec]:
    """Returns every tensor a checkpoint of this configuration holds, by checkpoint name."""
    specs: dict[str, TensorSpec] = {}

    def add(checkpoint: str, graph: str, axes: tuple[str, ...]) -> None:
        shape = tuple(int(getattr(config, axis)) for axis in axes)
        specs[f"{checkpoint}.weight"] = TensorSpec(f"{graph}.weight", shape)
        specs[f"{checkpoint}.bias"] = TensorSpec(f"{graph}.bias", shape[:1])

    for (checkpoint, graph), rows in zip(
        _EMBEDDINGS, (config.vocab_size, config.max_position_embeddings), strict=True
    ):
        specs[f"{checkpoint}.weight"] = TensorSpec(f"{graph}.weight", (rows, config.dim))
    add(*_EMBEDDINGS_NORM, ("dim",))
    for layer in range(config.n_layers):
        for checkpoint, graph, axes in _BLOCK:
            add(
                f"distilbert.transformer.layer.{layer}.{checkpoint}",
                f"encoder.layers.{layer}.{graph}",
                axes,
            )
    for checkpoint, graph, axes in _HEAD:
        add(checkpoint, graph, axes)
    return specs


def canonical_name(name: str) -> str | None:
    """Returns the name a tensor goes by today, or None for a buffer that carries no weights."""
    if name.endswith(".position_ids"):
        return None
    return (
        name.removesuffix(".gamma") + ".weight"
        if name.endswith(".gamma")
        else (name.removesuffix(".beta") + ".bias" if name.endswith(".beta") else name)
    )


def check_shapes(shapes: Mapping[str, tuple[int, ...]], config: HFConfig, source: str) -> None:
    """Holds what a checkpoint contains against what its configuration promises.

    Args:
        shapes: Shape of each tensor, by the name in the file.
        config: The checkpoint's configuration.
        source: The file or directory, for messages.

    Raises:
        TensorError: A tensor is missing, unknown or of another shape.
    """
    specs = tensor_specs(config)
    found = {
        canonical: (name, shape)
        for name, shape in shapes.items()
        if (canonical := canonical_name(name)) is not None
    }
    weights = sum(canonical_name(name) is not None for name in shapes)
    if weights != len(found):
        raise TensorError(
            f"{source}: a tensor stands under two names, gamma or beta being one of them. Export "
            "the checkpoint again."
        )
    missing = [name for name in specs if name not in found]
    if config.sinusoidal_pos_embds and POSITIONS in missing:
        missing.remove(POSITIONS)
    if missing:
        raise TensorError(
            f"{source}: {_both_names(missing[0], specs)} is missing{_others(missing)}. "
            "Save the whole DistilBertForSequenceClassification, classifier included, or correct "
            "n_layers in config.json."
        )
    unknown = [found[name][0] for name in found if name not in specs]
    if unknown:
        raise TensorError(
            f"{source}: tensor {shown(unknown[0])} has no place in the graph{_others(unknown)}. Remove "
            "it from the file, or correct n_layers and architectures in config.json."
        )
    for name, (_, shape) in found.items():
        spec = specs[name]
        if shape != spec.shape:
            raise TensorError(
                f"{source}: {_both_names(name, specs)} has shape {shown(list(shape))} and config.json "
                f"promises {list(spec.shape)}.{_shape_remedy(name)}"
            )


def _both_names(name: str, specs: Mapping[str, TensorSpec]) -> str:
    return f"tensor '{name}' (graph weight '{specs[name].graph_name}')"


def _others(names: list[str]) -> str:
    return f", and {len(names) - 1} more" if len(names) > 1 else ""


def _shape_remedy(name: str) -> str:
    if name.startswith("classifier."):
        return " id2label names one label a row of the classifier: make the two agree."
    return " Correct whichever is wrong; both come from the same training run."


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: HFConfig, dtype: DType
) -> dict[str, WeightData]:
    """Renames, checks and casts a checkpoint for the graph.

    Args:
        state_dict: The checkpoint, by checkpoint name, any floating dtype.
        config: The checkpoint's configuration.
        dtype: What the graph computes in.

    Returns:
        The weights of the graph, by graph name, in ``dtype``.

    Raises:
        TensorError: A tensor is missing, unknown or misshapen, or holds NaN or infinity.
    """
    from max.dtype import DType
    from max.graph.weights import WeightData

    data = {name: weights.data() for name, weights in state_dict.items()}
    shapes = {name: tuple(int(axis) for axis in value.shape) for name, value in data.items()}
    check_shapes(shapes, config, "checkpoint")

    specs = tensor_specs(config)
    converted: dict[str, WeightData] = {}
    for name, value in data.items():
        canonical = canonical_name(name)
        if canonical is None:
            continue
        graph_name = specs[canonical].graph_name
        wide = value.astype(DType.float32)
        array = np.from_dlpack(wide)
        if not np.isfinite(array).all():
            raise not_finite("checkpoint", name, graph_name)
        if not array.flags.aligned:
            # A header of odd length leaves a mapped file's tensors so, and the graph refuses them.
            wide = WeightData.from_numpy(array.copy(), graph_name)
        converted[graph_name] = wide.astype(dtype)
    if POSITIONS not in map(canonical_name, data):
        positions = sinusoidal_positions(config.max_position_embeddings, config.dim)
        graph_name = specs[POSITIONS].graph_name
        converted[graph_name] = WeightData.from_numpy(positions, graph_name).astype(dtype)
    return converted


def not_finite(source: str, name: str, graph_name: str) -> TensorError:
    """Returns the error for a tensor that holds NaN or infinity."""
    return TensorError(
        f"{source}: tensor '{name}' (graph weight '{graph_name}') holds NaN or infinity, so every "
        "answer would be meaningless. Export the checkpoint again."
    )


def sinusoidal_positions(positions: int, dim: int) -> npt.NDArray[np.float32]:
    """Returns the position table of Vaswani et al. 2017 as Hugging Face's DistilBERT fills it.

    Returns:
        Shape ``(positions, dim)``: sines in the even columns, cosines in the odd ones.
    """
    frequencies = np.power(10000.0, 2 * np.arange((dim + 1) // 2) / dim)
    angles = np.arange(positions)[:, None] / frequencies
    table = np.empty((positions, dim), np.float32)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : dim // 2])
    return table
