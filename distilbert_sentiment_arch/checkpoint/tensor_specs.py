"""Specification of the tensors of a checkpoint: names, shapes, and names in the graph.

A family's ``weight_adapters`` module has one table, with rows made by ``embedding``, ``linear``,
``norm`` and ``convolution``; ``specs_of`` expands the rows of a layer for every layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import TensorError
from distilbert_sentiment_arch.messages import shown

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Compute = Callable[[], npt.NDArray[np.float32]]

_T = TypeVar("_T")


@dataclass(frozen=True)
class TensorSpec:
    """A tensor that the graph needs.

    Attributes:
        graph_name: Its name in the graph.
        shape: Sizes of its axes in the checkpoint.
        skipped_rows: Rows at its start that the graph leaves out.
        compute: Computes the tensor if a checkpoint omits it; None if the checkpoint must contain
            it.
    """

    graph_name: str
    shape: tuple[int, ...]
    skipped_rows: int = 0
    compute: Compute | None = None

    @property
    def graph_shape(self) -> tuple[int, ...]:
        """Sizes of its axes in the graph."""
        return (self.shape[0] - self.skipped_rows, *self.shape[1:])


@dataclass(frozen=True)
class TableRow:
    """One line of a family's table: a module of the checkpoint and a module of the graph.

    Attributes:
        checkpoint: Name in the checkpoint, with ``{i}`` for the number of a layer.
        graph: Name in the graph, in the same notation.
        axes: Fields of ``EncoderConfig`` that are the shape of ``weight``.
        has_bias: There is also a ``bias``, with the length of the first axis.
    """

    checkpoint: str
    graph: str
    axes: tuple[str, ...]
    has_bias: bool


def embedding(checkpoint: str, graph: str, rows: str) -> TableRow:
    """Returns the row of an embedding matrix, ``(rows, embedding_width)``."""
    return TableRow(checkpoint, graph, (rows, "embedding_width"), has_bias=False)


def linear(
    checkpoint: str,
    graph: str,
    rows: str = "hidden_size",
    columns: str = "hidden_size",
    *,
    has_bias: bool = True,
) -> TableRow:
    """Returns the row of a linear layer, ``(rows, columns)``."""
    return TableRow(checkpoint, graph, (rows, columns), has_bias)


def norm(
    checkpoint: str, graph: str, width: str = "hidden_size", *, has_bias: bool = True
) -> TableRow:
    """Returns the row of a layer norm, ``(width,)``."""
    return TableRow(checkpoint, graph, (width,), has_bias)


def convolution(checkpoint: str, graph: str) -> TableRow:
    """Returns the row of a convolution, ``(hidden_size, conv_group_size, conv_kernel_size)``."""
    axes = ("hidden_size", "conv_group_size", "conv_kernel_size")
    return TableRow(checkpoint, graph, axes, has_bias=True)


def specs_of(table: Iterable[TableRow], config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns the tensor specifications of a table, by name in the checkpoint."""
    specs: dict[str, TensorSpec] = {}
    for row in table:
        shape = tuple(int(getattr(config, axis)) for axis in row.axes)
        layers = range(config.num_hidden_layers) if "{i}" in row.checkpoint else range(1)
        for layer in layers:
            checkpoint = row.checkpoint.replace("{i}", str(layer))
            graph = row.graph.replace("{i}", str(layer))
            specs[f"{checkpoint}.weight"] = TensorSpec(f"{graph}.weight", shape)
            if row.has_bias:
                specs[f"{checkpoint}.bias"] = TensorSpec(f"{graph}.bias", shape[:1])
    return specs


def without_dropped(
    tensors: Mapping[str, _T], dropped: tuple[str, ...], specs: Mapping[str, TensorSpec]
) -> dict[str, _T]:
    """Returns the tensors of a checkpoint but those of modules that are not computed.

    Args:
        tensors: By name in the checkpoint.
        dropped: How the names of the others begin.
        specs: What there has to be; a module of which it names a tensor is computed.
    """
    unused = tuple(start for start in dropped if not any(name.startswith(start) for name in specs))
    return {name: each for name, each in tensors.items() if not name.startswith(unused)}


def canonical_name(name: str) -> str | None:
    """Returns the standard name of a tensor, or None for a buffer without weights.

    Checkpoints exported from TensorFlow call weight and bias of a layer norm ``gamma`` and
    ``beta``.
    """
    if name.endswith(".position_ids"):
        return None
    if name.endswith(".gamma"):
        return name.removesuffix(".gamma") + ".weight"
    if name.endswith(".beta"):
        return name.removesuffix(".beta") + ".bias"
    return name


def check_shapes(
    shapes: Mapping[str, tuple[int, ...]],
    specs: Mapping[str, TensorSpec],
    architecture: str,
    source: str,
) -> None:
    """Checks names and shapes of the tensors in a checkpoint against their specifications.

    Args:
        shapes: Shape of each tensor, by the name in the file.
        specs: Required tensors, by name in the checkpoint.
        architecture: Name of the architecture, for messages.
        source: The file or directory, for messages.

    Raises:
        TensorError: A tensor is missing, unknown or has the wrong shape.
    """
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
    missing = [name for name, spec in specs.items() if name not in found and not spec.compute]
    if missing:
        raise TensorError(
            f"{source}: {_both_names(missing[0], specs)} is missing{_others(missing)}. "
            f"Save the whole {architecture}, classifier included, or correct the number of layers "
            "in config.json."
        )
    unknown = [found[name][0] for name in found if name not in specs]
    if unknown:
        raise TensorError(
            f"{source}: tensor {shown(unknown[0])} has no place in the graph{_others(unknown)}. "
            "Remove it from the file, or correct the number of layers and architectures in "
            "config.json."
        )
    for name, (_, shape) in found.items():
        spec = specs[name]
        if shape != spec.shape:
            raise TensorError(
                f"{source}: {_both_names(name, specs)} has shape {shown(list(shape))} and "
                f"config.json promises {list(spec.shape)}.{_shape_remedy(name)}"
            )


def not_finite(source: str, name: str, graph_name: str) -> TensorError:
    """Returns the error for a tensor that contains NaN or infinity."""
    return TensorError(
        f"{source}: tensor '{name}' (graph weight '{graph_name}') holds NaN or infinity, so every "
        "answer would be meaningless. Export the checkpoint again."
    )


def _both_names(name: str, specs: Mapping[str, TensorSpec]) -> str:
    return f"tensor '{name}' (graph weight '{specs[name].graph_name}')"


def _others(names: list[str]) -> str:
    return f", and {len(names) - 1} more" if len(names) > 1 else ""


def _shape_remedy(name: str) -> str:
    if name.startswith("classifier."):
        return " id2label names one label a row of the classifier: make the two agree."
    return " Correct whichever is wrong; both come from the same training run."
