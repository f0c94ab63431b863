"""Tensors of a checkpoint as the weights of a graph: renamed, checked, dequantised and cast."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from max.driver import Buffer
from max.dtype import DType
from max.graph.weights import WeightData, Weights

from distilbert_sentiment_arch.checkpoint.quantization import dequantize_rows
from distilbert_sentiment_arch.checkpoint.quantized_tensors import (
    INTEGERS,
    SCALES,
    check_scales,
    scale_names,
)
from distilbert_sentiment_arch.checkpoint.tensor_specs import (
    TensorSpec,
    canonical_name,
    check_shapes,
    not_finite,
    without_dropped,
)
from distilbert_sentiment_arch.checkpoint.tensor_values import DtypeAndShape
from distilbert_sentiment_arch.errors import TensorError

_SOURCE = "checkpoint"

_DTYPES = {
    DType.float64: "F64",
    DType.float32: SCALES,
    DType.float16: "F16",
    DType.bfloat16: "BF16",
    DType.int8: INTEGERS,
}
"""Dtypes of a checkpoint's tensors, as safetensors spells them."""


def convert(
    state_dict: Mapping[str, Weights],
    specs: Mapping[str, TensorSpec],
    architecture: str,
    dtype: DType,
    dropped: tuple[str, ...] = (),
) -> dict[str, WeightData]:
    """Renames, checks and casts a checkpoint for the graph.

    Args:
        state_dict: The checkpoint, by checkpoint name, any floating dtype, or int8 with scales.
        specs: What there has to be, by checkpoint name.
        architecture: For messages.
        dtype: What the graph computes in.
        dropped: See ``Family``.

    Returns:
        The weights of the graph, by graph name, in ``dtype``.

    Raises:
        TensorError: A tensor is missing, unknown or misshapen, holds NaN or infinity, or is
            quantised and its scales are missing or wrong.
    """
    needed = without_dropped(state_dict, dropped, specs)
    data = {name: weights.data() for name, weights in needed.items()}
    tensors = {name: _dtype_and_shape(value) for name, value in data.items()}
    scales = scale_names(tensors, _SOURCE)
    for scale in scales.values():
        del tensors[scale]
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    check_shapes(shapes, specs, architecture, _SOURCE)

    converted: dict[str, WeightData] = {}
    for name in tensors:
        canonical = canonical_name(name)
        if canonical is None:
            continue
        spec = specs[canonical]
        graph_name = spec.graph_name
        if name in scales:
            wide = _dequantized(data[name], data[scales[name]], scales[name])
        elif data[name].dtype in _DTYPES:
            wide = data[name].astype(DType.float32)
        else:
            raise TensorError(
                f"{_SOURCE}: tensor '{name}' has dtype {data[name].dtype.name}; supported: "
                f"{', '.join(_DTYPES.values())}. Save the checkpoint unquantised."
            )
        array = np.from_dlpack(wide)
        if not np.isfinite(array).all():
            raise not_finite(_SOURCE, name, graph_name)
        if spec.skipped_rows or not array.flags.aligned:
            # A header of odd length leaves a mapped file's tensors so, and the graph refuses them.
            wide = WeightData.from_numpy(array[spec.skipped_rows :].copy(), graph_name)
        converted[graph_name] = wide.astype(dtype)
    for spec in specs.values():
        if spec.graph_name not in converted:
            assert spec.compute is not None  # check_shapes has seen to it
            computed = WeightData.from_numpy(spec.compute(), spec.graph_name)
            converted[spec.graph_name] = computed.astype(dtype)
    return converted


def is_quantized(state_dict: Mapping[str, Weights]) -> bool:
    """Whether ``max-sentiment quantize`` wrote a checkpoint."""
    return any(weights.data().dtype == DType.int8 for weights in state_dict.values())


def bytes_of(state_dict: Mapping[str, Weights]) -> dict[str, npt.NDArray[np.uint8]]:
    """Returns the bytes of each tensor of a checkpoint, by its name, dtype and shape."""
    found = {}
    for name, weights in state_dict.items():
        value = weights.data()
        tensor = _dtype_and_shape(value)
        buffer = value.data if isinstance(value.data, Buffer) else Buffer.from_dlpack(value.data)
        size = buffer.num_elements * value.dtype.size_in_bytes
        flat = np.from_dlpack(buffer.view(DType.uint8, [size]))
        found[f"{name} {tensor.dtype} {tensor.shape}"] = np.asarray(flat, np.uint8)
    return found


def _dtype_and_shape(value: WeightData) -> DtypeAndShape:
    shape = tuple(int(axis) for axis in value.shape)
    return DtypeAndShape(_DTYPES.get(value.dtype, value.dtype.name), shape)


def _dequantized(values: WeightData, scales: WeightData, name: str) -> WeightData:
    """Returns quantised values in float32, once their scales are checked."""
    # A copy: those of a mapped file may be unaligned.
    steps = np.array(np.from_dlpack(scales), np.float32)
    check_scales(steps, name, _SOURCE)
    integers = np.asarray(np.from_dlpack(values), np.int8)
    return WeightData.from_numpy(dequantize_rows(integers, steps), values.name)
