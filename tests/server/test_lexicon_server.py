"""`max-sentiment lexicon`: up at once, small, and in every dialect in place of a model."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import psutil
import pytest
from commands import ROOT, run_python
from dialects import GOOD
from metrics_page import scrape
from server_process import Server, running_server

from scripts import checkpoints
from scripts.server_process import free_ports

pytestmark = pytest.mark.slow

MOST_IMPORTS = 4
"""Times that the libraries of any such server could be imported before it answers; MAX is more."""
MEMORY = 80e6


def seconds_to_an_answer() -> float:
    port, metrics_port = free_ports(2)
    start = time.perf_counter()
    flags = ["--host", "127.0.0.1", "--port", str(port), "--metrics-port", str(metrics_port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "distilbert_sentiment_arch.cli", "lexicon", *flags],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - start < 30:
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
                    connection.request("POST", "/classify", json.dumps({"input": "I love it."}))
                    answer = json.loads(connection.getresponse().read())
                assert answer["data"][0]["label"] == "POSITIVE"
                return time.perf_counter() - start
            except ConnectionRefusedError:
                time.sleep(0.002)
    finally:
        process.terminate()
        process.wait()
    raise AssertionError("it did not answer")


def seconds_of_imports() -> float:
    start = time.perf_counter()
    libraries = "import pydantic, starlette.routing, uvicorn"
    subprocess.run([sys.executable, "-c", libraries], check=True)
    return time.perf_counter() - start


def test_it_answers_soon_after_what_any_such_server_imports() -> None:
    seconds_to_an_answer()  # what is read from disk the first time
    turns = [(seconds_to_an_answer(), seconds_of_imports()) for _ in range(5)]
    started, imported = map(min, zip(*turns, strict=True))
    print(f"start to first answer: {started:.3f} s; imports of its libraries: {imported:.3f} s")
    assert started < MOST_IMPORTS * imported


def test_it_is_small(tmp_path: Path) -> None:
    with running_server(tmp_path, command="lexicon") as server:
        for _ in range(50):
            for path, body in GOOD.values():
                assert server.client.post(path, json=body).status_code == 200
        time.sleep(1)
        scrape(server)
        process = psutil.Process(server.process.pid)
        assert not process.children()
        memory = process.memory_info().rss
    print(f"memory: {memory / 1e6:.0f} MB")
    assert memory < MEMORY


def test_it_is_ready(lexicon_server: Server) -> None:
    verdict = lexicon_server.client.get("/ready").json()
    assert (verdict["ready"], verdict["model"]) == (True, "distilbert-minilm-l6-sst2")
    assert "by afinn-111" in verdict["reason"]
    for path in ("/health", "/ping", "/v2/health/live", "/v2/health/ready", "/version", "/docs"):
        assert lexicon_server.client.get(path).status_code == 200


@pytest.mark.parametrize("dialect", GOOD)
def test_it_stands_in_for_the_model(lexicon_server: Server, dialect: str) -> None:
    path, body = GOOD[dialect]
    response = lexicon_server.client.post(path, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["X-Sentiment-Route"] == "lexicon"
    assert response.headers["X-Sentiment-Fallback-Reason"] == "unavailable"
    assert len(response.headers["X-Request-ID"]) == 32
    refused = lexicon_server.client.post(path, json=body, headers={"X-Sentiment-Fallback": "off"})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"


def test_two_labels_as_the_model_has_them(lexicon_server: Server) -> None:
    answer = lexicon_server.client.post("/classify", json={"input": "great"}).json()
    assert answer["data"][0]["probs"] == pytest.approx([0.2, 0.8])
    listed = lexicon_server.client.get("/v1/models").json()["data"]
    assert [(each["id"], each["route"]) for each in listed] == [
        ("distilbert-minilm-l6-sst2", "lexicon"),
        ("afinn-111", "lexicon"),
        ("mvp-29", "lexicon"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "keys"),
    [
        ("GET", "/nothing", 404, {"error"}),
        ("GET", "/classify", 405, {"error"}),
        ("POST", "/predict/more", 404, {"error", "error_type"}),
        ("POST", "/v1/chat/completions", 404, {"error"}),
    ],
)
def test_unmatched(
    lexicon_server: Server, method: str, path: str, status: int, keys: set[str]
) -> None:
    response = lexicon_server.client.request(method, path, json={})
    assert (response.status_code, set(response.json())) == (status, keys)


def test_metrics(lexicon_server: Server) -> None:
    lexicon_server.client.post("/predict", json={"inputs": "great"})
    labels = frozenset({"dialect": "tei", "reason": "unavailable"}.items())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if scrape(lexicon_server).get(("sentiment_fallbacks_total", labels), 0) >= 1:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the fallback was not counted")


def test_what_an_operator_sets(tmp_path: Path) -> None:
    config = checkpoints.random_config(id2label={"0": "positive", "1": "negative"})
    checkpoint = checkpoints.write_checkpoint(tmp_path / "reviews", config)
    german = tmp_path / "de.txt"
    german.write_text("# name: kurz-de\n# language: de\nschön\t3\nfurchtbar\t-3\n")
    keys = tmp_path / "keys"
    keys.write_text("secret\n")
    flags = ["--model", checkpoint, "--word-list", german, "--lexicon", "kurz-de"]
    flags += ["--max-inputs", "4", "--max-body-bytes", "2000", "--api-keys-file", keys]
    with running_server(tmp_path / "server", *flags, command="lexicon") as server:
        client = server.client
        assert client.post("/classify", json={"input": "schön"}).status_code == 401
        client.headers["Authorization"] = "Bearer secret"
        answer = client.post("/classify", json={"input": ["Schön!", "FURCHTBAR"]}).json()
        assert [each["label"] for each in answer["data"]] == ["positive", "negative"]
        assert answer["data"][0]["probs"] == pytest.approx([0.8, 0.2])
        assert answer["lexicon"]["name"] == "kurz-de"
        assert client.get("/v1/models").json()["data"][0]["id"] == "reviews"
        assert client.post("/classify", json={"input": ["a"] * 5}).status_code == 413
        assert client.post("/classify", json={"input": "a" * 2000}).status_code == 413
        chunks = (b"a" * 500 for _ in range(8))  # no Content-Length
        assert client.post("/classify", content=chunks).status_code == 413


def test_sigterm_answers_what_is_in_flight_and_exits_with_0(tmp_path: Path) -> None:
    body = json.dumps({"input": "A good film."}).encode()
    head = f"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with running_server(tmp_path, command="lexicon") as server, ExitStack() as stack:
        host, _, port = server.url.removeprefix("http://").partition(":")
        streams = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            for _ in range(8)
        ]
        for stream in streams:
            stream.sendall(head + body[:5])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(httpx.ConnectError):
            server.client.get("/health")
        for stream in streams:
            stream.sendall(body[5:])
            received = b"".join(iter(lambda stream=stream: stream.recv(65536), b""))
            assert received.startswith(b"HTTP/1.1 200 OK")
            assert b"POSITIVE" in received
        assert server.process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--lexicon", "vader"], "afinn-111, mvp-29"),
        (["--word-list", "/no/such/list"], "/no/such/list"),
        (["--labels", "toxic,spam"], "toxic, spam"),
        (["--served-model-name", "afinn-111"], "both named 'afinn-111'"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(flags: list[str], message: str) -> None:
    ended = run_python("-m", "distilbert_sentiment_arch.cli", "lexicon", *flags, timeout=20)
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken(lexicon_server: Server) -> None:
    port = lexicon_server.url.rpartition(":")[2]
    for flags in (["--port", port, "--metrics-port", "0"], ["--port", "0", "--metrics-port", port]):
        ended = run_python(
            *("-m", "distilbert_sentiment_arch.cli", "lexicon", "--host", "127.0.0.1"),
            *flags,
            timeout=20,
        )
        flag = flags[flags.index(port) - 1]
        assert ended.returncode == 1
        assert ended.stderr == (
            f"max-sentiment: port {port} is in use on 127.0.0.1. Stop what listens there, or pass "
            f"{flag}.\n"
        )


def test_the_page_is_served_unless_it_is_turned_off(lexicon_server: Server, tmp_path: Path) -> None:
    asked = {"Accept": "text/html"}
    assert "<title>max-sentiment" in lexicon_server.client.get("/", headers=asked).text
    with running_server(tmp_path, "--no-page", command="lexicon") as server:
        assert server.client.get("/", headers=asked).status_code == 404
        assert server.client.get("/docs").status_code == 200
