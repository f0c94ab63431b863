"""Check that the Python SDK of the Model Context Protocol is installed."""

from __future__ import annotations

from importlib.util import find_spec

from distilbert_sentiment_arch.errors import DependencyError


def check_sdk() -> None:
    """Checks that the SDK can be imported, without importing it.

    Raises:
        DependencyError: It is not installed here.
    """
    if find_spec("mcp") is None:
        raise DependencyError(
            "max-sentiment mcp needs the Python SDK of the Model Context Protocol. Install it: "
            "pip install 'max-sentiment[mcp]'"
        )
