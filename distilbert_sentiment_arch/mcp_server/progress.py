"""Progress of a call, from a tool to the client that asked for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.session import ServerSession
    from mcp.shared.context import RequestContext

Report = Callable[[float, float | None, str], Awaitable[None]]
"""Takes how far a call is, of how much (None where that is not known), and a sentence."""


def report_to_client(context: RequestContext[ServerSession, Any, Any]) -> Report:
    """Returns what sends the progress of a call as notifications, if its client asked for them.

    Args:
        context: The request of the call.
    """
    import anyio

    token = context.meta.progressToken if context.meta is not None else None
    latest = -1.0

    async def report(progress: float, total: float | None, message: str) -> None:
        nonlocal latest
        # The protocol has progress grow with each notification.
        if token is None or progress <= latest:
            return
        latest = progress
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # the client is gone
            await context.session.send_progress_notification(
                token, progress, total, message, related_request_id=str(context.request_id)
            )

    return report
