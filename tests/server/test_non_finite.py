"""A checkpoint whose finite weights overflow: NaN is a failure of the model, never an answer."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from dialects import GOOD
from metrics_page import scrape
from safetensors.numpy import load_file
from server_process import START_TIMEOUT_S, Server, starting_server

from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts import checkpoints

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def overflowing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # The embedded model's shapes, so that its graph need not be compiled.
    directory = tmp_path_factory.mktemp("overflowing")
    checkpoint = directory / "checkpoint"
    shutil.copytree(DEFAULT_DIRECTORY, checkpoint)
    file = checkpoint / "model.safetensors"
    tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(file).items()}
    for name in ("distilbert.transformer.layer.1.ffn.lin1.weight", "pre_classifier.weight"):
        tensors[name].fill(3e38)
    checkpoints.save_safetensors(file, tensors)
    flags = ("--model", checkpoint, "--fallback", "always-available")
    names = ("--served-model-name", "distilbert-minilm-l6-sst2")
    with starting_server(directory, *flags, *names) as server:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert server.process.poll() is None, server.log.read_text()[-4000:]
            assert time.monotonic() < deadline
            try:
                server.client.get("/health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield server


def test_it_is_not_ready_and_says_why(overflowing: Server) -> None:
    response = overflowing.client.get("/ready")
    assert response.status_code == 503
    assert "NaN or infinity" in response.json()["reason"]


@pytest.mark.parametrize("dialect", GOOD)
def test_the_word_list_answers_or_nobody_does(overflowing: Server, dialect: str) -> None:
    path, body = GOOD[dialect]
    answer = overflowing.client.post(path, json=body)
    assert answer.status_code == 200
    assert answer.headers["X-Sentiment-Route"] == "lexicon"
    reason = answer.headers["X-Sentiment-Fallback-Reason"]
    assert reason in ("non_finite", "unavailable")  # the breaker may be open by now
    assert "null,null" not in answer.text
    refused = overflowing.client.post(path, json=body, headers={"X-Sentiment-Fallback": "off"})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"


def test_it_is_counted(overflowing: Server) -> None:
    deadline = time.monotonic() + 20
    while True:
        overflowing.client.get("/ready")
        samples = scrape(overflowing)
        if samples.get(("sentiment_non_finite_total", frozenset()), 0) >= 3:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert samples["sentiment_model_failing", frozenset()] == 1
