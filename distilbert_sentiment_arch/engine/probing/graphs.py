"""The rungs' graphs of single operations, each with its inputs and what NumPy makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from max.dtype import DType
from max.graph import DeviceRef, Graph, TensorType, TensorValue, ops

from distilbert_sentiment_arch.engine.layers import attention_mask
from distilbert_sentiment_arch.engine.probing import oracles
from distilbert_sentiment_arch.engine.probing.oracles import Doubles, random

TOKENS, DIM, HEADS = 96, 384, 6

_EPSILON = 1e-5


@dataclass(frozen=True)
class Input:
    """An input of a graph.

    Attributes:
        array: Float32 numbers that the dtype of the rung holds, or int64.
        shape: Its shape; a name stands for any length, as most lengths of a served graph do.
    """

    array: npt.NDArray[Any]
    shape: tuple[str | int, ...]


@dataclass(frozen=True)
class Operation:
    """An operation in a graph, with inputs.

    Attributes:
        build: Returns the result, of the inputs; floating ones are in the dtype of the rung.
        inputs: The inputs.
        expected: The result in float64.
        kernels: Directories of Mojo kernels that it calls.
    """

    build: Callable[..., TensorValue]
    inputs: tuple[Input, ...]
    expected: Doubles
    kernels: tuple[Path, ...] = ()

    def graph(self, dtype: DType, device: DeviceRef) -> Graph:
        """Returns the graph: from float32 or int64 to float32, computed in ``dtype``."""
        types = [
            TensorType(DType.from_numpy(each.array.dtype), each.shape, device)
            for each in self.inputs
        ]
        # MAX caches graphs by their content and looks them up by name: all have the same.
        with Graph("rung", input_types=types, custom_extensions=list(self.kernels)) as graph:
            values = [each.tensor for each in graph.inputs]
            cast = [each.cast(dtype) if each.dtype == DType.float32 else each for each in values]
            graph.output(self.build(*cast).cast(DType.float32))
        return graph


Make = Callable[[str], Operation]
"""Returns an operation for a dtype by its name."""


def _wide(array: npt.NDArray[Any]) -> Doubles:
    return array.astype(np.float64)


def _element_wise(dtype: str) -> Operation:
    x, y = (random(TOKENS, DIM, seed=seed, dtype=dtype) for seed in (1, 2))
    return Operation(
        lambda x, y: ops.gelu(x) * y + ops.tanh(y),
        (Input(x, ("tokens", DIM)), Input(y, ("tokens", DIM))),
        oracles.gelu(_wide(x)) * _wide(y) + np.tanh(_wide(y)),
    )


def _reduction(dtype: str) -> Operation:
    x = random(TOKENS, DIM, seed=3, dtype=dtype)
    return Operation(
        lambda x: ops.concat([ops.mean(x), ops.max(x)], axis=-1),
        (Input(x, ("tokens", DIM)),),
        np.stack([_wide(x).mean(-1), _wide(x).max(-1)], axis=-1),
    )


def _transpose(dtype: str) -> Operation:
    x = random(4, TOKENS // 4, HEADS, DIM // HEADS, seed=4, dtype=dtype)
    order = [0, 2, 1, 3]
    return Operation(
        lambda x: ops.permute(x, order),
        (Input(x, ("batch", "tokens", HEADS, DIM // HEADS)),),
        _wide(x).transpose(order),
    )


def _gather(dtype: str) -> Operation:
    table = random(1000, DIM, seed=5, dtype=dtype)
    rows = np.random.default_rng(6).integers(0, len(table), TOKENS)
    return Operation(
        lambda table, rows: ops.gather(table, rows, axis=0),
        (Input(table, table.shape), Input(rows, ("tokens",))),
        _wide(table[rows]),
    )


def _matmul(dtype: str) -> Operation:
    x = random(TOKENS, DIM, seed=7, dtype=dtype)
    weight = random(DIM, 3 * DIM, seed=8, dtype=dtype)
    return Operation(
        lambda x, weight: x @ weight,
        (Input(x, ("tokens", DIM)), Input(weight, weight.shape)),
        _wide(x) @ _wide(weight),
    )


def _layer_norm(dtype: str) -> Operation:
    x = oracles.rounded(3 * random(TOKENS, DIM, seed=9) + 2, dtype)
    gamma = oracles.rounded(np.float32(1) + random(DIM, seed=10) / np.float32(8), dtype)
    beta = random(DIM, seed=11, dtype=dtype)

    def build(*inputs: TensorValue) -> TensorValue:
        # In float32, as the layers of models compute it.
        x, gamma, beta = (each.cast(DType.float32) for each in inputs)
        return ops.layer_norm(x, gamma, beta, _EPSILON).cast(inputs[0].dtype)

    return Operation(
        build,
        (Input(x, ("tokens", DIM)), Input(gamma, (DIM,)), Input(beta, (DIM,))),
        oracles.layer_norm(_wide(x), _wide(gamma), _wide(beta), _EPSILON),
    )


def _softmax(dtype: str) -> Operation:
    x = oracles.rounded(4 * random(TOKENS, DIM, seed=12), dtype)
    return Operation(
        lambda x: ops.softmax(x), (Input(x, ("tokens", DIM)),), oracles.softmax(_wide(x))
    )


def _attention(dtype: str) -> Operation:
    tokens, width = TOKENS // 2, DIM // HEADS
    query, key, value = (
        random(2, HEADS, tokens, width, seed=seed, dtype=dtype) for seed in (13, 14, 15)
    )
    lengths, ids = np.array([tokens, tokens // 3]), np.zeros((2, tokens), np.int64)

    def build(
        query: TensorValue,
        key: TensorValue,
        value: TensorValue,
        lengths: TensorValue,
        ids: TensorValue,
    ) -> TensorValue:
        scores = query / math.sqrt(width) @ key.transpose(2, 3)
        mask = attention_mask(lengths, ids)
        weights = ops.softmax(scores.cast(DType.float32) + mask).cast(query.dtype)
        result: TensorValue = weights @ value
        return result

    heads = ("batch", HEADS, "tokens", width)
    return Operation(
        build,
        (
            *(Input(each, heads) for each in (query, key, value)),
            *(Input(lengths, ("batch",)), Input(ids, ("batch", "tokens"))),
        ),
        oracles.attention(_wide(query), _wide(key), _wide(value), lengths),
    )


OPERATIONS: Mapping[str, Make] = {
    "element-wise": _element_wise,
    "reduction": _reduction,
    "transpose": _transpose,
    "gather": _gather,
    "matmul": _matmul,
    "layer norm": _layer_norm,
    "softmax": _softmax,
    "attention": _attention,
}
"""By the graphs' names in ``probe.rungs``."""
