"""Thread pools for long work; they are small, so that the memory in use is bounded.

Short work stays on the event loop, because handing it to a thread would take longer than the work.
A long text takes up to half a kilobyte of memory a character while it is tokenized, and a large
body about twenty times its size while it is parsed: one thread does all of this work, one request
after the other. Two more threads do work of medium size, so that it does not wait for large
requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

LARGE = 65_536
"""Characters or bytes above which work goes to the single thread for large requests."""

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_medium = ThreadPoolExecutor(2, "sentiment")
_large = ThreadPoolExecutor(1, "sentiment-large")


async def in_thread(
    size: int,
    function: Callable[_Parameters, _Result],
    *args: _Parameters.args,
    **kwargs: _Parameters.kwargs,
) -> _Result:
    """Runs a function in a thread and returns its result.

    Args:
        size: Characters or bytes to process; decides which pool is used.
        function: What to run.
        *args: Its arguments.
        **kwargs: Its keyword arguments.
    """
    executor = _large if size > LARGE else _medium
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, lambda: function(*args, **kwargs))
