"""Callers that hang up before their answer: the rest of what they asked for is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

CLIENT_CLOSED_REQUEST = 499
"""The status that nginx and MAX log for it; nobody receives it."""

PATIENCE_S = 0.05
"""How long after its body nobody looks whether the caller is there: most requests are answered by
then, and a look is a task."""

_HUNG_UP = "the caller hung up"


async def unless_hung_up(
    scope: Scope, receive: Receive, respond: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Answers a request, and cancels what answers it if the caller hangs up.

    Args:
        scope: The request's.
        receive: The server's; read on here once the body is complete.
        respond: What answers.
    """
    loop = asyncio.get_running_loop()
    answering = asyncio.current_task()
    assert answering is not None
    timer: asyncio.TimerHandle | None = None
    watch: asyncio.Task[None] | None = None

    async def until_hung_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        answering.cancel(_HUNG_UP)

    def start() -> None:
        nonlocal watch
        watch = loop.create_task(until_hung_up())

    async def received() -> Message:
        nonlocal timer
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            timer = loop.call_later(PATIENCE_S, start)
        return message

    try:
        return await respond(Request(scope, received))
    except asyncio.CancelledError as cancelled:
        if cancelled.args != (_HUNG_UP,):
            raise
        answering.uncancel()
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    finally:
        if timer is not None:
            timer.cancel()
        if watch is not None:
            watch.cancel()
