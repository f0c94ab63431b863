"""What is asked for and not waited for is not computed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from distilbert_sentiment_arch.serving.hang_up import (
    CLIENT_CLOSED_REQUEST,
    PATIENCE_S,
    unless_hung_up,
)

SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": []}
PARTS: list[Message] = [
    {"type": "http.request", "body": b"ab", "more_body": True},
    {"type": "http.request", "body": b"c", "more_body": False},
]


class Caller:
    """Sends a body in two parts and stays, or hangs up after a while."""

    def __init__(self, stays_s: float) -> None:
        self.parts = list(PARTS)
        self.stays_s = stays_s

    async def __call__(self) -> Message:
        if self.parts:
            return self.parts.pop(0)
        await asyncio.sleep(self.stays_s)
        return {"type": "http.disconnect"}


class Computation:
    """Reads the body, then takes its time."""

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


@pytest.mark.parametrize("seconds", [0, 3 * PATIENCE_S])
def test_who_stays_is_answered_and_nobody_watches_on(seconds: float) -> None:
    async def run() -> None:
        response = await unless_hung_up(SCOPE, Caller(60), Computation(seconds))
        assert (response.status_code, response.body) == (200, b"abc")
        assert not await others()

    asyncio.run(run())


def test_who_hangs_up_is_not_computed_for() -> None:
    async def run() -> None:
        computation = Computation(60)
        response = await unless_hung_up(SCOPE, Caller(PATIENCE_S), computation)
        assert response.status_code == CLIENT_CLOSED_REQUEST
        assert computation.cancelled
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        assert not await others()

    asyncio.run(run())


def test_another_cancellation_is_not_taken_for_it() -> None:
    async def run() -> None:
        task = asyncio.create_task(unless_hung_up(SCOPE, Caller(60), Computation(60)))
        await asyncio.sleep(2 * PATIENCE_S)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await others()

    asyncio.run(run())
