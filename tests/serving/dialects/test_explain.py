"""Explanations in every dialect, of a model whose logits are known numbers, and of word lists."""

from __future__ import annotations

from typing import Any

import jsonschema
import numpy as np
import pytest
from pair_models import (
    MAX_LENGTH,
    NAME,
    NLI,
    SENTIMENT,
    logits_of,
    pair_server,
    softmax,
    tokenizer,
)

TEXT = "Slow at first, but what a wonderful film."
OWEN = {"method": "owen", "passes": 40, "seed": 3}
QUESTION = {"type": "predicate", "name": "POSITIVE", "instructions": "Is it?"}
EXPLAINED = [
    ("/v1/explain", {"input": TEXT}, {}),
    ("/classify", {"input": TEXT}, {"explain": True}),
    ("/v1/decisions", {"model": NAME, "input": TEXT, "questions": [QUESTION]}, {"explain": True}),
    (f"/v1/models/{NAME}:explain", {"instances": [TEXT]}, {}),
]


def post(path: str, body: Any, **limits: Any) -> dict[str, Any]:
    answer = pair_server(SENTIMENT, **limits).post(path, json=body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def refused(path: str, body: Any, **limits: Any) -> str:
    answer = pair_server(SENTIMENT, **limits).post(path, json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    if path.startswith("/v1/models/"):
        return str(error)
    assert error["type"] == "invalid_request_error"
    return str(error["message"])


def logits(text: str) -> Any:
    return logits_of(tokenizer().encode(text).ids, 2).astype(np.float64)


def test_a_text_and_each_of_its_words() -> None:
    content = post("/v1/explain", {"model": NAME, "input": TEXT})
    assert content["id"].startswith("explain-")
    assert (content["object"], content["model"], content["route"]) == ("list", NAME, "model")
    (datum,) = content["data"]
    whole, empty = logits(TEXT), logits("")
    assert (datum["index"], datum["labels"]) == (0, list(SENTIMENT))
    assert datum["label"] == SENTIMENT[int(whole.argmax())]
    np.testing.assert_allclose(datum["logits"], whole, atol=1e-6)
    np.testing.assert_allclose(datum["probs"], softmax(whole), atol=1e-6)
    np.testing.assert_allclose(datum["base"]["logits"], empty, atol=1e-6)
    np.testing.assert_allclose(datum["base"]["probs"], softmax(empty), atol=1e-6)
    words = TEXT.split()
    variants = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
    for unit, word, variant in zip(datum["units"], words, variants, strict=True):
        assert TEXT[unit["start"] : unit["end"]] == unit["text"] == word
        np.testing.assert_allclose(unit["logits"], whole - logits(variant), atol=1e-5)
        change = softmax(whole) - softmax(logits(variant))
        np.testing.assert_allclose(unit["probs"], change, atol=1e-6)
    tokens = sum(len(tokenizer().encode(each).ids) for each in [TEXT, "", *variants])
    assert (datum["method"], datum["unit"], datum["seed"]) == ("leave_one_out", "word", None)
    assert (datum["passes"], datum["tokens"]) == (len(words) + 2, tokens)
    assert content["usage"]["prompt_tokens"] == content["usage"]["total_tokens"] == tokens


def test_owen_values_sum_to_the_difference_of_text_and_empty_text() -> None:
    first, second = post("/v1/explain", {"input": [TEXT, "No."], "units": "word", **OWEN})["data"]
    assert (first["method"], first["seed"], second["index"]) == ("owen", 3, 1)
    assert first["passes"] <= 40
    for datum in (first, second):
        for numbers in ("logits", "probs"):
            total = np.sum([unit[numbers] for unit in datum["units"]], axis=0)
            difference = np.subtract(datum[numbers], datum["base"][numbers])
            np.testing.assert_allclose(total, difference, atol=1e-4)


def explanation(datum: dict[str, Any]) -> dict[str, Any]:
    names = ("base", "method", "unit", "passes", "tokens", "seed", "units")
    return {name: datum[name] for name in names}


@pytest.mark.parametrize("options", [{}, OWEN, {"units": "sentence"}])
def test_every_dialect_has_the_same_explanation(options: dict[str, Any]) -> None:
    (datum,) = post("/v1/explain", {"input": TEXT, **options})["data"]
    expected = explanation(datum)
    for path in ("/classify", "/v1/classify"):
        content = post(path, {"input": TEXT, "explain": options or True})
        (classified,) = content["data"]
        assert classified.pop("explanation") == expected
        assert classified == post(path, {"input": TEXT})["data"][0]
        assert content["usage"]["prompt_tokens"] == expected["tokens"]
    body = {"model": NAME, "input": TEXT, "questions": [QUESTION]}
    decided = post("/v1/decisions", body | {"explain": options or True})
    assert decided.pop("explanation") == expected
    assert decided.pop("usage")["input_tokens"] == expected["tokens"]
    plain = post("/v1/decisions", body)
    del plain["usage"]
    assert decided == plain
    content = post(f"/v1/models/{NAME}:explain", {"instances": [TEXT], "parameters": options})
    assert content.pop("explanations") == [datum]
    assert content == post(f"/v1/models/{NAME}:predict", {"instances": [TEXT]})


@pytest.mark.parametrize("value", [False, None])
def test_no_explanation_unless_asked_for(value: Any) -> None:
    assert "explanation" not in post("/classify", {"input": TEXT, "explain": value})["data"][0]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"method": "shap"}, "leave_one_out"),
        ({"units": "token"}, "sentence"),
        ({"passes": 1}, "passes"),
        ({"passes": 10**9}, "passes"),
        ({"passes": "9"}, "passes"),
        ({"passes": True}, "passes"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**53}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"method": "owen", "passes": 8}, "9 passes or more"),
    ],
)
@pytest.mark.parametrize("path", [each[0] for each in EXPLAINED])
def test_bad_options_are_refused_in_the_dialect(
    path: str, options: dict[str, Any], named: str
) -> None:
    body: dict[str, Any] = next(dict(each[1]) for each in EXPLAINED if each[0] == path)
    if path == "/v1/explain":
        body |= options
    elif path.startswith("/v1/models/"):
        body["parameters"] = options
    else:
        body["explain"] = options
    assert named in refused(path, body)


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/classify", {"input": TEXT, "explain": "yes"}, "neither true nor an object"),
        ("/classify", {"input": TEXT, "explain": {"unit": "word"}}, "explain.unit"),
        ("/classify", {"input": [101, 102], "explain": True}, "Send texts"),
        ("/classify", {"input": TEXT, "explain": True, "add_special_tokens": False}, "Leave"),
        ("/v1/explain", {"input": [101, 102]}, "token ids"),
        ("/v1/explain", {"input": [["a", "b"]]}, "pairs"),
        ("/v1/explain", {"input": {"text": "a"}}, "neither a text"),
        ("/v1/explain", {"input": []}, "empty"),
        ("/v1/explain", {"input": " "}, "blank"),
        ("/v1/explain", {"input": "a\0b"}, "NUL"),
        ("/v1/explain", {}, "input"),
        ("/v1/explain", {"input": TEXT, "unit": "word"}, "unit: "),
        ("/v1/explain", {"input": TEXT, "explain": {"method": "owen"}}, "explain: "),
        (
            f"/v1/models/{NAME}:explain",
            {"instances": [TEXT], "parameters": {"unit": "word"}},
            "parameters.unit: ",
        ),
        (f"/v1/models/{NAME}:explain", {"instances": [[1]]}, "instances"),
        (f"/v1/models/{NAME}:explain", {"instances": [""]}, "blank"),
    ],
)
def test_what_is_not_explained_is_refused(path: str, body: Any, named: str) -> None:
    assert named in refused(path, body)


