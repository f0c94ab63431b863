"""The graphs of the random encoders of all files here.

Each compilation takes seconds before it begins, and a kernel that several graphs have is compiled
once where they are compiled together: our kernels for the graphs of different files, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from family_references import CASES, IN_BFLOAT16X3, IN_OPERATIONS_OF_MAX, SERVED
from oracle_cases import drafts

from distilbert_sentiment_arch.machine.processor import read_processor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from graphs import Graph, Weights

    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
    from distilbert_sentiment_arch.settings.precision import Precision

    Encoder = tuple[EncoderConfig, Weights]


@pytest.fixture(scope="session")
def graphs_of_max(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    """Graphs of MAX's own operations, by the names of their cases."""
    directory = tmp_path_factory.mktemp("max")
    # Apart: all at once take gigabytes.
    families = compiled(read(directory, IN_OPERATIONS_OF_MAX), packed=False)
    return families | compiled(of_oracles(directory, packed=False), packed=False)


@pytest.fixture(scope="session")
def graphs_of_kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    """Graphs of our kernels, by the names of their cases."""
    from graphs import compile_as_served, read_checkpoint

    directory = tmp_path_factory.mktemp("kernels")
    # Servers load graphs of their own, which they find in the cache.
    served = {
        name: compile_as_served(*read_checkpoint(CASES[name].write(directory / name)))
        for name in sorted(set(SERVED.values()))
    }
    others = [name for name in CASES if name not in served]
    encoders = read(directory, others) | of_oracles(directory, packed=True)
    precisions: dict[str, Precision] = {}
    if read_processor().computes("bfloat16x3"):
        again = read(directory / "again", IN_BFLOAT16X3)
        encoders |= {in_bfloat16x3(name): encoder for name, encoder in again.items()}
        precisions = {in_bfloat16x3(name): "bfloat16x3" for name in again}
    return served | compiled(encoders, packed=True, precisions=precisions)


@pytest.fixture(scope="session")
def graphs_in_bfloat16x3(graphs_of_kernels: dict[str, Graph]) -> dict[str, Graph]:
    """Those of our kernels in bfloat16x3, by the names of their cases."""
    found = {name: graphs_of_kernels.get(in_bfloat16x3(name)) for name in IN_BFLOAT16X3}
    graphs = {name: graph for name, graph in found.items() if graph is not None}
    if not graphs:
        pytest.skip("this processor does not compute in bfloat16x3")
    return graphs


def in_bfloat16x3(name: str) -> str:
    """Returns the name of a case's second graph."""
    return f"{name} in bfloat16x3"


def read(directory: Path, names: Iterable[str]) -> dict[str, Encoder]:
    """Returns what the graphs of some of the families' cases are compiled from."""
    from graphs import read_checkpoint

    return {name: read_checkpoint(CASES[name].write(directory / name)) for name in names}


def of_oracles(directory: Path, *, packed: bool) -> dict[str, Encoder]:
    """Returns what the graphs of the cases with an oracle are compiled from."""
    found = drafts(directory, packed=packed)
    return {name: (config, weights) for name, (config, weights, _) in found.items()}


def compiled(
    encoders: Mapping[str, Encoder],
    *,
    packed: bool,
    precisions: Mapping[str, Precision] | None = None,
) -> dict[str, Graph]:
    """Compiles graphs at once, in float32 where no other precision is given."""
    from graphs import compile_together

    graphs = compile_together(
        list(encoders.values()),
        packed=packed,
        precisions=[(precisions or {}).get(name, "float32") for name in encoders],
    )
    return dict(zip(encoders, graphs, strict=True))
