"""The order of the tests."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the pods first: what they compile, within their memory, all other tests then find."""
    items.sort(key=lambda item: item.path.name != "test_pod.py")
