"""Cancellation of requests whose client disconnects before the response."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

CLIENT_CLOSED_REQUEST = 499
"""HTTP status of such requests in logs and metrics, as in nginx and MAX; no client receives it."""

DISCONNECT_CHECK_DELAY_S = 0.05
"""Seconds after the end of a request's body before its connection is watched for a disconnect. Most
requests are answered earlier, and are spared the asyncio task that watches."""

_DISCONNECTED = "the client disconnected"


async def cancel_on_disconnect(
    scope: Scope, receive: Receive, respond: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Responds to a request, and cancels its computation if the client disconnects.

    Args:
        scope: ASGI scope of the request.
        receive: ASGI channel of the request; messages after the body are read here.
        respond: Computes the response.

    Returns:
        The response; an empty one with status 499 if the client disconnected.
    """
    loop = asyncio.get_running_loop()
    request_task = asyncio.current_task()
    assert request_task is not None
    timer: asyncio.TimerHandle | None = None
    watch: asyncio.Task[None] | None = None

    async def wait_for_disconnect() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        request_task.cancel(_DISCONNECTED)

    def start_watch() -> None:
        nonlocal watch
        watch = loop.create_task(wait_for_disconnect())

    async def received() -> Message:
        nonlocal timer
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            timer = loop.call_later(DISCONNECT_CHECK_DELAY_S, start_watch)
        return message

    try:
        return await respond(Request(scope, received))
    except asyncio.CancelledError as cancelled:
        if cancelled.args != (_DISCONNECTED,):
            raise
        request_task.uncancel()
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    finally:
        if timer is not None:
            timer.cancel()
        if watch is not None:
            watch.cancel()