def test_what_clients_of_openai_send_beside_the_text_is_accepted() -> None:
    body = {"model": NAME, "input": TEXT}
    assert post("/v1/explain", body | {"user": "a"})["data"] == post("/v1/explain", body)["data"]


def test_answers_by_entailment_are_not_explained() -> None:
    server = pair_server(NLI)
    labels = {"input": TEXT, "candidate_labels": ["travel", "film"], "explain": True}
    choice = {
        "type": "choice",
        "instructions": "?",
        "choices": [{"value": "travel"}, {"value": "film"}],
    }
    decision = {"model": NAME, "input": TEXT, "questions": [choice], "explain": True}
    for path, body in (("/classify", labels), ("/v1/decisions", decision)):
        answer = server.post(path, json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "explain"


def test_truncation_and_windows() -> None:
    long = "It was slow. " * 20
    assert "tokens" in refused("/v1/explain", {"input": long})
    for mode, windows in (("start", 1), ("end", 1), ("window", 2)):
        (datum,) = post("/v1/explain", {"input": long, "truncation": mode})["data"]
        assert datum["truncation"]["windows"] == windows
        assert datum["truncation"]["tokens"] > MAX_LENGTH
    header = {"X-Sentiment-Truncation": "window"}
    answer = pair_server(SENTIMENT).post("/v1/explain", json={"input": long}, headers=header)
    assert answer.json()["data"] == [datum]
    assert answer.headers["X-Sentiment-Windows"] == "2"


def test_the_operator_limits_passes() -> None:
    assert "at most 9" in refused("/v1/explain", {"input": TEXT}, max_passes=9)
    many = {"input": "as good as it gets, and more " * 4, "method": "owen", "passes": 2049}
    assert "2049 passes over the text; allowed are at most 2048" in refused("/v1/explain", many)
    sentence = {"input": TEXT, "units": "sentence"}
    assert post("/v1/explain", sentence, max_passes=9)["data"][0]["unit"] == "sentence"
    long = {"input": "ok " * 40_000, "units": "word", "model": "afinn-111"}
    assert "units=sentence" in refused("/v1/explain", long)
    tokens = {"input": [TEXT] * 40, "truncation": "end"}
    assert "20000 tokens" in refused("/v1/explain", tokens)


def test_the_field_of_an_option_is_that_of_the_caller() -> None:
    server = pair_server(SENTIMENT, max_passes=9)
    few = {"method": "owen", "passes": 8}
    many = {"method": "owen", "passes": 40}
    for options, field in (({}, "units"), (few, "passes"), (many, "passes")):
        for path, body, param in (
            ("/v1/explain", {"input": TEXT, **options}, field),
            ("/classify", {"input": TEXT, "explain": options}, "explain"),
            (
                "/v1/decisions",
                {"model": NAME, "input": TEXT, "questions": [QUESTION], "explain": options},
                "explain",
            ),
        ):
            answer = server.post(path, json=body)
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == param
    last = {"input": TEXT, "explain": {"units": "sentence"}}
    answer = pair_server(SENTIMENT, max_passes=2).post("/classify", json=last)
    assert answer.json()["error"]["param"] == "explain"


def test_a_budget_below_one_order_is_refused_by_word_lists_too() -> None:
    body = {"input": TEXT, "method": "owen", "passes": 8}
    assert refused("/v1/explain", body) == refused("/v1/explain", body | {"model": "afinn-111"})


def test_a_word_list_has_its_own_sums() -> None:
    body = {"model": "afinn-111", "input": "A great cast, a bad plot.", "method": "owen"}
    content = post("/v1/explain", body)
    assert (content["route"], content["model"]) == ("lexicon", "afinn-111")
    (datum,) = content["data"]
    assert (datum["method"], datum["passes"], datum["tokens"]) == ("sums", 1, 6)
    assert {unit["text"]: unit["logits"][2] for unit in datum["units"]} == pytest.approx(
        {"A": 0, "great": 0.5, "cast,": 0, "a": 0, "bad": -0.5, "plot.": 0}
    )


@pytest.mark.parametrize(("path", "body", "more"), EXPLAINED)
@pytest.mark.parametrize("model", [NAME, "afinn-111"])
def test_an_answer_is_of_the_documented_type(
    path: str, body: dict[str, Any], more: dict[str, Any], model: str
) -> None:
    server = pair_server(SENTIMENT)
    document = server.get("/openapi.json").json()
    template = path.replace(NAME, "{name}")
    operation = document["paths"][template]["post"]
    if "instances" not in body:
        body = body | {"model": model}
    request = operation["requestBody"]["content"]["application/json"]["schema"]
    components = {"components": document["components"]}
    jsonschema.validate(body | more, request | components)
    answer = server.post(path.replace(NAME, model), json=body | more)
    assert answer.status_code == 200, answer.text
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), schema | components)


def test_errors_of_a_name_that_is_not_served_are_in_the_dialect() -> None:
    server = pair_server(SENTIMENT)
    body = {"instances": [TEXT]}
    assert server.post("/v1/models/other:explain", json=body).json().keys() == {"error"}
    assert server.get(f"/v1/models/{NAME}:explain").json().keys() == {"error"}
    assert server.get(f"/v1/models/{NAME}:explain").status_code == 405
    assert server.get("/v1/explain").status_code == 405
