"""The graphs of the random encoders of all files here.

Each compilation takes seconds before it begins, and a kernel that several graphs have is compiled
once where they are compiled together: our kernels for the graphs of different files, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from family_references import CASES, IN_OPERATIONS_OF_MAX, SERVED
from oracle_cases import drafts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from graphs import Graph, Weights

    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

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
    return served | compiled(encoders, packed=True)


def read(directory: Path, names: Iterable[str]) -> dict[str, Encoder]:
    """Returns what the graphs of some of the families' cases are compiled from."""
    from graphs import read_checkpoint

    return {name: read_checkpoint(CASES[name].write(directory / name)) for name in names}


def of_oracles(directory: Path, *, packed: bool) -> dict[str, Encoder]:
    """Returns what the graphs of the cases with an oracle are compiled from."""
    found = drafts(directory, packed=packed)
    return {name: (config, weights) for name, (config, weights, _) in found.items()}


def compiled(encoders: Mapping[str, Encoder], *, packed: bool) -> dict[str, Graph]:
    from graphs import compile_together

    graphs = compile_together(list(encoders.values()), packed=packed)
    return dict(zip(encoders, graphs, strict=True))
