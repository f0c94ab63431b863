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
        residual, starts = tensor(F32, "rows", "columns"), tensor(I64, "starts")
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
            self._add(
                f"linear_norm_{bits}",
                "distilbert.linear_norm",
                [*linear, residual, *norm],
                ("rows", "columns"),
                epsilon=True,
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
            self._add(
                f"attention_{heads}",
                "distilbert.attention",
                [tensor(F32, "queries", "wide"), starts, tensor(F32, "tokens", "wider"), starts],
                ("queries", "dim"),
                lends=[tensor(F32, "dim")],
                heads=heads,
            )
        self._models = InferenceSession(devices=[CPU()]).load_all(
            self._module, custom_extensions=[KERNELS]
        )

    def _add(
        self,
        name: str,
        operation: str,
        types: Sequence[TensorType],
        shape: tuple[str, str],
        *,
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
            result = ops.custom(
                operation, DeviceRef.CPU(), values, [tensor(F32, *shape)], parameters
            )
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
