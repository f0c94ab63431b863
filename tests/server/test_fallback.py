"""A word list in place of the model: the real server, its worker stopped or drowned."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from dialects import GOOD
from metrics_page import increase, scrape, settled
from server_process import Server, model_worker, running_server

pytestmark = pytest.mark.slow

DEADLINE_S = 2
LONG = "terrible " * 500


@pytest.fixture(scope="module")
def falling_back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(
        tmp_path_factory.mktemp("fallback"),
        *("--fallback", "always-available", "--deadline-s", str(DEADLINE_S)),
        *("--max-pending-tokens", "4000"),
    ) as server:
        yield server


def ask(server: Server, path: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}{path}", json=body, headers=headers, timeout=30)


def reason_of(response: httpx.Response) -> tuple[int, str | None, str | None]:
    headers = response.headers
    route, reason = headers.get("X-Sentiment-Route"), headers.get("X-Sentiment-Fallback-Reason")
    return response.status_code, route, reason


def test_the_model_answers_while_it_can(falling_back: Server) -> None:
    for path, body in GOOD.values():
        assert reason_of(ask(falling_back, path, body)) == (200, "model", None)


def test_too_long_for_the_model(falling_back: Server) -> None:
    body = {"input": "good " * 600}
    answered = ask(falling_back, "/classify", body)
    assert reason_of(answered) == (200, "lexicon", "too_long")
    answer = answered.json()
    assert (answer["model"], answer["lexicon"]["reason"]) == ("afinn-111", "too_long")
    assert answer["usage"]["prompt_tokens"] == 600
    assert answer["data"][0]["probs"] == pytest.approx([0.2, 0.8])
    assert reason_of(ask(falling_back, "/classify", body | {"truncation": "end"}))[1] == "model"
    for narrowed in (
        ask(falling_back, "/classify", body | {"fallback": "overload"}),
        ask(falling_back, "/classify", body, **{"X-Sentiment-Fallback": "off"}),
    ):
        assert narrowed.status_code == 400
        assert "602 tokens" in narrowed.json()["error"]["message"]


@pytest.mark.parametrize("value", ["on", "", "always"])
def test_a_policy_that_is_none(falling_back: Server, value: str) -> None:
    path, body = GOOD["vllm"]
    assert ask(falling_back, path, body, **{"X-Sentiment-Fallback": value}).status_code == 400
    assert ask(falling_back, path, body | {"fallback": value}).status_code == 400


def test_overload_is_answered_and_a_request_may_prefer_to_be_refused(falling_back: Server) -> None:
    before = settled(falling_back)
    refusing = {"X-Sentiment-Fallback": "off"}
    with ThreadPoolExecutor(60) as pool:
        body = {"input": LONG}
        willing = [pool.submit(ask, falling_back, "/classify", body) for _ in range(40)]
        refused = [pool.submit(ask, falling_back, "/classify", body, **refusing) for _ in range(20)]
        answers = [each.result() for each in willing]
        others = [each.result() for each in refused]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["data"][0]["label"] for answer in answers} == {"NEGATIVE"}
    reasons = Counter(reason_of(answer)[1:] for answer in answers)
    assert reasons["lexicon", "overloaded"] > 0, reasons
    assert reasons["model", None] > 0, reasons
    assert {answer.status_code for answer in others} <= {200, 429, 503}
    assert any(answer.status_code == 429 for answer in others)
    assert all(
        answer.headers["X-Sentiment-Route"] == "model"
        for answer in others
        if answer.status_code == 200
    )
    counted = {"dialect": "vllm", "reason": "overloaded"}
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        grown = increase(before, scrape(falling_back), "sentiment_fallbacks_total", **counted)
        if grown == reasons["lexicon", "overloaded"]:
            break
        time.sleep(0.1)
    assert grown == reasons["lexicon", "overloaded"]


def wait_for_the_model(server: Server) -> None:
    deadline = time.monotonic() + 30
    while reason_of(answer := ask(server, *GOOD["vllm"]))[1] != "model":
        assert answer.status_code == 200
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_stopped_worker(falling_back: Server) -> None:
    """Deadlines first, then at once, then the model again: no request fails."""
    path, body = GOOD["vllm"]
    wait_for_the_model(falling_back)
    worker = model_worker(falling_back)
    worker.suspend()
    try:
        late = ask(falling_back, path, body)
        assert reason_of(late) == (200, "lexicon", "deadline")
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: ask(falling_back, path, body), range(3)))
        for path, body in GOOD.values():
            start = time.monotonic()
            assert reason_of(ask(falling_back, path, body)) == (200, "lexicon", "unavailable")
            assert time.monotonic() - start < DEADLINE_S / 2
        refused = ask(falling_back, path, body, **{"X-Sentiment-Fallback": "overload"})
        assert refused.status_code == 503
        assert falling_back.client.get("/ready").status_code == 503
        assert scrape(falling_back)["sentiment_model_failing", frozenset()] == 1
    finally:
        worker.resume()
    wait_for_the_model(falling_back)
    assert falling_back.client.get("/ready").status_code == 200
    log = falling_back.log.read_text(encoding="utf-8")
    assert "the model is failing" in log
    assert "the model answers again" in log


def test_a_model_that_no_word_list_can_stand_in_for(tmp_path: Any) -> None:
    from commands import run_python

    from scripts import checkpoints

    config = checkpoints.random_config(id2label={"0": "toxic", "1": "spam"})
    directory = checkpoints.write_checkpoint(tmp_path / "moderation", config)
    ended = run_python(
        *("-m", "distilbert_sentiment_arch.cli", "serve", "--model", directory),
        *("--fallback", "overload"),
    )
    assert ended.returncode == 1
    assert "toxic, spam" in ended.stderr
    assert "--fallback off" in ended.stderr
