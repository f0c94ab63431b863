"""The protocol's server: lists the tools, runs calls within bounds, and words their errors."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import McpError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequest,
    CallToolResult,
    ErrorData,
    ListToolsRequest,
    ListToolsResult,
    ServerResult,
    TextContent,
    Tool,
    ToolAnnotations,
)

from distilbert_sentiment_arch.errors import Overloaded, Unavailable
from distilbert_sentiment_arch.mcp_server.progress import report_to_client
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.mcp_server.tool import Tool as OurTool
from distilbert_sentiment_arch.mcp_server.tools.registry import TOOLS
from distilbert_sentiment_arch.serving.errors import Failure, failure_of
from distilbert_sentiment_arch.settings.defaults import VERSION

NAME = "max-sentiment"

KIND = "max-sentiment/kind"
"""Key of ``_meta`` in an error of a tool: its kind, for programs; see ``serving.errors.Kind``."""

MOST_CALLS = 64
"""Most calls at a time, of all clients; further ones are refused."""

INSTRUCTIONS = (
    "Classifies texts with a model that runs on this machine. Send texts in the arguments: no tool "
    "reads files or addresses. Call list_models for labels and limits, classify for answers."
)

logger = logging.getLogger("max.serve.sentiment")


class ToolServer:
    """The tools, for any number of sessions over any transport.

    Args:
        services: What tools work with.

    Attributes:
        protocol: The SDK's server, which a transport runs.
    """

    def __init__(self, services: Services) -> None:
        self.protocol: Server[dict[str, Any], Any] = Server(NAME, VERSION, INSTRUCTIONS)
        self.protocol.request_handlers[ListToolsRequest] = self._list
        self.protocol.request_handlers[CallToolRequest] = self._call
        self._services = services
        self._tools = {each.name: each for each in TOOLS}
        self._calls: set[anyio.CancelScope] = set()
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self) -> None:
        """Begins to load the model; called once, in the event loop of the server."""
        if self._services.model is not None:
            self._services.model.start()

    async def drain(self, seconds: float) -> None:
        """Refuses further calls, and waits for those that are running; then these are refused."""
        self._stopping = True
        self._services.jobs.stop()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            logger.warning("%d calls are cut off: the server ends", len(self._calls))
            for each in list(self._calls):
                each.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()

    async def _list(self, request: ListToolsRequest) -> ServerResult:
        limits = self._services.limits
        return ServerResult(
            ListToolsResult(
                tools=[
                    Tool(
                        name=each.name,
                        title=each.title,
                        description=each.described(self._services.default),
                        inputSchema=each.input_schema(limits),
                        outputSchema=each.output_schema(),
                        annotations=ToolAnnotations(
                            title=each.title,
                            readOnlyHint=each.read_only,
                            destructiveHint=False,
                            idempotentHint=each.idempotent,
                            openWorldHint=each.open_world,
                        ),
                    )
                    for each in self._tools.values()
                ]
            )
        )

    async def _call(self, request: CallToolRequest) -> ServerResult:
        tool = self._tools.get(request.params.name)
        if tool is None:
            raise McpError(
                ErrorData(
                    code=INVALID_PARAMS,
                    message=f"There is no tool '{request.params.name[:100]}'. Tools: "
                    f"{', '.join(self._tools)}.",
                )
            )
        try:
            with self._counted():
                return ServerResult(await self._answered(tool, request.params.arguments or {}))
        except Exception as error:  # each is worded for the caller; the log has unexpected ones
            return ServerResult(_refusal(failure_of(error)))

    async def _answered(self, tool: OurTool, given: dict[str, Any]) -> CallToolResult:
        arguments = tool.arguments.model_validate(given, context=self._services.limits)
        report = report_to_client(self.protocol.request_context)
        result = await tool.run(self._services, arguments, report)
        content = result.model_dump(mode="json")
        # Also as text, for clients that know no structured content.
        text = json.dumps(content, ensure_ascii=False)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structuredContent=content
        )

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._stopping:
            raise Unavailable("The server shuts down.")
        if len(self._calls) >= MOST_CALLS:
            raise Overloaded(f"{MOST_CALLS} calls are running, the most at a time. Retry later.")
        with anyio.CancelScope() as call:
            self._calls.add(call)
            self._idle.clear()
            try:
                yield
            finally:
                self._calls.discard(call)
                if not self._calls:
                    self._idle.set()
        if call.cancelled_caught:
            raise Unavailable("The server shuts down.")


def _refusal(failure: Failure) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=failure.message)],
        isError=True,
        _meta={KIND: failure.kind},
    )
