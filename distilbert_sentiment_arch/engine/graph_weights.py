"""Tensors of a checkpoint as the weights of a graph: renamed, checked and cast."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from max.dtype import DType
from max.graph.weights import WeightData, Weights

from distilbert_sentiment_arch.checkpoint.tensor_specs import (
    TensorSpec,
    canonical_name,
    check_shapes,
    not_finite,
)


def convert(
    state_dict: Mapping[str, Weights],
    specs: Mapping[str, TensorSpec],
    architecture: str,
    dtype: DType,
) -> dict[str, WeightData]:
    """Renames, checks and casts a checkpoint for the graph.

    Args:
        state_dict: The checkpoint, by checkpoint name, any floating dtype.
        specs: What there has to be, by checkpoint name.
        architecture: For messages.
        dtype: What the graph computes in.

    Returns:
        The weights of the graph, by graph name, in ``dtype``.

    Raises:
        TensorError: A tensor is missing, unknown or misshapen, or holds NaN or infinity.
    """
    data = {name: weights.data() for name, weights in state_dict.items()}
    shapes = {name: tuple(int(axis) for axis in value.shape) for name, value in data.items()}
    check_shapes(shapes, specs, architecture, "checkpoint")

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
    for spec in specs.values():
        if spec.graph_name not in converted:
            assert spec.compute is not None  # check_shapes has seen to it
            computed = WeightData.from_numpy(spec.compute(), spec.graph_name)
            converted[spec.graph_name] = computed.astype(dtype)
    return converted
