"""Explanations against the real servers, with the official clients."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import openai
import pytest
from metrics_page import scrape
from server_process import Server

pytestmark = pytest.mark.slow

MODEL = "distilbert-minilm-l6-sst2"
TEXT = "The cast is not great, but the last hour is a wonderful piece of work."
QUESTION: Any = {
    "type": "choice",
    "instructions": "What is the sentiment?",
    "choices": [{"value": "POSITIVE"}, {"value": "NEGATIVE"}],
}


def explained(server: Server, **body: Any) -> dict[str, Any]:
    answer = server.client.post("/v1/explain", json=body)
    assert answer.status_code == 200, answer.text
    (datum,) = answer.json()["data"]
    found: dict[str, Any] = datum
    return found


def classified(server: Server, texts: list[str], **body: Any) -> Any:
    answer = server.client.post("/classify", json={"input": texts, **body})
    return np.array([datum["probs"] for datum in answer.json()["data"]])


def test_leaving_out_each_word_through_plain_requests(server: Server) -> None:
    datum = explained(server, input=TEXT)
    words = TEXT.split()
    variants = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
    assert [unit["text"] for unit in datum["units"]] == words
    assert datum["passes"] == len(words) + 2
    for numbers, activated in (("probs", True), ("logits", False)):
        whole, *rest = classified(server, [TEXT, *variants], use_activation=activated)
        np.testing.assert_allclose(datum[numbers], whole, atol=1e-4)
        changes = [unit[numbers] for unit in datum["units"]]
        np.testing.assert_allclose(changes, whole - np.array(rest), atol=1e-4)


def test_the_base_is_the_answer_to_the_special_tokens_alone(server: Server) -> None:
    datum = explained(server, input=TEXT)
    (base,) = classified(server, [[101, 102]], use_activation=False)  # type: ignore[list-item]
    np.testing.assert_allclose(datum["base"]["logits"], base, atol=1e-4)


@pytest.mark.parametrize("units", ["word", "sentence"])
def test_owen_values_sum_to_the_difference(server: Server, units: str) -> None:
    text = f"{TEXT} I never laughed. Still, it is worth it!"
    datum = explained(server, input=text, method="owen", units=units, passes=80, seed=1)
    for numbers in ("logits", "probs"):
        total = np.sum([unit[numbers] for unit in datum["units"]], axis=0)
        difference = np.subtract(datum[numbers], datum["base"][numbers])
        np.testing.assert_allclose(total, difference, atol=1e-4)


def test_the_openai_client_reaches_explanations(server: Server) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        decision = client.decisions.create(
            model=MODEL,
            input=TEXT,
            questions=[QUESTION],
            extra_body={"explain": {"method": "owen", "passes": 40}},
        )
        assert decision.answers[0].type == "choice"
        assert decision.model_extra is not None
        found = decision.model_extra["explanation"]
        assert (found["method"], found["unit"]) == ("owen", "word")
        assert decision.usage.total_tokens == found["tokens"]
        body = {"input": TEXT, "method": "owen", "passes": 40}
        answer: Any = client.post("/explain", body=body, cast_to=object)
        (datum,) = answer["data"]
        assert [unit["text"] for unit in found["units"]] == TEXT.split()
        changes = [[unit["logits"] for unit in each["units"]] for each in (found, datum)]
        np.testing.assert_allclose(*changes, atol=1e-4)
        with pytest.raises(openai.BadRequestError, match="leave_one_out"):
            client.decisions.create(
                model=MODEL,
                input=TEXT,
                questions=[QUESTION],
                extra_body={"explain": {"method": "shap"}},
            )


def test_the_asynchronous_client(server: Server) -> None:
    async def ask() -> Any:
        url = f"{server.url}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            return await client.decisions.create(
                model=MODEL, input=TEXT, questions=[QUESTION], extra_body={"explain": True}
            )

    decision = asyncio.run(ask())
    assert len(decision.model_extra["explanation"]["units"]) == len(TEXT.split())


def test_kserve(server: Server) -> None:
    path = f"/v1/models/{MODEL}:explain"
    body = {"instances": [TEXT, "Never again."], "parameters": {"units": "sentence"}}
    answer = server.client.post(path, json=body)
    content = answer.json()
    assert [each["label"] for each in content["predictions"]] == ["POSITIVE", "NEGATIVE"]
    assert [each["index"] for each in content["explanations"]] == [0, 1]
    assert answer.headers["X-Sentiment-Route"] == "model"


def test_windows(server: Server) -> None:
    text = "It begins slowly and it ends well, which is more than I hoped for. " * 40
    datum = explained(server, input=text, truncation="window")
    assert (datum["unit"], len(datum["units"])) == ("sentence", 40)
    assert datum["truncation"]["windows"] == 2


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("\U0001f600" * 1000, 1),
        ("\U0001f600 " * 100, 100),
        ("one", 1),
        ("\u597d\u7684\u7535\u5f71\u3002" * 4, 16),
        ("a\u0301\u0302 \u0301", 2),
    ],
)
def test_texts_of_any_kind(server: Server, text: str, units: int) -> None:
    datum = explained(server, input=text)
    assert len(datum["units"]) == units
    assert "".join(unit["text"] for unit in datum["units"]) == "".join(text.split())


def test_a_word_list_answers_by_its_own_sums(lexicon_server: Server) -> None:
    datum = explained(lexicon_server, input=TEXT)
    assert (datum["method"], datum["labels"]) == ("sums", ["NEGATIVE", "POSITIVE"])
    total = np.sum([unit["logits"] for unit in datum["units"]], axis=0)
    np.testing.assert_allclose(total, datum["logits"], atol=1e-9)
    (valences,) = lexicon_server.client.post("/v1/lexicon/classify", json={"input": TEXT}).json()[
        "data"
    ]
    scores = {TEXT[each["start"] : each["end"]]: each["score"] for each in valences["matches"]}
    found = {unit["text"]: unit["logits"][1] * valences["words"] for unit in datum["units"]}
    assert found["wonderful"] == pytest.approx(scores["wonderful"])


def test_a_caller_that_hangs_up_gets_nothing_computed(server: Server) -> None:
    # Each text is one window, and its sentences differ: what is left without one of them is read
    # once for each. All passes fit the limit on the tokens of a request.
    text = " ".join(f"It ends well after {number} hours." for number in range(10, 60))
    body = json.dumps({"input": [text] * 5, "units": "sentence"})
    head = "POST /v1/explain HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    hung_up = server.log.read_text(encoding="utf-8").count('"status": 499')
    wait_for(lambda: pending_tokens(server) == 0, "the line did not become empty")
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        wait_for(lambda: pending_tokens(server) > 0, "its passes were never in the line")
    wait_for(
        lambda: server.log.read_text(encoding="utf-8").count('"status": 499') > hung_up,
        "the request went on",
    )
    wait_for(lambda: pending_tokens(server) == 0, "its passes stayed in the line")
    explained(server, input="one")


def pending_tokens(server: Server) -> float:
    """Returns the gauge after one more answer, because answers set it."""
    classified(server, ["one"])
    return scrape(server).get(("sentiment_pending_tokens", frozenset()), 0.0)


def wait_for(condition: Callable[[], bool], failure: str) -> None:
    for _ in range(100):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail(failure)
