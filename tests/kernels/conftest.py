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

from distilbert_sentiment_arch.packed_distilbert import KERNELS

Kernel = Callable[..., npt.NDArray[np.float32]]

ACTIVATIONS = ("none", "gelu", "gelu_tanh", "relu", "silu", "tanh")
EPSILON = 1e-12
F32, F16, I64 = DType.float32, DType.float16, DType.int64


def tensor(dtype: DType, *shape: str | int) -> TensorType:
    return TensorType(dtype, shape, DeviceRef.CPU())


class Kernels:
    """The kernels by name, as functions of NumPy arrays."""

    def __init__(self) -> None:
        self._module = Module()
        norm = [tensor(F32, "columns"), tensor(F32, "columns")]
        rows, bias = tensor(F32, "rows", "depth"), tensor(F32, "padded")
        starts = tensor(I64, "starts")
        for dtype, bits in ((F32, 32), (F16, 16)):
            linear = [rows, tensor(dtype, "panels", "depth", 64), bias]
            for activation in ACTIVATIONS:
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
                [tensor(I64, "tokens"), starts, words, positions, *norm],
                ("tokens", "columns"),
                epsilon=True,
            )
            for heads in (1, 3):
                self._add_blocks(heads, dtype, bits)
        self._models = InferenceSession(devices=[CPU()]).load_all(
            self._module, custom_extensions=[KERNELS]
        )

    def _add_blocks(self, heads: int, dtype: DType, bits: int) -> None:
        """Adds both kinds of block; ``wide`` and ``wider`` are 3 and 2 times ``dim``."""
        hidden, starts = tensor(F32, "tokens", "dim"), tensor(I64, "starts")
        norm = [tensor(F32, "dim"), tensor(F32, "dim")]

        def linear(name: str, depth: str) -> list[TensorType]:
            return [tensor(dtype, f"{name}_panels", depth, 64), tensor(F32, f"{name}_padded")]

        after = [
            *(*linear("output", "dim"), *norm),
            *linear("up", "dim"),
            *(*linear("down", "hidden_dim"), *norm),
        ]
        self._add(
            f"block_{heads}_{bits}",
            "distilbert.block",
            [hidden, starts, *linear("rows", "dim"), *after],
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
        first = tensor(F32, "batch", "dim")
        self._add(
            f"last_block_{heads}_{bits}",
            "distilbert.last_block",
            [
                hidden,
                starts,
                first,
                starts,
                *linear("query", "dim"),
                *linear("rows", "dim"),
                *after,
            ],
            ("batch", "dim"),
            ("tokens", "wider"),
            ("batch", "dim"),
            ("batch", "dim"),
            ("batch", "dim"),
            ("batch", "hidden_dim"),
            lends=[tensor(F32, "wider")],
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
