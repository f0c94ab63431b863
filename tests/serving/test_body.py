"""Request bodies: deadlines, limits on memory, and limits checked before parsing."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from linear_time import check_linear
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from distilbert_sentiment_arch.errors import (
    BodyTimeout,
    InputError,
    Overloaded,
    TooManyCharacters,
    TooManyInputs,
    TooManyTokensInRequest,
    TooManyValues,
    TooMuch,
)
from distilbert_sentiment_arch.serving.body import BufferedBytes, read_body, validated
from distilbert_sentiment_arch.serving.dialects.kserve_v1 import V1Body
from distilbert_sentiment_arch.serving.dialects.kserve_v2 import BINARY_HEADER, InferBody, parse
from distilbert_sentiment_arch.serving.dialects.openai_decisions import DecisionBody
from distilbert_sentiment_arch.serving.dialects.tei_predict import PredictBody
from distilbert_sentiment_arch.serving.dialects.vllm_classify import ClassifyBody
from distilbert_sentiment_arch.serving.errors import failure_of
from distilbert_sentiment_arch.settings.limits import MIB, Limits

LIMITS = Limits()


class AnyBody(BaseModel):
    anything: Any = None


def request_of(*parts: bytes | None, pause_s: float = 0.0) -> Request:
    """Returns a request whose body comes in parts; None stands for a disconnect."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause_s)
        part = left.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


def test_a_body_in_parts() -> None:
    buffered = BufferedBytes(100)
    with buffered.share() as held:
        content = asyncio.run(read_body(request_of(b"a", b"", b"bc"), held, 1))
    assert bytes(content) == b"abc"


def test_a_body_that_is_too_slow() -> None:
    with (
        BufferedBytes(100).share() as held,
        pytest.raises(BodyTimeout, match=r"0\.05 seconds"),
    ):
        asyncio.run(read_body(request_of(*[b"a"] * 100, pause_s=0.01), held, 0.05))


def test_a_client_that_disconnects() -> None:
    with BufferedBytes(100).share() as held, pytest.raises(ClientDisconnect):
        asyncio.run(read_body(request_of(b"a", None), held, 1))


def test_large_bodies_leave_room_for_small_ones() -> None:
    buffered = BufferedBytes(10 * MIB)
    with (
        buffered.share() as first,
        buffered.share() as second,
        buffered.share() as third,
    ):
        first.grow_to(6 * MIB)
        second.grow_to(4 * MIB)
        with pytest.raises(Overloaded):
            third.grow_to(MIB)
        third.grow_to(16_384)
        assert buffered.held <= 10 * MIB
    assert buffered.held == 0


def test_an_idle_server_accepts_a_body_of_any_size() -> None:
    buffered = BufferedBytes(MIB)
    with buffered.share() as first, buffered.share() as second:
        first.grow_to(5 * MIB)
        with pytest.raises(Overloaded):
            second.grow_to(MIB)
    with buffered.share() as second:
        second.grow_to(MIB)


def test_buffer_space_is_released_after_every_outcome() -> None:
    buffered = BufferedBytes(10 * MIB)

    def fail() -> None:
        with buffered.share() as held:
            held.grow_to(5 * MIB)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert buffered.held == 0


def values_in(decoded: Any) -> int:
    """Counts values as documented for the limit: texts, numbers, lists, objects and keys."""
    if isinstance(decoded, list):
        return 1 + sum(map(values_in, decoded))
    if isinstance(decoded, dict):
        return 1 + sum(1 + values_in(value) for value in decoded.values())
    return 1


def random_json(generator: random.Random, depth: int = 0) -> Any:
    kinds = ["text", "number", "list", "object"] if depth < 4 else ["text", "number"]
    match generator.choice(kinds):
        case "text":
            return "".join(generator.choices('ab",:[]{}\\\n\u00e9\u6620\U0001f600', k=8))
        case "number":
            return generator.choice([0, -1.5, True, None, 10**5])
        case "list":
            return [random_json(generator, depth + 1) for _ in range(generator.randrange(6))]
    return {f'k{i}"\\,': random_json(generator, depth + 1) for i in range(generator.randrange(6))}


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_bodies_within_the_limit_on_values_pass_whatever_their_strings_contain(
    ensure_ascii: bool,
) -> None:
    generator = random.Random(13)
    for _ in range(300):
        decoded = {"anything": random_json(generator), "padding": "x" * 70_000}
        content = json.dumps(decoded, ensure_ascii=ensure_ascii).encode()
        read = validated(content, AnyBody, Limits(max_body_values=max(64, values_in(decoded))))
        assert read.anything == decoded["anything"]


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"1," * 100_000 + b"1]",
        b"[" + b"[]," * 100_000 + b"1]",
        b'{"a":[' + b'"",' * 100_000 + b"1]}",
        b'{"a":{' + b'"a":{"b":1},' * 50_000 + b'"a":1}}',
        b"[" + b"1" * 900_000 + b"]",
    ],
    ids=["numbers", "lists", "texts", "objects", "one number"],
)
def test_bodies_over_the_limit_on_values_are_not_parsed(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(TooManyValues, match="more than 100000 JSON values"):
        validated(content, AnyBody, Limits(max_body_values=100_000))


@pytest.mark.parametrize("text", ["a", "\u00e9", "\ud55c", "a\U0001f600"])
def test_more_text_than_any_request_may_have_is_not_parsed(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.dumps({"input": text * 2_200_000}, ensure_ascii=False).encode()
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(TooManyCharacters, match="524288 characters"):
        validated(content, ClassifyBody, LIMITS)


@pytest.mark.parametrize("text", ['"', "\\", "\n", "\u6620", "\U0001f600", "a"])
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_as_much_text_as_a_request_may_have_is_parsed(text: str, ensure_ascii: bool) -> None:
    texts = {"input": text * LIMITS.max_request_characters}
    body = validated(json.dumps(texts, ensure_ascii=ensure_ascii).encode(), ClassifyBody, LIMITS)
    assert body.input == [texts["input"]]


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (V1Body, {"instances": [1] * 3000}),
        (V1Body, {"instances": ["a"] * 3000}),
        (PredictBody, {"inputs": [["a"]] * 3000}),
        (PredictBody, {"inputs": [1] * 3000}),
        (ClassifyBody, {"input": [[]] * 3000}),
        (ClassifyBody, {"input": ["a"] * 3000}),
        (ClassifyBody, {"input": [[1]] * 3000}),
    ],
)
def test_inputs_are_counted_before_they_are_validated(
    model: type[BaseModel], body: dict[str, Any]
) -> None:
    with pytest.raises(TooManyInputs, match="3000 inputs"):
        validated(json.dumps(body).encode(), model, LIMITS)


