"""The graphs of the random encoders of all files here.

Each compilation takes seconds before it begins, and a kernel that several graphs have is compiled
once where they are compiled together: those of different files, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from family_references import CASES, IN_OPERATIONS_OF_MAX, SERVED
from oracle_cases import drafts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from graphs import Graph


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
    return served | compiled(directory, others, packed=True)


def compiled(directory: Path, names: Iterable[str], *, packed: bool) -> dict[str, Graph]:
    """Compiles the graphs of some of the families' cases and of all with an oracle."""
    from graphs import compile_together, read_checkpoint

    encoders = {name: read_checkpoint(CASES[name].write(directory / name)) for name in names}
    for name, (config, weights, _) in drafts(directory, packed=packed).items():
        encoders[name] = config, dict(weights)
    graphs = compile_together(list(encoders.values()), packed=packed)
    return dict(zip(encoders, graphs, strict=True))
