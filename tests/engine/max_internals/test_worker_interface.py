"""The socket between the API process and a worker process, which is really spawned."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
import summing_worker
from max.pipelines.context import TextContext
from max.pipelines.modeling.types import PipelineTask
from max.serve import api_server
from max.serve.worker_interface.zmq_interface import ZmqModelWorkerInterface

from distilbert_sentiment_arch.classify.token_sequence import single_segment
from distilbert_sentiment_arch.engine.max_internals import worker_interface
from distilbert_sentiment_arch.errors import Unavailable
from distilbert_sentiment_arch.serving.inside_max.worker_transport import (
    WorkerTransport,
    worker_transport,
)

START_S = 120


def with_worker(
    use: Callable[
        [WorkerTransport, multiprocessing.process.BaseProcess], Coroutine[Any, Any, None]
    ],
) -> None:
    """Spawns a worker as MAX does, connects with it, and ends it."""
    interface: Any = worker_interface.SocketModelWorkerInterface(
        PipelineTask.EMBEDDINGS_GENERATION, TextContext
    )
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    process = spawn.Process(target=summing_worker.run, args=(interface, ready), daemon=True)
    process.start()

    async def run() -> None:
        assert await asyncio.to_thread(ready.wait, START_S)
        async with interface.model_worker_proxy() as proxy:
            connection = worker_interface.batch_socket(proxy)
            async with worker_transport(connection, num_labels=2) as transport:
                await use(transport, process)

    try:
        asyncio.run(run())
    finally:
        process.kill()
        process.join()


def test_a_spawned_worker_answers_and_its_death_fails_what_it_was_asked() -> None:
    sequences = [single_segment(np.arange(count + 1)) for count in range(5)]

    async def use(transport: WorkerTransport, process: multiprocessing.process.BaseProcess) -> None:
        computed = await transport.compute(sequences)
        assert computed.logits.tolist() == [[0, 1], [1, 2], [3, 3], [6, 4], [10, 5]]
        process.kill()
        await asyncio.to_thread(process.join)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(transport.compute(sequences), 20)

    with_worker(use)


def test_max_serve_builds_its_processes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_server, "ZmqModelWorkerInterface", ZmqModelWorkerInterface)
    worker_interface.install()
    # As ``max.serve.api_server.lifespan`` makes it.
    made = api_server.ZmqModelWorkerInterface[Any, Any](
        PipelineTask.EMBEDDINGS_GENERATION, TextContext, request_queue_size=None
    )
    assert isinstance(made, worker_interface.SocketModelWorkerInterface)
    made._api_end.close()
    made._worker_end.close()