@pytest.mark.parametrize("wrap", [lambda ids: ids, lambda ids: [ids]])
def test_token_ids_are_counted_before_they_are_validated(wrap: Callable[[Any], Any]) -> None:
    limits = Limits(max_request_tokens=1000)
    assert validated(json.dumps({"input": wrap([1] * 1000)}).encode(), ClassifyBody, limits)
    with pytest.raises(TooManyTokensInRequest):
        validated(json.dumps({"input": wrap([1] * 1001)}).encode(), ClassifyBody, limits)


DECISION = {"model": "m", "input": "a"}
TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}
CHOICE = {"type": "choice", "instructions": "a", "choices": [1] * 2000}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (V1Body, {"instances": [1] * 2000}),
        (InferBody, {"inputs": [TENSOR], "outputs": [1] * 2000}),
        (InferBody, {"inputs": [TENSOR], "outputs": [{"name": "label"}] * 2000}),
        (InferBody, {"inputs": [1] * 2000}),
        (InferBody, {"inputs": [TENSOR | {"shape": ["a"] * 2000}]}),
        (DecisionBody, DECISION | {"questions": [1] * 2000}),
        (DecisionBody, DECISION | {"questions": [CHOICE]}),
        (DecisionBody, DECISION | {"questions": [CHOICE | {"choices": [{"value": 1.5}] * 200}]}),
        (DecisionBody, DECISION | {"questions": [CHOICE | {"instructions": [1] * 2000}]}),
    ],
)
def test_many_invalid_elements_give_one_error(model: type[BaseModel], body: dict[str, Any]) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - pydantic's, with what it holds
        validated(json.dumps(body).encode(), model, LIMITS)
    assert len(raised.value.errors()) <= 3  # type: ignore[attr-defined]
    assert failure_of(raised.value).status == 400


def binary(count: int, *elements: bytes) -> tuple[bytes, dict[str, str]]:
    blob = b"".join(len(each).to_bytes(4, "little") + each for each in elements)
    tensor = TENSOR | {"shape": [count], "parameters": {"binary_data_size": len(blob)}}
    del tensor["data"]
    head = json.dumps({"inputs": [tensor]}).encode()
    return head + blob, {BINARY_HEADER: str(len(head))}


def test_a_binary_tensor() -> None:
    assert parse(*binary(2, b"good", "\ud55c".encode()), LIMITS).texts == ["good", "\ud55c"]


@pytest.mark.parametrize(
    ("count", "elements", "error"),
    [
        (1, 3, "more elements than the 1 of its shape"),
        (3, 1, "cut short"),
        (-1, 1, "shape"),
        (2_000_000, 2_000_000, "2000000 inputs"),
        (1, 1_000_000, "more elements"),
    ],
)
def test_the_elements_of_a_binary_tensor_are_counted_by_its_shape(
    count: int, elements: int, error: str
) -> None:
    with pytest.raises(InputError, match=error):
        parse(*binary(count, *[b""] * elements), LIMITS)


ADVERSARIAL: dict[str, tuple[str, str, str]] = {
    "numbers": ('{"input":[', "1,", "1]}"),
    "large numbers": ('{"input":[', "1" * 4000 + ",", "1]}"),
    "floats": ('{"input":[', "1.000000000000000000001,", "1]}"),
    "one float": ('{"input":0.', "1", "}"),
    "lists": ('{"input":[', "[],", "[]]}"),
    "nested": ('{"input":', "[", ""),
    "objects": ('{"input":[', '{"a":[]},', "1]}"),
    "texts": ('{"input":[', '"",', '""]}'),
    "quotes": ("", '"', ""),
    "escapes": ('{"input":"', "\\u0301\\u0323", '"}'),
    "escaped quotes": ('{"input":"', '\\"', '"}'),
    "backslashes": ('{"input":"', "\\\\", '"}'),
    "text": ('{"input":"', "\ud55c", '"}'),
    "text of all planes": ('{"input":"\U0001f600', "a", '"}'),
    "white space": ("", " ", "1"),
    "instances": ('{"instances":[', "1,", "1]}"),
    "messages": ('{"model":"m","input":[', '{"role":"user","content":"a"},', '1],"questions":[]}'),
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_time_is_linear_in_the_size_of_a_body(name: str) -> None:
    start, unit, end = ADVERSARIAL[name]
    model: type[BaseModel] = {"instances": V1Body, "messages": DecisionBody}.get(name, ClassifyBody)

    def prepare(size: int) -> Callable[[], None]:
        count = (size - len(start) - len(end)) // len(unit.encode())
        content = (start + unit * count + end).encode()

        def run() -> None:
            with suppress(TooMuch, ValueError, InputError):
                validated(content, model, LIMITS)

        return run

    check_linear(prepare)
