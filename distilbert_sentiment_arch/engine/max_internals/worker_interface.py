"""A socket between the API process and MAX's model worker, beside MAX's own queues.

Through MAX's queues a batch passes two more threads each way, and a pause of the worker's. MAX
builds a ``ModelWorkerInterface`` and sends it to the worker that it spawns; the one here takes the
worker's end of the socket along.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncGenerator
from typing import Any, Generic

from max.pipelines.context import BaseContextType
from max.pipelines.modeling.types import PipelineOutputType
from max.serve.worker_interface import ModelWorkerProxy, WorkerQueues
from max.serve.worker_interface.zmq_interface import ZmqModelWorkerInterface, ZmqModelWorkerProxy

from distilbert_sentiment_arch.engine.max_internals import worker_loop

_ENDS = "batch_socket"


class SocketModelWorkerInterface(
    Generic[BaseContextType, PipelineOutputType],
    ZmqModelWorkerInterface[BaseContextType, PipelineOutputType],
):
    """MAX's interface between the two processes, with a socket for batches."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._api_end: socket.socket | None
        self._api_end, self._worker_end = socket.socketpair()

    def __getstate__(self) -> dict[str, Any]:
        """Returns what the worker gets: multiprocessing duplicates its end of the socket."""
        return self.__dict__ | {"_api_end": None}

    @contextlib.asynccontextmanager
    async def model_worker_queues(
        self,
    ) -> AsyncGenerator[WorkerQueues[BaseContextType, PipelineOutputType]]:
        """Answers batches in the worker, whose model is loaded."""
        worker_loop.answer_batches(self._worker_end)
        async with super().model_worker_queues() as queues:
            yield queues

    @contextlib.asynccontextmanager
    async def model_worker_proxy(
        self,
    ) -> AsyncGenerator[ZmqModelWorkerProxy[BaseContextType, PipelineOutputType]]:
        """Connects the API process with a worker that is ready."""
        self._worker_end.close()  # so that the end of the worker ends the connection
        assert self._api_end is not None
        with self._api_end:
            async with super().model_worker_proxy() as proxy:
                setattr(proxy, _ENDS, self._api_end)
                yield proxy


def install() -> None:
    """Has MAX Serve connect its processes with this interface."""
    # Not at the top: the worker imports this module, and would import all of MAX's routes, 30 MB.
    from max.serve import api_server

    module: Any = api_server
    module.ZmqModelWorkerInterface = SocketModelWorkerInterface


def batch_socket(proxy: ModelWorkerProxy[Any, Any]) -> socket.socket:
    """Returns the API process's end of the socket."""
    found: socket.socket = getattr(proxy, _ENDS)
    return found
