"""Fixtures: all kernels, each in its own graph with dynamic shapes, compiled together once; and
programs over the kernels of codes, compiled for several instruction sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from code_cases import CASES, Outcome, outcomes
from max.driver import CPU, Buffer
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, Graph, Module, TensorType, ops
from mojo_programs import InstructionSet, Programs

from distilbert_sentiment_arch.engine.activation_ops import ACTIVATION_OPS
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS

Kernel = Callable[..., npt.NDArray[np.float32]]
CodeOutcomes = Callable[[InstructionSet], list[Outcome]]

F32, F16, I64 = DType.float32, DType.float16, DType.int64


def tensor(dtype: DType, *shape: str | int) -> TensorType:
    return TensorType(dtype, shape, DeviceRef.CPU())


HIDDEN, STARTS = tensor(F32, "tokens", "dim"), tensor(I64, "starts")
EPSILON = tensor(F32)  # a number
NORM = [tensor(F32, "dim"), tensor(F32, "dim")]


def layer(dtype: DType, name: str) -> list[TensorType]:
    return [tensor(dtype, f"{name}_panels", "dim", 64), tensor(F32, f"{name}_padded")]


def after_attention(dtype: DType) -> list[TensorType]:
    return [
        tensor(dtype, "output_panels", "dim", 64),
        tensor(dtype, "up_panels", "dim", 64),
        tensor(dtype, "down_panels", "inner", 64),
        tensor(F32, "vectors"),
        EPSILON,
    ]


class Kernels:
    """The kernels by name, as functions of NumPy arrays."""

    def __init__(self) -> None:
        self._module = Module()
        self._add("layer_norm", "encoder.layer_norm", [HIDDEN, *NORM, EPSILON], ("tokens", "dim"))
        self._add(
            "unfold",
            "encoder.unfold",
            [HIDDEN, STARTS],
            ("tokens", "wide"),
            lends=[tensor(F32, "wide")],
        )
        for dtype, bits in ((F32, 32), (F16, 16)):
            linear = [
                *(tensor(F32, "rows", "depth"), tensor(dtype, "panels", "depth", 64)),
                tensor(F32, "padded"),
            ]
            for activation in ("none", "gelu") if dtype == F32 else ("none",):
                self._add(
                    f"linear_{activation}_{bits}",
                    "encoder.linear",
                    linear,
                    ("rows", "columns"),
                    lends=[tensor(F32, "columns")],
                    activation=activation,
                )
        self._add_embed("embed_32", F32, has_types=False)
        self._add_embed("embed_16", F16, has_types=False)
        self._add_embed("embed_types_16", F16, has_types=True)
        for activation in (
            "relu",
            "tanh",
        ):  # activations for which MAX's operation alone is not enough (NaN)
            compute = ACTIVATION_OPS[activation]
            with Graph(
                f"max_{activation}", input_types=[tensor(F32, "rows")], module=self._module
            ) as graph:
                graph.output(compute(graph.inputs[0].tensor))
        # Each block takes as long to compile as a tenth of them all. Those of several heads are
        # post-norm and those of one pre-norm; test_graphs.py has first blocks without types.
        self._add_block("block_3", 3)
        self._add_block("block_1", 1, pre_norm=True)
        self._add_first_block("first_block_3", 3)
        self._add_last_block("last_block_8", 8)
        self._add_last_block("last_block_1", 1, pre_norm=True)
        self._models = InferenceSession(devices=[CPU()]).load_all(
            self._module, custom_extensions=[KERNELS]
        )

    def _add_embed(self, name: str, dtype: DType, *, has_types: bool) -> None:
        tables = [tensor(dtype, "vocabulary", "dim"), tensor(F32, "places", "dim")]
        self._add(
            name,
            "encoder.embed",
            [
                *(tensor(I64, "tokens"), STARTS, tensor(I64, "batch"), *tables),
                *(tensor(F32, "types", "dim"), *NORM, EPSILON),
            ],
            ("tokens", "dim"),
            has_types=has_types,
            has_positions=True,
        )

    def _add_block(self, name: str, heads: int, *, pre_norm: bool = False) -> None:
        """Adds a block with weights in float32; ``wide`` is 3 times ``dim``."""
        self._add(
            name,
            "encoder.block",
            [HIDDEN, HIDDEN, STARTS, *layer(F32, "qkv"), *after_attention(F32)],
            ("tokens", "dim"),
            ("tokens", "wide"),
            ("tokens", "dim"),
            ("tokens", "dim"),
            ("tokens", "inner"),
            lends=[tensor(F32, "wide")],
            biases_at=5,
            heads=heads,
            activation="gelu",
            pre_norm=pre_norm,
            has_biases=False,
        )

    def _add_first_block(self, name: str, heads: int) -> None:
        """Adds a first block with words in float16 and types; ``wide`` is 3 times ``dim``."""
        tables = [
            *(tensor(F16, "vocabulary", "dim"), tensor(F32, "places", "dim")),
            *(tensor(F32, "types", "dim"), *NORM),
            *(tensor(F32, "vocabulary", "wide"), tensor(F32, "places", "wide")),
            *(tensor(F32, "types", "wide"), tensor(F32, "wide")),
        ]
        self._add(
            name,
            "encoder.first_block",
            [tensor(I64, "tokens"), STARTS, tensor(I64, "batch"), *tables, *after_attention(F32)],
            ("tokens", "dim"),
            ("tokens", "dim"),
            ("tokens", "wide"),
            ("tokens", "dim"),
            ("tokens", "dim"),
            ("tokens", "inner"),
            heads=heads,
            activation="gelu",
            has_types=True,
        )

    def _add_last_block(self, name: str, heads: int, *, pre_norm: bool = False) -> None:
        """Adds a last block with weights in float16; ``wide`` is ``heads`` times ``dim``."""
        first = tensor(F32, "batch", "dim")
        self._add(
            name,
            "encoder.last_block",
            [
                *(HIDDEN, first, first, STARTS),
                *(*layer(F16, "query"), tensor(F16, "keys_panels", "dim", 64)),
                *(*layer(F16, "values"), *after_attention(F16)),
            ],
            ("batch", "dim"),
            ("batch", "dim"),
            ("batch", "wide"),
            ("batch", "dim"),
            ("batch", "dim"),
            ("batch", "inner"),
            lends=[tensor(F32, "wide")],
            biases_at=9,
            heads=heads,
            activation="gelu",
            pre_norm=pre_norm,
            has_biases=False,
        )

    def _add(
        self,
        name: str,
        operation: str,
        types: Sequence[TensorType],
        *shapes: tuple[str, str],
        lends: Sequence[TensorType] = (),
        biases_at: int | None = None,
        **parameters: Any,
    ) -> None:
        """Adds a graph.

        Inputs that it ``lends`` only give a dimension its size. Where the operation takes biases of
        scores, ``biases_at`` is their place, and the first input takes it, which is not read.
        """
        with Graph(
            name,
            input_types=[*types, *lends],
            custom_extensions=[KERNELS],
            module=self._module,
        ) as graph:
            values: list[Any] = [each.tensor for each in graph.inputs[: len(types)]]
            if biases_at is not None:
                values.insert(biases_at, values[0])
            results = [tensor(F32, *shape) for shape in shapes]
            result = ops.custom(operation, DeviceRef.CPU(), values, results, parameters)
            graph.output(result[0].tensor)

    def __getitem__(self, name: str) -> Kernel:
        def run(*arrays: npt.NDArray[Any] | float) -> npt.NDArray[np.float32]:
            (result,) = self._models[name].execute(*map(_buffer, arrays))
            found: npt.NDArray[np.float32] = result.to_numpy()
            return found

        return run


def _buffer(array: npt.NDArray[Any] | float) -> Buffer:
    if isinstance(array, float):
        return Buffer.from_numpy(np.array(array, np.float32))
    return Buffer.from_numpy(np.ascontiguousarray(array))


@pytest.fixture(scope="session")
def kernels() -> Kernels:
    return Kernels()


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return Programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def code_outcomes(programs: Programs) -> CodeOutcomes:
    """The outcome of each of ``code_cases.CASES``, computed with some instructions."""
    source = Path(__file__).with_name("code_linear.mojo")
    content = b"".join(each.content() for each in CASES)

    @cache
    def compute(instructions: InstructionSet) -> list[Outcome]:
        return list(outcomes(CASES, programs.run(source, instructions, content)))

    return compute
