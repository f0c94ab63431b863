"""Tools over standard input and output, for a client that starts the server itself."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, cast

import anyio
from mcp.server.stdio import stdio_server

from distilbert_sentiment_arch.mcp_server.server import ToolServer
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.mcp_server.standard_streams import InputLines, OutputLines


async def serve_stdio(services: Services, streams: tuple[int, int], longest: int) -> None:
    """Serves one client until its input ends, or at SIGTERM or SIGINT.

    Args:
        services: What tools work with.
        streams: Descriptors of what ``take_standard_streams`` returned.
        longest: Most bytes of one message.
    """
    server = ToolServer(services)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.set)
    output = OutputLines(streams[1], stopping.set)
    lines = InputLines(streams[0], longest, output)
    server.start()
    async with anyio.create_task_group() as group:

        async def stop() -> None:
            await stopping.wait()
            group.cancel_scope.cancel()

        group.start_soon(stop)
        # The SDK asks of a file no more than to be iterated, written and flushed.
        async with stdio_server(cast(Any, lines), cast(Any, output)) as (received, sent):
            options = server.protocol.create_initialization_options()
            await server.protocol.run(received, sent, options)
        group.cancel_scope.cancel()
