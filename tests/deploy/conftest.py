"""Order of the deploy tests."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the pod tests first: later tests reuse what these compile within their memory limit."""
    items.sort(key=lambda item: item.path.name != "test_pod.py")
