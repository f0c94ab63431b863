"""POST /classify in vLLM's shape, against the real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from server_process import Server

pytestmark = pytest.mark.slow

MODEL = "distilbert-minilm-l6-sst2"
REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "hugging_face.json"


def post(server: Server, **body: Any) -> dict[str, Any]:
    response = server.client.post("/classify", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_shape(server: Server) -> None:
    response = server.client.post(
        "/classify", json={"model": MODEL, "input": "What a wonderful film.", "request_id": "r1"}
    )
    assert response.headers["X-Sentiment-Route"] == "model"
    answer = response.json()
    (datum,) = answer.pop("data")
    created = answer.pop("created")
    assert isinstance(created, int)
    assert answer == {
        "id": "classify-r1",
        "object": "list",
        "model": MODEL,
        "route": "model",
        "lexicon": None,
        "usage": {
            "prompt_tokens": 7,
            "total_tokens": 7,
            "completion_tokens": 0,
            "prompt_tokens_details": None,
        },
    }
    probabilities = datum.pop("probs")
    assert sum(probabilities) == pytest.approx(1)
    assert probabilities[1] > 0.9
    assert datum == {"index": 0, "label": "POSITIVE", "num_classes": 2, "truncation": None}


def test_logits_of_the_reference_texts(server: Server) -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"]
    answer = post(server, input=[each["text"] for each in reference], use_activation=False)
    logits = [datum["probs"] for datum in answer["data"]]
    assert [datum["index"] for datum in answer["data"]] == list(range(len(reference)))
    np.testing.assert_allclose(logits, [each["logits"] for each in reference], atol=1e-4, rtol=0)
    assert answer["usage"]["prompt_tokens"] == sum(each["tokens"] for each in reference)


def test_token_ids_are_read_as_they_are(server: Server) -> None:
    by_text = post(server, input="so good", use_activation=False)
    by_ids = post(server, input=[101, 2061, 2204, 102], use_activation=False)
    several = post(server, input=[[101, 2061, 2204, 102], [101, 6659, 102]], use_activation=False)
    for answer in (by_ids, several):
        np.testing.assert_allclose(
            answer["data"][0]["probs"], by_text["data"][0]["probs"], atol=1e-5
        )
    assert several["data"][1]["label"] == "NEGATIVE"


def test_too_long_is_refused_with_the_counts(server: Server) -> None:
    response = server.client.post("/classify", json={"input": "good " * 600})
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert "602 tokens" in message
    assert "512" in message


@pytest.mark.parametrize("side", ["left", "right"])
def test_truncation_is_told(server: Server, side: str) -> None:
    words = ["terrible"] * 300 + ["wonderful"] * 300
    answer = post(server, input=" ".join(words), truncate_prompt_tokens=202, truncation_side=side)
    datum = answer["data"][0]
    assert datum["truncation"] == {"tokens": 602, "tokens_read": 202, "windows": 1}
    assert datum["label"] == ("POSITIVE" if side == "left" else "NEGATIVE")
    assert answer["usage"]["prompt_tokens"] == 202


def test_minus_one_truncates_to_the_limit_of_the_model(server: Server) -> None:
    answer = post(server, input="good " * 600, truncate_prompt_tokens=-1)
    assert answer["data"][0]["truncation"] == {"tokens": 602, "tokens_read": 512, "windows": 1}


def test_special_tokens_typed_by_a_user_are_text(server: Server) -> None:
    answer = post(server, input=["A [PAD] good [SEP] film [MASK]"])
    assert answer["usage"]["prompt_tokens"] == 2 + 3 + 3 * 3


def test_unknown_fields_are_ignored_as_vllm_does(server: Server) -> None:
    assert post(server, input="fine", priority=3, mm_processor_kwargs=None)["data"]


def test_openai_client_speaks_it(server: Server) -> None:
    client = openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)
    answer = client.post(
        "/classify", body={"model": MODEL, "input": ["I hate it."]}, cast_to=dict[str, Any]
    )
    assert answer["data"][0]["label"] == "NEGATIVE"


def test_a_review_of_20_000_words_is_read_whole(server: Server) -> None:
    review = "The food was terrible. " * 2500 + "The service was wonderful. " * 2500
    answer = post(server, input=review, truncation="window")
    (datum,) = answer["data"]
    assert datum["truncation"]["tokens"] == datum["truncation"]["tokens_read"] == 25_002
    assert datum["truncation"]["windows"] == 65
    assert answer["usage"]["prompt_tokens"] == 25_002
    assert sum(datum["probs"]) == pytest.approx(1)
