"""Headers, metrics and log lines of the real server."""

from __future__ import annotations

import json
import time

import pytest
from metrics_page import increase, scrape, settled
from server_process import Server

pytestmark = pytest.mark.slow


def test_metrics_count_what_was_asked_and_answered(server: Server) -> None:
    before = settled(server)
    texts = ["I love it.", "terrible " * 600]
    server.client.post("/classify", json={"input": texts, "truncation": "window"})
    server.client.post("/classify", json={"input": ""})
    server.client.post("/predict", json={"inputs": ""})
    server.client.get("/nothing")
    ours = {"dialect": "vllm", "path": "/classify"}
    requests = "sentiment_requests_total"
    unmatched = {"dialect": "openai", "path": "unmatched", "status": "404", "route": "none"}
    deadline = time.monotonic() + 10
    while not increase(before, after := settled(server), requests, **unmatched):
        assert time.monotonic() < deadline
    assert increase(before, after, requests, **ours, status="200", route="model") == 1
    assert increase(before, after, requests, **ours, status="400", route="none") == 1
    tei = {"dialect": "tei", "path": "/predict"}
    assert increase(before, after, requests, **tei, status="400", route="none") == 1
    answered = {**ours, "route": "model"}
    assert increase(before, after, "sentiment_inputs_total", **answered) == 2
    assert increase(before, after, "sentiment_tokens_total", **answered) == 6 + 602
    assert increase(before, after, "sentiment_truncations_total", mode="window") == 1
    assert increase(before, after, "sentiment_request_seconds_count", **answered, status="200") == 1
    assert increase(before, after, "sentiment_batch_size_count") == 3
    for stage in ("tokenize", "queue", "compute"):
        assert increase(before, after, "sentiment_stage_seconds_count", stage=stage) == 1
    assert ("sentiment_pending_tokens", frozenset()) in after
    assert any(name.startswith("maxserve_") for name, _ in scrape(server))


def test_headers(server: Server) -> None:
    response = server.client.post(
        "/classify", json={"input": ["good", "bad " * 600], "truncate_prompt_tokens": -1}
    )
    headers = response.headers
    assert headers["X-Sentiment-Route"] == "model"
    assert len(headers["X-Request-Id"]) == 32
    assert headers["X-Sentiment-Tokens"] == "605"
    assert headers["X-Sentiment-Tokens-Read"] == "515"
    assert headers["X-Sentiment-Windows"] == "2"
    stages = dict(part.strip().split(";dur=") for part in headers["Server-Timing"].split(","))
    assert set(stages) == {"tokenize", "queue", "compute"}
    assert all(float(value) >= 0 for value in stages.values())
    assert float(stages["compute"]) > 0


def test_one_log_line_a_request_and_never_the_text(server: Server) -> None:
    secret = "xylophone zebra marmalade"
    request_id = server.client.post("/classify", json={"input": secret}).headers["X-Request-Id"]
    server.client.post("/classify", json={"input": secret, "truncation_side": secret})
    server.client.post(f"/classify?{secret}", json={"input": [secret, 5]})
    log = server.log.read_text(encoding="utf-8")
    (line,) = (line for line in log.splitlines() if request_id in line)
    told = json.loads(line[line.index("{") :])
    assert told.pop("ms") > 0
    assert told == {
        "event": "request",
        "request_id": request_id,
        "dialect": "vllm",
        "path": "/classify",
        "status": 200,
        "route": "model",
        "inputs": 1,
        "tokens": told["tokens"],
    }
    for word in secret.split():
        assert word not in log


def test_paths_that_no_route_takes_are_one_label(server: Server) -> None:
    def counted() -> dict[str, float]:
        return {
            dict(labels)["path"]: value
            for (name, labels), value in scrape(server).items()
            if name == "maxserve_request_count_total" and dict(labels)["code"] == "404"
        }

    before = counted().get("unmatched", 0)
    for number in range(50):
        path = f"/{number}/" + "x" * 5000
        assert server.client.get(path).status_code == 404
        assert server.client.post(f"/v1/models/{number}:predict", json={}).status_code < 500
    deadline = time.monotonic() + 10
    while counted().get("unmatched", 0) < before + 50:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    paths = {
        dict(labels)["path"]
        for name, labels in scrape(server)
        if name == "maxserve_request_count_total"
    }
    assert "/classify" in paths
    assert "/v1/models/{name:model}:predict" in paths
    assert max(map(len, paths)) < 50
