"""The port for Prometheus: in the API process, in MAX's own process for metrics, or nowhere."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from max.serve.config import Settings

from distilbert_sentiment_arch.serving.inside_max.metrics_port import is_scraped, metrics_port
from scripts.server_process import free_ports


def settings(method: str, **others: str) -> Settings:
    values: dict[str, str] = {
        "MAX_SERVE_HOST": "127.0.0.1",
        "MAX_SERVE_METRIC_RECORDING_METHOD": method,
        **others,
    }
    return Settings(**values)


def scraped(given: Settings, port: int) -> str | None:
    """Returns the page while the context is open; None where nothing listens."""

    async def page() -> str | None:
        async with metrics_port(given):
            try:
                answer = await asyncio.to_thread(
                    httpx.get, f"http://127.0.0.1:{port}/metrics", trust_env=False
                )
            except httpx.TransportError:
                return None
            return answer.text

    return asyncio.run(page())


def test_metrics_are_served_until_the_end(unused: int) -> None:
    given = settings("SYNC", MAX_SERVE_METRICS_ENDPOINT_PORT=str(unused))
    page = scraped(given, unused)
    assert page is not None
    assert "# TYPE sentiment_requests_total counter" in page
    assert "_created" not in page
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", unused))


@pytest.mark.parametrize("method", ["PROCESS", "NOOP"])
def test_no_port_is_opened_where_this_process_has_no_metrics(unused: int, method: str) -> None:
    given = settings(method, MAX_SERVE_METRICS_ENDPOINT_PORT=str(unused))
    assert scraped(given, unused) is None


@pytest.mark.parametrize(
    ("method", "disabled", "wanted"),
    [("SYNC", "0", True), ("PROCESS", "0", True), ("NOOP", "0", False), ("SYNC", "1", False)],
)
def test_a_port_has_to_be_free_where_one_is_opened(
    method: str, disabled: str, wanted: bool
) -> None:
    assert is_scraped(settings(method, MAX_SERVE_DISABLE_TELEMETRY=disabled)) is wanted


@pytest.fixture
def unused() -> int:
    (port,) = free_ports(1)
    return port
