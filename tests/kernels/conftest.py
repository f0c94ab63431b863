"""Every kernel in a graph of its own with dynamic shapes, compiled together once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from max.driver import CPU
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, Graph, Module, TensorType, ops

from distilbert_sentiment_arch.engine.layers import ACTIVATIONS as ACTIVATIONS_OF_MAX
from distilbert_sentiment_arch.engine.packed_layers import KERNELS

Kernel = Callable[..., npt.NDArray[np.float32]]

ACTIVATIONS = ("none", "gelu", "gelu_tanh", "relu", "silu", "tanh")
EPSILON = 1e-12
F32, F16, I64 = DType.float32, DType.float16, DType.int64


def tensor(dtype: DType, *shape: str | int) -> TensorType:
    return TensorType(dtype, shape, DeviceRef.CPU())


HIDDEN, STARTS = tensor(F32, "tokens", "dim"), tensor(I64, "starts")


def layer(dtype: DType, name: str, depth: str) -> list[TensorType]:
    return [tensor(dtype, f"{name}_panels", depth, 64), tensor(F32, f"{name}_padded")]


def after_attention(dtype: DType) -> list[TensorType]:
    norm = [tensor(F32, "dim"), tensor(F32, "dim")]
    return [
        *(*layer(dtype, "output", "dim"), *norm),
        *layer(dtype, "up", "dim"),
        *(*layer(dtype, "down", "hidden_dim"), *norm),
    ]


class Kernels:
    """The kernels by name, as functions of NumPy arrays."""

    def __init__(self) -> None:
        self._module = Module()
        norm = [tensor(F32, "columns"), tensor(F32, "columns")]
        rows, bias = tensor(F32, "rows", "depth"), tensor(F32, "padded")
        for dtype, bits in ((F32, 32), (F16, 16)):
            linear = [rows, tensor(dtype, "panels", "depth", 64), bias]
            for activation in ACTIVATIONS if dtype == F32 else ("none",):
                self._add(
                    f"linear_{activation}_{bits}",
                    "distilbert.linear",
                    linear,
                    ("rows", "columns"),
                    lends=[tensor(F32, "columns")],
                    activation=activation,
                )
            words, positions = tensor(dtype, "words", "columns"), tensor(F32, "places", "columns")
            self._add(
                f"embed_{bits}",
                "distilbert.embed",
                [tensor(I64, "tokens"), STARTS, words, positions, *norm],
                ("tokens", "columns"),
                epsilon=True,
            )
        for activation in ("relu", "tanh"):  # those that MAX's operations alone would not do
            compute = ACTIVATIONS_OF_MAX[activation]
            with Graph(
                f"max_{activation}", input_types=[tensor(F32, "rows")], module=self._module
            ) as graph:
                graph.output(compute(graph.inputs[0].tensor))
        for heads in (1, 3):
            self._add_block(heads)
            self._add_first_block(heads)
        for heads in (1, 8):
            self._add_last_block(heads)
        self._models = InferenceSession(devices=[CPU()]).load_all(
            self._module, custom_extensions=[KERNELS]
        )

    def _add_block(self, heads: int) -> None:
        """Adds a block with weights in float32; ``wide`` is 3 times ``dim``."""
        self._add(
            f"block_{heads}_32",
            "distilbert.block",
            [HIDDEN, STARTS, *layer(F32, "rows", "dim"), *after_attention(F32)],
            ("tokens", "dim"),
            ("tokens", "wide"),
            ("tokens", "dim"),
            ("tokens", "dim"),
            ("tokens", "hidden_dim"),
            lends=[tensor(F32, "wide")],
            epsilon=True,
            heads=heads,
            activation="gelu",
        )

    def _add_first_block(self, heads: int) -> None:
        """Adds a first block with words in float16; ``wide`` is 3 times ``dim``."""
        tables = [
            *(tensor(F16, "vocabulary", "dim"), tensor(F32, "places", "dim")),
            *(tensor(F32, "dim"), tensor(F32, "dim")),
            *(tensor(F32, "vocabulary", "wide"), tensor(F32, "places", "wide")),
        ]
        self._add(
            f"first_block_{heads}_32",
            "distilbert.first_block",
            [tensor(I64, "tokens"), STARTS, *tables, tensor(F32, "wide"), *after_attention(F32)],
            ("tokens", "dim"),
            ("tokens", "dim"),
            ("tokens", "wide"),
            ("tokens", "dim"),
            ("tokens", "dim"),
            ("tokens", "hidden_dim"),
            epsilon=True,
            heads=heads,
            activation="gelu",
        )

    def _add_last_block(self, heads: int) -> None:
        """Adds a last block with weights in float16; ``wide`` is ``heads`` times ``dim``."""
        self._add(
            f"last_block_{heads}_16",
            "distilbert.last_block",
            [
                HIDDEN,
                STARTS,
                tensor(F32, "batch", "dim"),
                *layer(F16, "query", "dim"),
                tensor(F16, "keys_panels", "dim", 64),
                *layer(F16, "values", "dim"),
                *after_attention(F16),
            ],
            ("batch", "dim"),
            ("batch", "dim"),
            ("batch", "wide"),
            ("batch", "dim"),
            ("batch", "dim"),
            ("batch", "hidden_dim"),
            lends=[tensor(F32, "wide")],
            epsilon=True,
            heads=heads,
            activation="gelu",
        )

    def _add(
        self,
        name: str,
        operation: str,
        types: Sequence[TensorType],
        *shapes: tuple[str, str],
        lends: Sequence[TensorType] = (),
        epsilon: bool = False,
        **parameters: Any,
    ) -> None:
        """Adds a graph; what it ``lends`` are inputs that only give a dimension its size."""
        with Graph(
            name,
            input_types=[*types, *lends],
            custom_extensions=[KERNELS],
            module=self._module,
        ) as graph:
            values: list[Any] = [each.tensor for each in graph.inputs[: len(types)]]
            if epsilon:
                values.append(ops.constant(EPSILON, F32, DeviceRef.CPU()))
            results = [tensor(F32, *shape) for shape in shapes]
            result = ops.custom(operation, DeviceRef.CPU(), values, results, parameters)
            graph.output(result[0].tensor)

    def __getitem__(self, name: str) -> Kernel:
        def run(*arrays: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            (result,) = self._models[name].execute(*map(np.ascontiguousarray, arrays))
            found: npt.NDArray[np.float32] = result.to_numpy()
            return found

        return run


@pytest.fixture(scope="session")
def kernels() -> Kernels:
    return Kernels()
