"""How soon MAX's model worker sees a request that comes while it has nothing to do."""

from __future__ import annotations

import asyncio
import time

from max.serve.pipelines import model_worker

SOON_S = 0.00025
"""Between two looks at the queue, after a batch."""

SOON = 40
"""Looks at this distance before those at MAX's own: ten milliseconds of them."""


def look_often() -> None:
    """Has the worker of this process look for requests often after a batch.

    MAX's own worker waits a millisecond longer after each look that found nothing, from 0 to 10.
    Whoever sends one request after the other is back within two milliseconds, and is seen a
    millisecond and a half later than need be.
    """
    own = model_worker.sleep_with_backoff

    async def sleep_with_backoff(count_no_progress: int) -> None:
        if count_no_progress < SOON:
            await asyncio.sleep(0)
            # Timers of event loops have a resolution of a millisecond; others here can wait.
            time.sleep(SOON_S)  # noqa: ASYNC251
        else:
            await own(count_no_progress - SOON)

    model_worker.sleep_with_backoff = sleep_with_backoff
