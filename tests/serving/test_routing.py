"""Routing: every endpoint is found by its own path and method only."""

from __future__ import annotations

from typing import Any

import pytest

from distilbert_sentiment_arch.serving import routing
from distilbert_sentiment_arch.serving.endpoint import Endpoint
from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS


def request(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
@pytest.mark.parametrize("name", ["afinn-111", "org/model"])
def test_each_endpoint_is_found(endpoint: Endpoint, name: str) -> None:
    asked = request(endpoint.method, endpoint.path.replace("{name:model}", name))
    assert routing.find(asked) is endpoint
    if "{" in endpoint.path:
        assert asked["path_params"] == {"name": name}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/classify"),
        ("POST", "/ready"),
        ("POST", "/classify/"),
        ("POST", "/CLASSIFY"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v2/models/"),
        ("POST", "/v1/models/:predict"),
        ("DELETE", "/v1/models/x"),
    ],
)
def test_other_paths_and_methods_are_not_found(method: str, path: str) -> None:
    assert routing.find(request(method, path)) is None
