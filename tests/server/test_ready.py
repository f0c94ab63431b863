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
    assert verdict["device"] == "cpu"
