"""Poll interval of MAX's model worker after a batch, made shorter."""

from __future__ import annotations

import asyncio
import time

from max.serve.pipelines import model_worker

POLL_INTERVAL_S = 0.00025
"""Between two looks at the queue, after a batch."""

SHORT_POLLS = 40
"""Looks at this interval before those at MAX's own: ten milliseconds of them."""


def poll_often() -> None:
    """Has the worker look at its queue every quarter of a millisecond after a batch.

    MAX's own worker waits a millisecond longer after each look that found nothing, from 0 to 10. A
    client that sends one request after the other is back within two milliseconds, and its request
    would wait a millisecond and a half longer than need be.
    """
    own = model_worker.sleep_with_backoff

    async def sleep_with_backoff(count_no_progress: int) -> None:
        if count_no_progress < SHORT_POLLS:
            await asyncio.sleep(0)
            # Timers of event loops have a resolution of a millisecond; others here can wait.
            time.sleep(POLL_INTERVAL_S)  # noqa: ASYNC251
        else:
            await own(count_no_progress - SHORT_POLLS)

    model_worker.sleep_with_backoff = sleep_with_backoff
