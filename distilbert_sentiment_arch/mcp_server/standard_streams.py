"""Standard input and output as the protocol's alone: nothing else reads or prints there."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import queue
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import anyio

from distilbert_sentiment_arch.errors import ConfigError

logger = logging.getLogger("max.serve.sentiment")

CHUNK = 65_536
"""Bytes of one read."""

AHEAD = 16
"""Most lines that are read before they are taken."""

KEPT = 512
"""Bytes at the end of a line over the limit in which the id of its request is looked for."""

INVALID_REQUEST = -32600

_ID_AT_END = re.compile(rb'"id"\s*:\s*(\d{1,18}|"[\w-]{1,100}")\s*\}\s*\Z')


def take_standard_streams() -> tuple[int, int]:
    """Returns descriptors of standard input and output; others find an empty input, and stderr.

    MAX and compilers print, and children inherit both: called before anything of them runs.

    Raises:
        ConfigError: One of them is closed.
    """
    try:
        given, wanted = os.dup(0), os.dup(1)
    except OSError as error:
        raise ConfigError(
            f"Standard input and output are for a client, and one of them is closed ({error}). "
            "Leave both open, or pass --http."
        ) from None
    sys.stdout.flush()
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return given, wanted


class OutputLines:
    """Writes lines in a thread, so that a client that does not read keeps nobody from ending.

    Args:
        descriptor: Where they are written to.
        broken: Called once the other side is closed.
    """

    def __init__(self, descriptor: int, broken: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]]] = queue.SimpleQueue()
        threading.Thread(target=self._write_all, name="stdout", daemon=True).start()

    async def write(self, text: str) -> None:
        """Writes text and returns when it is written.

        Raises:
            ClosedResourceError: The other side is closed.
        """
        written: asyncio.Future[None] = self._loop.create_future()
        self._waiting.put((text.encode("utf-8"), written))
        await written

    async def flush(self) -> None:
        """Does nothing: nothing is buffered."""

    def _write_all(self) -> None:
        with suppress(RuntimeError):  # the loop has ended
            while True:
                content, written = self._waiting.get()
                try:
                    while content:
                        content = content[os.write(self._descriptor, content) :]
                except OSError as error:
                    logger.info("standard output is closed: %s", error)
                    self._loop.call_soon_threadsafe(self._settle, written, False)
                else:
                    self._loop.call_soon_threadsafe(self._settle, written, True)

    def _settle(self, written: asyncio.Future[None], good: bool) -> None:
        if not good:
            self._broken()
        if written.done():  # who waited has been cancelled
            return
        if good:
            written.set_result(None)
        else:
            written.set_exception(anyio.ClosedResourceError())


class InputLines:
    """Lines of a limited length, read in a thread, so that waiting for one can be cancelled.

    A longer line is not kept; its request is answered with an error if its id stands at its end,
    where clients write it.

    Args:
        descriptor: Where they are read.
        longest: Most bytes of a line.
        output: Takes the answers to lines that are too long.
    """

    def __init__(self, descriptor: int, longest: int, output: OutputLines) -> None:
        self._descriptor = descriptor
        self._longest = longest
        self._output = output
        self._loop = asyncio.get_running_loop()
        self._read: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        threading.Thread(target=self._read_all, name="stdin", daemon=True).start()

    def __aiter__(self) -> InputLines:
        return self

    async def __anext__(self) -> str:
        while True:
            line = await self._read.get()
            self._room.release()
            if line is None:
                raise StopAsyncIteration
            if isinstance(line, str):
                return line
            await self._refuse(line)

    async def _refuse(self, end: bytes) -> None:
        logger.warning("a message of more than %d bytes is refused", self._longest)
        if found := _ID_AT_END.search(end):
            message = f"The message has more than {self._longest} bytes. Send less text at a time."
            error = {"code": INVALID_REQUEST, "message": message}
            answer = {"jsonrpc": "2.0", "id": json.loads(found[1]), "error": error}
            await self._output.write(json.dumps(answer) + "\n")

    def _read_all(self) -> None:
        line = bytearray()
        size = 0
        with suppress(RuntimeError):  # the loop has ended
            while chunk := self._chunk():
                first, *rest = chunk.split(b"\n")
                for number, part in enumerate((first, *rest)):
                    if number:
                        self._hand_over(line, size)
                        line, size = bytearray(), 0
                    size += len(part)
                    line += part
                    if size > self._longest:
                        del line[:-KEPT]
            self._hand_over(line, size)
            self._put(None)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, CHUNK)
        except OSError as error:
            logger.info("standard input cannot be read: %s", error)
            return b""

    def _hand_over(self, line: bytearray, size: int) -> None:
        if size > self._longest:
            self._put(bytes(line))
        elif line.strip():
            self._put(line.decode("utf-8", "replace"))

    def _put(self, line: str | bytes | None) -> None:
        self._room.acquire()
        self._loop.call_soon_threadsafe(self._read.put_nowait, line)
