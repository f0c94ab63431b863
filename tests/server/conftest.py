"""One server of each kind for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from server_process import Server, running_server


@pytest.fixture(scope="session")
def lexicon_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("lexicon"), command="lexicon") as running:
        yield running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has soon enough: with room for four long texts."""
    flags = ("--max-pending-tokens", "2000")
    with running_server(tmp_path_factory.mktemp("small"), *flags) as running:
        yield running
