"""The graphs of the random encoders of all files here.

Each compilation takes seconds before it begins, and a kernel that several graphs have is compiled
once where they are compiled together: those of different files, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from family_references import CASES, IN_BFLOAT16X3, IN_OPERATIONS_OF_MAX, SERVED
from oracle_cases import drafts

from distilbert_sentiment_arch.engine.precision import read_processor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from graphs import Graph

    from distilbert_sentiment_arch.settings.precision import Precision


@pytest.fixture(scope="session")
def graphs_of_max(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    """Graphs of MAX's own operations, by the names of their cases."""
    return compiled(tmp_path_factory.mktemp("max"), IN_OPERATIONS_OF_MAX, packed=False)


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
    split = IN_BFLOAT16X3 if read_processor().computes("bfloat16x3") else ()
    return served | compiled(directory, others, packed=True, split=split)


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


def compiled(
    directory: Path, names: Iterable[str], *, packed: bool, split: Sequence[str] = ()
) -> dict[str, Graph]:
    """Compiles the graphs of some of the families' cases and of all with an oracle.

    Args:
        directory: For the checkpoints.
        names: The cases.
        packed: Compile graphs of the kernels in place of MAX's operations.
        split: Cases that are compiled in bfloat16x3, too.
    """
    from graphs import compile_together, read_checkpoint

    encoders = {name: read_checkpoint(CASES[name].write(directory / name)) for name in names}
    for name, (config, weights, _) in drafts(directory, packed=packed).items():
        encoders[name] = config, dict(weights)
    precisions: list[Precision] = ["float32"] * len(encoders)
    for name in split:
        again = directory / in_bfloat16x3(name)
        encoders[in_bfloat16x3(name)] = read_checkpoint(CASES[name].write(again))
        precisions.append("bfloat16x3")
    graphs = compile_together(list(encoders.values()), packed=packed, precisions=precisions)
    return dict(zip(encoders, graphs, strict=True))
