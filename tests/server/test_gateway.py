"""deploy/gateway, by the real proxy: nobody notices when the model server goes or is full."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from commands import ROOT, run
from dialects import GOOD
from gateway_process import kill_everything, load, needs_nginx, running_gateway
from server_process import Server, running_server

from scripts.server_process import free_ports

pytestmark = [pytest.mark.slow, needs_nginx]


@dataclass
class Gateway:
    """The proxy and what it needs to know of the servers behind it."""

    url: str
    model_port: int


@pytest.fixture
def gateway(tmp_path: Path, lexicon_server: Server) -> Iterator[Gateway]:
    (model_port,) = free_ports(1)
    with running_gateway(tmp_path / "gateway", [model_port], lexicon_server.port) as (url, _):
        yield Gateway(url, model_port)


def test_no_client_sees_the_model_server_come_and_go(tmp_path: Path, gateway: Gateway) -> None:
    # Little enough for two cores, of which a model server that starts needs one.
    with load(gateway.url, pause_s=0.05) as clients:
        clients.wait_for("lexicon")  # the model server is not there yet
        assert clients.outcomes["model"] == 0
        with running_server(tmp_path / "first", port=gateway.model_port) as server:
            clients.wait_for("model")
            kill_everything(server)
            clients.wait_for("lexicon")
        with running_server(tmp_path / "second", port=gateway.model_port) as server:
            clients.wait_for("model")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=60) == 0
            clients.wait_for("lexicon")
    print(f"answered by: {dict(clients.outcomes)}; failed: {len(clients.wrong)}")
    assert clients.wrong == []


def test_a_full_model_server(tmp_path: Path, small_server: Server, lexicon_server: Server) -> None:
    def ask(headers: dict[str, str]) -> tuple[int, str]:
        body = {"input": "terrible " * 500}
        response = httpx.post(
            f"{url}/classify", json=body, headers=headers, timeout=90, trust_env=False
        )
        return response.status_code, response.headers.get("X-Sentiment-Route", "none")

    refusing = {"X-Sentiment-Fallback": "off"}
    ports = [small_server.port], lexicon_server.port
    with (
        running_gateway(tmp_path / "gateway", *ports) as (url, _),
        ThreadPoolExecutor(60) as pool,
    ):
        answers = Counter(pool.map(ask, [{}] * 40 + [refusing] * 20))
    assert set(answers) == {(200, "model"), (200, "lexicon"), (429, "none")}
    assert answers[200, "model"] + answers[200, "lexicon"] >= 40
    assert answers[429, "none"] <= 20


def test_the_model_alone_where_a_request_refuses_the_lexicon(gateway: Gateway) -> None:
    path, body = GOOD["vllm"]
    for options in (
        {"json": body, "headers": {"X-Sentiment-Fallback": "off"}},
        {"json": body | {"fallback": "off"}},
    ):
        refused = httpx.post(f"{gateway.url}{path}", **options, trust_env=False)
        assert refused.status_code == 503
        assert "not up" in refused.json()["error"]["message"]


def test_a_body_over_the_limit(gateway: Gateway) -> None:
    url = f"{gateway.url}/classify"
    refused = httpx.post(url, json={"input": "a" * 9_000_000}, trust_env=False)
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == 413


def test_a_setting_that_is_missing_is_named() -> None:
    ended = run(ROOT / "deploy" / "gateway" / "run", environment={"MODEL_SERVER": "a:1"})
    assert ended.returncode == 2
    assert "LEXICON_SERVER is not set" in ended.stderr
