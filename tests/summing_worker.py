"""A model worker without a model, in a process that ``multiprocessing`` has spawned.

Its logits are the sum of a sequence's tokens and their number.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import numpy.typing as npt
from max.serve.pipelines import model_worker

from distilbert_sentiment_arch.engine.inputs import EncoderInputs
from distilbert_sentiment_arch.engine.max_internals import worker_loop


def sums(inputs: EncoderInputs) -> npt.NDArray[np.float32]:
    """Returns the sum and the number of each sequence's tokens."""
    parts = np.split(inputs.input_ids, inputs.starts[1:-1])
    return np.array([[part.sum(), len(part)] for part in parts], dtype=np.float32)


def run(interface: Any, ready: Any) -> None:
    """Answers batches until the process is ended."""
    asyncio.run(_run(interface, ready))


async def _run(interface: Any, ready: Any) -> None:
    worker_loop.offer(sums)
    async with interface.model_worker_queues():
        ready.set()
        while True:
            await model_worker.sleep_with_backoff(0)
