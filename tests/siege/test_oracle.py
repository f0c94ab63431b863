"""What is called wrong, and what is not."""

from __future__ import annotations

import asyncio
import base64
import json
import struct

import pytest
from fake_server import fake_server, response

from scripts.besieging.answers import Answer, NotHTTP, parse_head
from scripts.besieging.oracle import judge
from scripts.besieging.request import Delivery, Request
from scripts.besieging.transport import Connection, Ended, Exchange, exchange

OPENAI = {"message": "no", "type": "a", "param": None, "code": 400}


def request(path: str | None = "/classify", **more: object) -> Request:
    head = b"POST /classify HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    return Request(1, "", "POST", path, head, b"", Delivery.FRESH, **more)  # type: ignore[arg-type]


def answered(status: int, body: object, *fields: str) -> Exchange:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head, _, rest = response(status, content, *fields).partition(b"\r\n\r\n")
    return Exchange([Answer(parse_head(head + b"\r\n\r\n"), rest)])


@pytest.mark.parametrize(
    ("path", "status", "body", "fields"),
    [
        ("/classify", 200, {"data": [0.5]}, []),
        ("/classify", 400, {"error": OPENAI}, []),
        ("/predict", 422, {"error": "no", "error_type": "Validation"}, []),
        ("/rerank", 422, {"error": "no", "error_type": "Validation"}, []),
        ("/v2/rerank", 400, {"error": OPENAI}, []),
        ("/v2/models/a/infer", 404, {"error": "no"}, []),
        ("/v1/models/a:predict", 400, {"error": "no"}, []),
        ("/classify", 503, {"error": {**OPENAI, "code": 503}}, ["Retry-After: 5"]),
        ("/health", 405, {"detail": "no"}, []),
        (None, 404, {"error": "no"}, []),
    ],
)
def test_right(path: str | None, status: int, body: object, fields: list[str]) -> None:
    assert judge(request(path), answered(status, body, *fields)) is None


@pytest.mark.parametrize(
    ("path", "status", "body", "wrong"),
    [
        ("/classify", 500, {"error": {**OPENAI, "code": 500}}, "status 500"),
        ("/predict", 424, {"error": "no", "error_type": "Backend"}, "status 424"),
        ("/classify", 502, b"", "status 502"),
        ("/classify", 503, {"error": {**OPENAI, "code": 503}}, "503 without Retry-After"),
        ("/classify", 200, b'{"data": [NaN]}', "NaN in the answer"),
        ("/classify", 200, b'{"data": [-Infinity]}', "-Infinity in the answer"),
        ("/classify", 200, b'{"data": ', "JSON that is none"),
        ("/classify", 400, {"error": "no"}, "another envelope"),
        ("/classify", 404, {"error": OPENAI}, "another envelope"),
        ("/predict", 400, {"error": OPENAI}, "another envelope"),
        ("/v2/models/a/infer", 400, {"error": OPENAI}, "another envelope"),
        ("/v2/rerank", 400, {"error": "no"}, "another envelope"),
        ("/rerank", 400, {"error": OPENAI}, "another envelope"),
        ("/classify", 400, {"detail": "no"}, "another envelope"),
        ("/classify", 400, b"", "no body"),
        ("/classify", 400, {"error": {**OPENAI, "message": "a" * 5000}}, "a refusal of"),
    ],
)
def test_wrong(path: str, status: int, body: object, wrong: str) -> None:
    assert (judge(request(path), answered(status, body)) or "").startswith(wrong)


def test_base64_that_is_not_finite() -> None:
    packed = base64.b64encode(struct.pack("<2f", 1.0, float("nan"))).decode()
    body = {"data": [{"embedding": packed}]}
    found = judge(request("/v1/embeddings"), answered(200, body))
    assert (found or "").startswith("a logit in base64 is not finite")


def test_an_answer_without_an_id_is_the_parsers_alone() -> None:
    head = parse_head(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n")
    found = Exchange([Answer(head, b"no")])
    assert (judge(request(), found) or "").startswith("no X-Request-Id")
    assert judge(request(well_formed=False), found) is None


def test_a_close_is_an_answer_to_what_is_no_request() -> None:
    assert judge(request(well_formed=False), Exchange(ended=Ended(b"", False))) is None
    assert judge(request(), Exchange(ended=Ended(b"", False))) == "closed without an answer"
    cut = Exchange(ended=Ended(b"HTTP/1.1 200 OK\r\n", False))
    assert (judge(request(well_formed=False), cut) or "").startswith("an answer was cut")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 99 a\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: c\nB: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_heads_that_are_none(head: bytes) -> None:
    with pytest.raises(NotHTTP):
        parse_head(head).length("GET")


def sent(answer: bytes | None, within: float = 30) -> Exchange:
    async def send(port: int) -> Exchange:
        connection = await Connection.open("127.0.0.1", port)
        found = await exchange(connection, request(), within)
        connection.close()
        await asyncio.sleep(0.01)
        return found

    with fake_server(lambda path, body: answer) as port:
        return asyncio.run(send(port))


def test_a_hang_is_found() -> None:
    found = judge(request(), sent(None, within=0.2))
    assert found == "neither answer nor end within 0.2 s"


def test_an_answer_in_chunks_is_read() -> None:
    chunks = b"3\r\nabc\r\n2;a=b\r\nde\r\n0\r\n\r\n"
    found = sent(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert found.answers[0].body == b"abcde"


def test_interim_answers_are_passed_over() -> None:
    found = sent(b"HTTP/1.1 100 Continue\r\n\r\n" + response(200, b"{}"))
    assert [answer.status for answer in found.answers] == [200]


def test_what_is_not_http_is_found() -> None:
    assert (judge(request(), sent(b"hello\r\n\r\n")) or "").startswith("not HTTP")
