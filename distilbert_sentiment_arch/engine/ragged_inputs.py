"""Inputs of a ragged graph: tokens of all sequences one behind the other, without padding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from max.dtype import DType
from max.graph import DeviceRef, TensorType

from distilbert_sentiment_arch.engine.inputs import EncoderInputs

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class RaggedInput:
    """One input of a ragged graph.

    Attributes:
        name: Its name.
        dtype: Its dtype, of graph and array.
        shape: Its dimensions by name; inputs that share a name are equally long.
        compute: Returns the array of a batch.
        on_host: It stays in the host's memory, where a kernel is launched from.
    """

    name: str
    dtype: DType
    shape: tuple[str | int, ...]
    compute: Callable[[EncoderInputs], Array]
    on_host: bool = False


def _lengths(inputs: EncoderInputs) -> npt.NDArray[np.int64]:
    return np.diff(inputs.starts)


def _rows(inputs: EncoderInputs) -> npt.NDArray[np.int64]:
    """Returns the sequence of each token."""
    return np.repeat(np.arange(len(inputs.starts) - 1), _lengths(inputs))


def _positions(inputs: EncoderInputs) -> npt.NDArray[np.int64]:
    return np.arange(len(inputs.input_ids)) - inputs.starts[_rows(inputs)]


def _types(inputs: EncoderInputs) -> npt.NDArray[np.int64]:
    second = _positions(inputs) >= inputs.first_segments[_rows(inputs)]
    return second.astype(np.int64)


def _longest(inputs: EncoderInputs) -> npt.NDArray[np.uint32]:
    longest: npt.NDArray[np.uint32] = _lengths(inputs).max(keepdims=True).astype(np.uint32)
    return longest


def _slots(inputs: EncoderInputs) -> npt.NDArray[np.int64]:
    lengths = _lengths(inputs)
    columns = np.arange(lengths.max())
    inside = columns < lengths[:, np.newaxis]
    # A slot of padding reads the first token of its row: any number there is, and a finite one.
    return np.where(inside, columns, 0) + inputs.starts[:-1, np.newaxis]


def _places(inputs: EncoderInputs) -> npt.NDArray[np.int64]:
    return _rows(inputs) * int(_lengths(inputs).max()) + _positions(inputs)


@dataclass(frozen=True)
class RaggedLayout:
    """What a ragged graph takes, in order.

    ``input_ids`` and ``positions``: int64 ``(tokens,)``.
    ``first_tokens``: int64 ``(batch,)``, the place of each sequence's first token.
    ``types``: int64 ``(tokens,)``.
    ``offsets``: uint32 ``(batch + 1,)``, where each sequence starts and where the last one ends.
    ``longest``: uint32 ``(1,)``, in the host's memory, tokens of the longest sequence.
    ``slots``: int64 ``(batch, longest)``, for each slot of a padded batch the token in it.
    ``places``: int64 ``(tokens,)``, for each token its slot, counted through all rows.
    ``lengths``: int64 ``(batch,)``.

    Attributes:
        types: The graph takes ``types``.
        offsets: It takes ``offsets`` and ``longest``.
        padding: It takes ``slots``, ``places`` and ``lengths``.
    """

    types: bool
    offsets: bool
    padding: bool

    @property
    def inputs(self) -> tuple[RaggedInput, ...]:
        """The inputs, in order."""
        found = [
            RaggedInput("input_ids", DType.int64, ("tokens",), lambda each: each.input_ids),
            RaggedInput("positions", DType.int64, ("tokens",), _positions),
            RaggedInput("first_tokens", DType.int64, ("batch",), lambda each: each.starts[:-1]),
        ]
        if self.types:
            found.append(RaggedInput("types", DType.int64, ("tokens",), _types))
        if self.offsets:
            found += [
                RaggedInput(
                    "offsets", DType.uint32, ("offsets",), lambda each: each.starts.astype("u4")
                ),
                RaggedInput("longest", DType.uint32, (1,), _longest, on_host=True),
            ]
        if self.padding:
            found += [
                RaggedInput("slots", DType.int64, ("batch", "longest"), _slots),
                RaggedInput("places", DType.int64, ("tokens",), _places),
                RaggedInput("lengths", DType.int64, ("batch",), _lengths),
            ]
        return tuple(found)

    def input_types(self, device: DeviceRef) -> tuple[TensorType, ...]:
        """Returns the types of the graph's inputs.

        Args:
            device: Where the graph computes.
        """
        host = DeviceRef.CPU()
        return tuple(
            TensorType(each.dtype, each.shape, device=host if each.on_host else device)
            for each in self.inputs
        )

    def arrays(self, inputs: EncoderInputs) -> list[Array]:
        """Returns the arrays of a batch."""
        return [np.ascontiguousarray(each.compute(inputs)) for each in self.inputs]
