"""GET /ready of the real server."""

from __future__ import annotations

import pytest
from server_process import Server

pytestmark = pytest.mark.slow


def test_ready_reports_the_canary(server: Server) -> None:
    response = server.client.get("/ready")
    assert response.status_code == 200
    verdict = response.json()
    assert verdict["ready"] is True
    assert verdict["model"] == "distilbert-minilm-l6-sst2"
    assert "POSITIVE" in verdict["reason"]
    assert 0 < verdict["latency_ms"] < 5000


def test_routes_of_max_stay(server: Server) -> None:
    assert server.client.get("/health").status_code == 200
    assert server.client.get("/version").json()["version"] == "26.7.0"


def test_openapi_describes_our_routes(server: Server) -> None:
    paths = server.client.get("/openapi.json").json()["paths"]
    for path in ("/classify", "/v1/embeddings", "/v1/models", "/ready"):
        assert path in paths
    body = paths["/classify"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"].endswith("/ClassifyBody")
