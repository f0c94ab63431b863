"""Routes in a server of another model: every path is left to MAX."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.routing import Match

from distilbert_sentiment_arch.serving.inside_max.routes import PROBES_OF_MAX, router


def scope(path: str, **state: Any) -> dict[str, Any]:
    app = SimpleNamespace(state=SimpleNamespace(**state))
    return {"type": "http", "method": "POST", "path": path, "root_path": "", "app": app}


@pytest.mark.parametrize("path", ["/v1/embeddings", "/classify", "/v1/chat/completions"])
def test_another_model_keeps_its_routes(path: str) -> None:
    assert router.matches(scope(path))[0] is Match.NONE
    assert router.matches(scope(path, sentiment="application"))[0] is Match.FULL


@pytest.mark.parametrize("path", PROBES_OF_MAX)
def test_probes_of_max_pass(path: str) -> None:
    assert router.matches(scope(path, sentiment="application"))[0] is Match.NONE
