"""Requests that cannot be answered get a 4xx in OpenAI's envelope, and the server stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server_process import Server

pytestmark = pytest.mark.slow

DEEP = "[" * 100_000 + "]" * 100_000

# name -> (input, status, what the message says)
INPUTS: dict[str, tuple[Any, int, str]] = {
    "id far out of range": ([999_999_999], 400, "Token id 999999999 is outside the vocabulary"),
    "id just out of range": ([[101, 30522, 102]], 400, "30522 is outside the vocabulary, 0..30521"),
    "negative id": ([-1], 400, "Token id -1"),
    "id beyond 64 bits": ([2**70], 400, "outside the vocabulary"),
    "empty list": ([], 400, "empty"),
    "empty id list": ([[]], 400, "empty"),
    "empty text": ("", 400, "Input 0 is blank"),
    "blank text": (["fine", " \n\t "], 400, "Input 1 is blank"),
    "only invisible characters": ("\u200b\u200d\ufeff", 400, "Input 0"),
    "NUL": ("a\u0000b", 400, "NUL"),
    "lone surrogate": ("a\ud800b", 400, "lone surrogate"),
    "a megabyte of text": ("word " * 200_000, 413, "more than 524288 characters"),
    "a token for every other character": ("! " * 140_000, 413, "more than 131072 tokens"),
    "half a megabyte without spaces": ("a" * 500_000, 200, ""),
    "ten thousand inputs": (["good"] * 10_000, 413, "10000 inputs"),
    "too many ids": ([2204] * 513, 400, "513 tokens"),
    "number": (5, 400, "neither a text nor a list"),
    "null": (None, 400, "neither a text nor a list"),
    "object": ({"text": "a"}, 400, "neither a text nor a list"),
    "booleans": ([True, False], 400, "element 0"),
    "floats": ([101.0, 102.0], 400, "element 0"),
    "text and ids": (["good", [101, True]], 400, "element 1"),
    "nested": ([[["good"]]], 400, "element 0"),
}

# name -> (body, content type, status)
BODIES: dict[str, tuple[bytes, str, int]] = {
    "not JSON": (b"{", "application/json", 400),
    "empty": (b"", "application/json", 400),
    "not UTF-8": (b'{"input": "\xff\xfe"}', "application/json", 400),
    "a list": (b"[]", "application/json", 400),
    "a string": (b'"good"', "application/json", 400),
    "no input": (b"{}", "application/json", 400),
    "deep": (DEEP.encode(), "application/json", 400),
    "deep input": (b'{"input": ' + DEEP.encode() + b"}", "application/json", 400),
    "huge number": (b'{"input": ' + b"9" * 100_000 + b"}", "application/json", 400),
    "NaN": (b'{"input": NaN}', "application/json", 400),
    "form": (b"input=good", "application/x-www-form-urlencoded", 400),
    "plain text": (b"good", "text/plain", 400),
    "wrong type of model": (b'{"model": 5, "input": "good"}', "application/json", 400),
    "unknown model": (b'{"model": "gpt-9", "input": "good"}', "application/json", 404),
}

OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "truncation to nothing": ({"truncate_prompt_tokens": 0}, "3 (one token between"),
    "truncation beyond the limit": ({"truncate_prompt_tokens": 513}, "to 512"),
    "truncation by text": ({"truncate_prompt_tokens": "5"}, "truncate_prompt_tokens"),
    "unknown side": ({"truncation_side": "middle"}, "truncation_side"),
    "activation by number": ({"use_activation": 1}, "use_activation"),
}


def check_error(response: Any, status: int) -> str:
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/json"
    (key, error), *rest = response.json().items()
    assert (key, rest) == ("error", [])
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == status
    assert len(error["message"]) < 500
    return str(error["message"])


def check_alive(server: Server) -> None:
    answer = server.client.post("/classify", json={"input": ["I love it.", "I hate it."]})
    assert [datum["label"] for datum in answer.json()["data"]] == ["POSITIVE", "NEGATIVE"]


@pytest.mark.parametrize("path", ["/classify", "/v1/embeddings"])
@pytest.mark.parametrize("name", INPUTS)
def test_inputs(server: Server, path: str, name: str) -> None:
    value, status, expected = INPUTS[name]
    response = server.client.post(
        path,
        content=json.dumps({"input": value}),
        headers={"Content-Type": "application/json"},
    )
    if status == 200:
        assert response.status_code == 200
    else:
        assert expected in check_error(response, status)
    check_alive(server)


@pytest.mark.parametrize("path", ["/classify", "/v1/embeddings"])
@pytest.mark.parametrize("name", BODIES)
def test_bodies(server: Server, path: str, name: str) -> None:
    body, content_type, status = BODIES[name]
    response = server.client.post(path, content=body, headers={"Content-Type": content_type})
    check_error(response, status)
    check_alive(server)


@pytest.mark.parametrize("name", OPTIONS)
def test_options(server: Server, name: str) -> None:
    options, expected = OPTIONS[name]
    response = server.client.post("/classify", json={"input": "good"} | options)
    assert expected in check_error(response, 400)
    check_alive(server)


def test_same_process_throughout(server: Server) -> None:
    assert server.process.poll() is None
