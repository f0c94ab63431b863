"""The client, against a server whose answers a test chooses."""

from __future__ import annotations

import asyncio
import json
import socket

from fake_server import fake_server, response

from distilbert_sentiment_arch.recommend.connection import Client

REQUESTS = [["good", "bad"], ["neither"]]


def sent(port: int, count: int) -> list[int | str]:
    async def send() -> list[int | str]:
        client = Client(port, REQUESTS)
        found: list[int | str] = []
        for number in range(count):
            try:
                found.append(await client.send(number))
            except OSError as error:
                found.append(type(error).__name__)
        client.close()
        return found

    return asyncio.run(send())


def test_requests_in_turn_and_the_texts_answered() -> None:
    bodies = []

    def answer(path: str, body: bytes) -> bytes:
        assert path == "/classify"
        bodies.append(json.loads(body))
        return response(200, b"{}")

    with fake_server(answer) as port:
        assert sent(port, 3) == [2, 1, 2]
    assert bodies == [{"input": REQUESTS[n], "truncation": "end"} for n in (0, 1, 0)]


def test_a_refusal_answers_no_text() -> None:
    with fake_server(lambda path, body: response(429, b"{}")) as port:
        assert sent(port, 2) == [0, 0]


def test_what_is_no_answer_is_an_error_and_the_next_request_is_sent() -> None:
    answers = [b"not HTTP at all\r\n\r\n", response(200, b"{}")]
    with fake_server(lambda path, body: answers.pop(0)) as port:
        assert sent(port, 2) == ["ConnectionError", 1]


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert sent(taken.getsockname()[1], 1) == ["ConnectionRefusedError"]
