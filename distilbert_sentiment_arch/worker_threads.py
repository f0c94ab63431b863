"""Threads for long work: few of them, so that what they hold at a time is bounded.

Short work stays on the event loop, where a hand-over would take longer than the work. A long text
takes up to half a kilobyte a character while it is tokenized, and a large body some twenty times
its size while it is parsed: one thread does all of that, one request after the other. Two more do
what lies between, so that nobody waits behind a large request who did not send one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

LARGE = 65_536
"""Characters or bytes from which on work waits for the one thread for large requests."""

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_between = ThreadPoolExecutor(2, "sentiment")
_large = ThreadPoolExecutor(1, "sentiment-large")


async def in_thread(
    size: int,
    function: Callable[_Parameters, _Result],
    *args: _Parameters.args,
    **kwargs: _Parameters.kwargs,
) -> _Result:
    """Runs a function in a thread and returns its result.

    Args:
        size: Characters or bytes that it works on; it chooses the thread.
        function: What to run.
        *args: Its arguments.
        **kwargs: Its keyword arguments.
    """
    executor = _large if size > LARGE else _between
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, lambda: function(*args, **kwargs))
