"""One server of each kind for the whole session: with a word list, and with the model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tool_server import (
    WORD_LIST,
    HttpTools,
    Progress,
    ToolClient,
    http_tools,
    stdio_tools,
)


@pytest.fixture(scope="session")
def word_list_over_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpTools]:
    flags = (*WORD_LIST, "--max-inputs", "2000", "--max-body-bytes", "1000000")
    with http_tools(tmp_path_factory.mktemp("http"), *flags) as server:
        yield server


@pytest.fixture(scope="session")
def word_list_tools(word_list_over_http: HttpTools) -> Iterator[ToolClient]:
    with word_list_over_http.client() as client:
        yield client


@pytest.fixture(scope="session")
def model_over_stdio(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ToolClient, list[Progress]]]:
    """The model, and the progress of the first call, which was sent before it was loaded."""
    log = tmp_path_factory.mktemp("stdio") / "log"
    flags = ("--fallback", "always-available", "--max-inputs", "64")
    with stdio_tools(log, *flags) as client:
        progress: list[Progress] = []
        first = client.call("classify", progress, texts=["A lovely film."], fallback="off")
        assert not first.isError, first.content
        yield client, progress


@pytest.fixture(scope="session")
def model_tools(model_over_stdio: tuple[ToolClient, list[Progress]]) -> ToolClient:
    return model_over_stdio[0]


@pytest.fixture(scope="session")
def model_over_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpTools]:
    with http_tools(tmp_path_factory.mktemp("model")) as server:
        yield server
