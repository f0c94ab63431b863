"""Servers of tools in processes of their own, and the SDK's client for tests without coroutines."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from commands import ROOT
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import (
    CallToolResult,
    CancelledNotification,
    CancelledNotificationParams,
    ClientNotification,
    InitializeResult,
)

from scripts.server_process import stop

COMMAND = [sys.executable, "-m", "distilbert_sentiment_arch.cli", "mcp"]
WORD_LIST = ("--model", "afinn-111")
PATIENCE_S = 200.0
"""Most seconds for anything; what takes longer never ends."""

Result = TypeVar("Result")
Transport = Callable[[], AbstractAsyncContextManager[tuple[Any, ...]]]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Progress:
    """A notification of progress."""

    progress: float
    total: float | None
    message: str | None


class ToolClient:
    """A session of the SDK's client, used from a thread that is not its own."""

    def __init__(
        self, session: ClientSession, server: InitializeResult, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.session = session
        self.server = server
        self._loop = loop

    def do(self, action: Callable[[ClientSession], Awaitable[Result]]) -> Result:
        """Returns what a coroutine gives that uses the session."""

        async def run() -> Result:
            async with asyncio.timeout(PATIENCE_S):
                return await action(self.session)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def call(
        self, name: str, progress: list[Progress] | None = None, **arguments: Any
    ) -> CallToolResult:
        """Calls a tool; notifications of progress are added to a list."""
        return self.start(name, progress, **arguments).result(PATIENCE_S)

    def start(
        self, name: str, progress: list[Progress] | None = None, **arguments: Any
    ) -> Future[CallToolResult]:
        """The same without waiting for the result."""

        async def note(done: float, total: float | None, message: str | None) -> None:
            assert progress is not None
            progress.append(Progress(done, total, message))

        async def run() -> CallToolResult:
            callback = None if progress is None else note
            return await self.session.call_tool(name, arguments, progress_callback=callback)

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def answer(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Calls a tool that answers; returns its structured content."""
        result = self.call(name, **arguments)
        assert not result.isError, result.content
        assert result.structuredContent is not None
        assert json.loads(text_of(result)) == result.structuredContent
        return result.structuredContent

    def refusal(self, name: str, **arguments: Any) -> str:
        """Calls a tool that refuses; returns its words."""
        result = self.call(name, **arguments)
        assert result.isError
        assert result.structuredContent is None
        assert "Traceback" not in text_of(result)
        return text_of(result)

    def cancel(self, request: int) -> None:
        """Cancels a request by its id."""
        notification = CancelledNotification(params=CancelledNotificationParams(requestId=request))
        self.do(lambda session: session.send_notification(ClientNotification(notification)))

    @property
    def next_request(self) -> int:
        """The id of the request that is sent next; the SDK counts them."""
        return self.session._request_id


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert content.type == "text"
    return content.text


@contextmanager
def tool_client(transport: Transport) -> Iterator[ToolClient]:
    """Opens a session, and closes it as a client does that ends."""
    opened: Future[ToolClient] = Future()
    closing: Future[Callable[[], None]] = Future()

    async def live() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        closing.set_result(lambda: loop.call_soon_threadsafe(over.set) and None)
        async with transport() as streams, ClientSession(*streams[:2]) as session:
            initialized = await session.initialize()
            opened.set_result(ToolClient(session, initialized, loop))
            await over.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    thread = threading.Thread(target=run, name="client")
    thread.start()
    try:
        yield opened.result(PATIENCE_S)
    finally:
        with suppress(RuntimeError):  # its loop has ended
            closing.result(PATIENCE_S)()
        thread.join(PATIENCE_S)


@contextmanager
def stdio_tools(log: Path, *flags: str) -> Iterator[ToolClient]:
    """Has the SDK's client start a server."""
    server = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], *flags], env=environment(), cwd=ROOT
    )
    with (
        log.open("w", encoding="utf-8") as errors,
        tool_client(lambda: stdio_client(server, errors)) as client,
    ):
        yield client


@dataclass(frozen=True)
class HttpTools:
    """A server over HTTP."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @contextmanager
    def client(self, key: str | None = None) -> Iterator[ToolClient]:
        """Opens a session of the SDK's client."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}

        def transport() -> AbstractAsyncContextManager[tuple[Any, ...]]:
            return self._transport(headers)

        with tool_client(transport) as client:
            yield client

    def _transport(self, headers: dict[str, str]) -> AbstractAsyncContextManager[tuple[Any, ...]]:
        http = httpx.AsyncClient(headers=headers, timeout=PATIENCE_S, trust_env=False)
        return _closing(http, self.url)

    def post(self, message: dict[str, Any], **headers: str) -> httpx.Response:
        """Posts a message without the SDK."""
        return httpx.post(
            self.url,
            json=message,
            headers={"Accept": "application/json, text/event-stream", **headers},
            timeout=PATIENCE_S,
            trust_env=False,
        )


@asynccontextmanager
async def _closing(http: httpx.AsyncClient, url: str) -> AsyncIterator[tuple[Any, ...]]:
    async with http, streamable_http_client(url, http_client=http) as streams:
        yield streams


@contextmanager
def http_tools(directory: Path, *flags: str) -> Iterator[HttpTools]:
    """Starts a server at a free port, and ends it with SIGTERM."""
    directory.mkdir(exist_ok=True)
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*COMMAND, "--http", "--port", "0", *flags],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            cwd=ROOT,
        )
    try:
        found = wait_for(
            lambda: (
                re.search(r"tools at (http://\S+)", log.read_text("utf-8"))
                or process.poll() is not None
            )
        )
        assert isinstance(found, re.Match), log.read_text("utf-8")
        yield HttpTools(found[1], process, log)
    finally:
        stop(process)


class RawTools:
    """A server over standard input and output, spoken to in lines of JSON."""

    def __init__(self, *flags: str) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self.process = subprocess.Popen(
            [*COMMAND, *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment(),
            cwd=ROOT,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self._output = self.process.stdin, self.process.stdout

    def __enter__(self) -> RawTools:
        return self

    def __exit__(self, *error: object) -> None:
        stop(self.process)
        for each in (self._input, self._output, self._log):
            with suppress(BrokenPipeError):
                each.close()

    @property
    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def send(self, message: dict[str, Any] | bytes) -> None:
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self._input.write(line + b"\n")
        self._input.flush()

    def receive(self) -> dict[str, Any]:
        line = self._output.readline()
        assert line, self.log
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def ask(self, number: int, method: str, **params: Any) -> dict[str, Any]:
        """Sends a request and returns the answer to it, whatever comes before."""
        self.send(request(number, method, **params))
        while (answer := self.receive()).get("id") != number:
            pass
        return answer

    def initialize(self) -> dict[str, Any]:
        answer = self.ask(0, "initialize", **INITIALIZE)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    def close_input(self) -> None:
        self._input.close()

    def ended(self) -> int:
        """Waits for the end; returns the exit status."""
        return self.process.wait(PATIENCE_S)


INITIALIZE: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


def request(number: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def jobs_of(server: int) -> list[psutil.Process]:
    """Returns the processes that a server runs for long calls."""
    return [
        each
        for each in psutil.Process(server).children(recursive=True)
        if any("mcp_server.job" in word for word in each.cmdline())
    ]


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended, even if nobody has asked for its status."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_for(condition: Callable[[], Result]) -> Result:
    """Returns what a condition gives once that is true."""

    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found
