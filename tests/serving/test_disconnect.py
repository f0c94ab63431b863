"""Tests of the cancellation of requests whose client disconnects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from distilbert_sentiment_arch.serving.disconnect import (
    CLIENT_CLOSED_REQUEST,
    DISCONNECT_CHECK_DELAY_S,
    cancel_on_disconnect,
)

SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": []}
PARTS: list[Message] = [
    {"type": "http.request", "body": b"ab", "more_body": True},
    {"type": "http.request", "body": b"c", "more_body": False},
]


class Client:
    """Client that sends a body in two parts and disconnects after a while."""

    def __init__(self, seconds: float) -> None:
        self.parts = list(PARTS)
        self.seconds = seconds

    async def __call__(self) -> Message:
        if self.parts:
            return self.parts.pop(0)
        await asyncio.sleep(self.seconds)
        return {"type": "http.disconnect"}


class Computation:
    """Handler that reads the body and then waits."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.cancelled = False

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return Response(body)


async def others() -> set[asyncio.Task[Any]]:
    await asyncio.sleep(0)
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest.mark.parametrize("seconds", [0, 3 * DISCONNECT_CHECK_DELAY_S])
def test_a_client_that_stays_is_answered_and_no_task_is_left(seconds: float) -> None:
    async def run() -> None:
        response = await cancel_on_disconnect(SCOPE, Client(60), Computation(seconds))
        assert (response.status_code, response.body) == (200, b"abc")
        assert not await others()

    asyncio.run(run())


def test_a_disconnect_cancels_the_computation() -> None:
    async def run() -> None:
        computation = Computation(60)
        response = await cancel_on_disconnect(SCOPE, Client(DISCONNECT_CHECK_DELAY_S), computation)
        assert response.status_code == CLIENT_CLOSED_REQUEST
        assert computation.cancelled
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        assert not await others()

    asyncio.run(run())


def test_another_cancellation_is_passed_on() -> None:
    async def run() -> None:
        task = asyncio.create_task(cancel_on_disconnect(SCOPE, Client(60), Computation(60)))
        await asyncio.sleep(2 * DISCONNECT_CHECK_DELAY_S)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await others()

    asyncio.run(run())
