"""Standard streams that are the protocol's alone, on real pipes."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import anyio
import pytest
from commands import run_python

from distilbert_sentiment_arch.mcp_server.standard_streams import InputLines, OutputLines


class Pipe:
    """A pipe whose ends are closed once each: by then another file may have the number."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.reader = os.fdopen(reading, "rb", buffering=0)
        self.writer = os.fdopen(writing, "wb", buffering=0)


@pytest.fixture
def pipes() -> Iterator[tuple[Pipe, Pipe]]:
    given, wanted = Pipe(), Pipe()
    yield given, wanted
    given.writer.close()
    for thread in threading.enumerate():
        if thread.name == "stdin":  # it would read whatever file gets the number of the pipe's end
            thread.join(60)
            assert not thread.is_alive()
    for end in (given.reader, wanted.reader, wanted.writer):
        end.close()


def lines_of(pipes: tuple[Pipe, Pipe], content: bytes, longest: int = 100) -> list[str]:
    given, wanted = pipes
    os.write(given.writer.fileno(), content)
    given.writer.close()

    async def read() -> list[str]:
        output = OutputLines(wanted.writer.fileno(), lambda: None)
        return [line async for line in InputLines(given.reader.fileno(), longest, output)]

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\n\n \r\ntwo", ["one", "two"]),
        ("Grüße\n".encode(), ["Grüße"]),
        (b"\xff\n", ["\ufffd"]),
        (b"x" * 100 + b"\n", ["x" * 100]),
        (b"x" * 101 + b"\ny\n", ["y"]),
        (b"x" * 60_000 + b"\ny\n", ["y"]),
    ],
    ids=["nothing", "two", "blank", "umlauts", "no UTF-8", "longest", "longer", "longer than kept"],
)
def test_lines(pipes: tuple[Pipe, Pipe], content: bytes, lines: list[str]) -> None:
    assert lines_of(pipes, content) == lines


@pytest.mark.parametrize("number", ["7", '"seven-7"'])
def test_a_line_over_the_limit_is_answered_by_its_id(pipes: tuple[Pipe, Pipe], number: str) -> None:
    text = "x" * 300
    line = f'{{"params":{{"id":1,"text":"{text}"}},"jsonrpc":"2.0","id":{number}}}\n'
    assert lines_of(pipes, line.encode()) == []
    answer = os.read(pipes[1].reader.fileno(), 4096).decode()
    assert f'"id": {number},' in answer
    assert "more than 100 bytes" in answer


def test_a_line_over_the_limit_without_an_id_is_answered_by_nobody(
    pipes: tuple[Pipe, Pipe],
) -> None:
    assert lines_of(pipes, b'{"id":1,"text":"' + b"x" * 300 + b'"}\n') == []
    pipes[1].writer.close()
    assert os.read(pipes[1].reader.fileno(), 4096) == b""


def test_waiting_for_a_line_can_be_cancelled(pipes: tuple[Pipe, Pipe]) -> None:
    given, wanted = pipes

    async def read() -> None:
        output = OutputLines(wanted.writer.fileno(), lambda: None)
        lines = InputLines(given.reader.fileno(), 100, output)
        waiting = asyncio.ensure_future(lines.__anext__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(read())


def test_an_output_that_is_closed_is_told(pipes: tuple[Pipe, Pipe]) -> None:
    pipes[1].reader.close()
    told: list[bool] = []

    async def write() -> None:
        output = OutputLines(pipes[1].writer.fileno(), lambda: told.append(True))
        with pytest.raises(anyio.ClosedResourceError):
            await output.write("text\n")

    asyncio.run(write())
    assert told == [True]


def test_nothing_else_reads_or_prints_there() -> None:
    code = """
import os, subprocess
from distilbert_sentiment_arch.mcp_server.standard_streams import take_standard_streams
given, wanted = take_standard_streams()
print("a print", flush=True)
subprocess.run(["sh", "-c", "echo a child; cat"], check=True)
os.write(wanted, os.read(given, 100))
"""
    ended = run_python("-c", code, stdin="the protocol")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "the protocol"
    assert ended.stderr.split("\n") == ["a print", "a child", ""]
