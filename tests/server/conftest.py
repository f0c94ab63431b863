"""One server of each kind for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_server import Model, page_server
from server_process import Server, running_server

from scripts.chromium import Browser, running_browser


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


@pytest.fixture(scope="session")
def session_downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of what the browser saves."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def session_browser(session_downloads: Path) -> Iterator[Browser]:
    with running_browser(session_downloads) as browser:
        yield browser


@pytest.fixture
def browser(session_browser: Browser) -> Iterator[Browser]:
    """A tab whose page asks only the server it came from, and never breaks its policy."""
    yield session_browser
    trouble, requested = session_browser.trouble(), session_browser.requested()
    session_browser.close()
    assert trouble == []
    # Neither a text nor a key is in any address: an address has no query at all.
    assert {each for each in requested if not is_known(each)} == set()


def is_known(address: str) -> bool:
    return address.startswith(("blob:", "data:", "about:")) or (
        address.startswith("http://127.0.0.1:") and "?" not in address
    )


@pytest.fixture(scope="session")
def known_model() -> Model:
    return Model()


@pytest.fixture(scope="session")
def known_server(known_model: Model) -> Iterator[str]:
    """The address of a server of the page with a model of known logits."""
    with page_server(known_model) as address:
        yield address
