"""Word lists over HTTP: in every dialect, by name, in either kind of server."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import openai
import pytest
from server_process import Server
from tritonclient import http as triton

pytestmark = pytest.mark.slow

TEXT = "The cast is great, the plot is not good at all. \U0001f600 I can\u2019t stand it."
LISTS = ["afinn-111", "mvp-29"]


@pytest.fixture(params=["server", "lexicon_server"])
def either(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


def post(server: Server, path: str, body: Any, **headers: str) -> httpx.Response:
    response = server.client.post(path, json=body, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["X-Sentiment-Route"] == "lexicon"
    assert "X-Sentiment-Fallback-Reason" not in response.headers
    return response


def test_the_full_answer(either: Server) -> None:
    answer = post(either, "/v1/lexicon/classify", {"input": [TEXT, "A film."]}).json()
    assert (answer["model"], answer["language"]) == ("afinn-111", "en")
    first, second = answer["data"]
    assert (first["label"], first["sum"], first["words"]) == ("NEGATIVE", -2, 15)
    assert first["mean"] == pytest.approx(-2 / 15)
    spans = [TEXT[match["start"] : match["end"]] for match in first["matches"]]
    assert spans == ["great", "not good", "can\u2019t stand"]
    assert [match["score"] for match in first["matches"]] == [3, -2, -3]
    assert (second["label"], second["matches"]) == ("NEUTRAL", [])


def test_options_of_the_full_answer(either: Server) -> None:
    path, text = "/v1/lexicon/classify", "never a happy day"
    plain = post(either, path, {"input": text, "model": "mvp-29"}).json()
    modified = post(either, path, {"input": text, "modifiers": True}).json()
    banded = post(either, path, {"input": text, "neutral_band": 5}).json()
    labels = [each["data"][0]["label"] for each in (plain, modified, banded)]
    assert labels == ["POSITIVE", "NEGATIVE", "NEUTRAL"]
    assert (modified["modifiers"], banded["neutral_band"]) == (True, 5)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"input": ""}, 400),
        ({"input": []}, 400),
        ({"input": [101, 102]}, 400),
        ({"input": "a", "neutral_band": -1}, 400),
        ({"input": "a", "neutral_band": 6}, 400),
        ({"input": "a", "modifiers": "yes"}, 400),
        ({"input": "a", "model": "distilbert-minilm-l6-sst2"}, 404),
        ({"input": "a", "model": "vader"}, 404),
    ],
)
def test_bad_requests_for_the_full_answer(either: Server, body: Any, status: int) -> None:
    response = either.client.post("/v1/lexicon/classify", json=body)
    assert response.status_code == status
    assert response.json()["error"]["code"] == status


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("path", ["/classify", "/v1/classify"])
def test_vllm(either: Server, path: str, name: str) -> None:
    answer = post(either, path, {"model": name, "input": ["great", "bad"]}).json()
    assert (answer["model"], answer["route"]) == (name, "lexicon")
    assert answer["lexicon"]["name"] == name
    assert answer["lexicon"]["reason"] is None
    assert "no probability" in answer["lexicon"]["scale"]
    great, bad = answer["data"]
    assert (great["label"], bad["label"], great["num_classes"]) == ("POSITIVE", "NEGATIVE", 3)
    assert great["probs"] == pytest.approx([(1 - 3 / 5) / 3, 1 / 3, (1 + 3 / 5) / 3])
    raw = post(either, path, {"model": name, "input": "great", "use_activation": False}).json()
    assert raw["data"][0]["probs"] == [-3, 0, 3]


def test_openai_clients(either: Server) -> None:
    with openai.OpenAI(base_url=f"{either.url}/v1", api_key="none", max_retries=0) as client:
        assert [each.id for each in client.models.list().data][1:] == LISTS
        model = client.models.retrieve("mvp-29")
        assert model.model_extra is not None
        assert (model.model_extra["route"], model.model_extra["max_model_len"]) == ("lexicon", None)
        vector = client.embeddings.create(model="afinn-111", input="great").data[0].embedding
        np.testing.assert_array_equal(vector, [-3, 0, 3])
        decisions = client.decisions.create(
            model="afinn-111",
            input="great",
            questions=[
                {
                    "type": "choice",
                    "instructions": "Which?",
                    "choices": [{"value": "NEGATIVE"}, {"value": "POSITIVE"}],
                },
                {"type": "predicate", "name": "positive", "instructions": "Is it?"},
            ],
        )
        choice, predicate = decisions.answers
        assert (choice.type, predicate.type) == ("choice", "predicate")
        assert choice.choice == "POSITIVE"
        assert predicate.probability == pytest.approx((1 + 3 / 5) / 3)


def test_a_neutral_text_is_no_choice_between_two_signs(either: Server) -> None:
    def ask(*values: str) -> dict[str, Any]:
        question = {"type": "choice", "instructions": "Which?"}
        question |= {"choices": [{"value": value} for value in values]}
        body = {"model": "afinn-111", "input": "a film", "questions": [question]}
        answer: dict[str, Any] = post(either, "/v1/decisions", body).json()["answers"][0]
        return answer

    assert ask("NEGATIVE", "POSITIVE", "NEUTRAL")["choice"] == "NEUTRAL"
    assert ask("NEGATIVE", "POSITIVE")["type"] == "refusal"


def test_tei(either: Server) -> None:
    response = post(either, "/predict", {"model": "afinn-111", "inputs": [["bad"], ["a film"]]})
    assert response.headers["X-Sentiment-Lexicon"] == "afinn-111"
    bad, neutral = response.json()
    assert [each["label"] for each in bad] == ["NEGATIVE", "NEUTRAL", "POSITIVE"]
    assert neutral[0]["label"] == "NEUTRAL"


def test_kserve(either: Server) -> None:
    predicted = post(either, "/v1/models/afinn-111:predict", {"instances": ["great"]}).json()
    assert predicted["predictions"][0]["label"] == "POSITIVE"
    assert predicted["lexicon"]["name"] == "afinn-111"
    client = triton.InferenceServerClient(either.url.removeprefix("http://"))
    assert client.is_model_ready("mvp-29")
    assert client.get_model_metadata("mvp-29")["outputs"][1]["shape"] == [-1, 3]
    data = triton.InferInput("text", [2], "BYTES")
    data.set_data_from_numpy(np.array(["great", "bad"], dtype=object))
    result = client.infer("mvp-29", [data])
    assert result.as_numpy("probabilities").shape == (2, 3)
    assert result.get_response()["parameters"]["lexicon"]["name"] == "mvp-29"
    client.close()
