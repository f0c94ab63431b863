"""Word to the supervisor: what a server says, and that it waits for its leave."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator

import pytest
from max.serve.config import Settings

from distilbert_sentiment_arch.serving.inside_max.announcement import announce
from distilbert_sentiment_arch.settings.supervisor import GO_ON, SUPERVISOR, Supervised

SETTINGS = {"MAX_SERVE_HOST": "127.0.0.1", "MAX_SERVE_PORT": 9123}


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The supervisor's end of the socket, of whose other end the environment tells."""
    ours, theirs = socket.socketpair()
    told = Supervised(os.getppid(), theirs.detach())
    monkeypatch.setenv(SUPERVISOR, told.as_variable()[SUPERVISOR])
    with ours:
        ours.settimeout(60)
        yield ours


@pytest.mark.parametrize("leave", [GO_ON, None], ids=["leave", "end"])
def test_a_server_says_where_and_waits(supervisor: socket.socket, leave: bytes | None) -> None:
    async def announced() -> None:
        waiting = asyncio.create_task(announce(Settings(**SETTINGS)))
        line = await asyncio.to_thread(supervisor.recv, 4096)
        assert json.loads(line) == {"host": "127.0.0.1", "port": 9123}
        await asyncio.sleep(0)
        assert not waiting.done()
        if leave is None:
            supervisor.close()
        else:
            supervisor.sendall(leave)
        await asyncio.wait_for(waiting, 60)

    asyncio.run(announced())
    assert SUPERVISOR not in os.environ  # its children have nothing to say


def test_without_a_supervisor_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SUPERVISOR, raising=False)
    asyncio.run(announce(Settings(**SETTINGS)))
    # That of another process, inherited; its descriptor may be anything here.
    monkeypatch.setenv(SUPERVISOR, Supervised(os.getpid(), 2).as_variable()[SUPERVISOR])
    asyncio.run(announce(Settings(**SETTINGS)))
