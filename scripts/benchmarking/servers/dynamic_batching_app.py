"""A FastAPI application that classifies texts with dynamic batching.

Requests that wait while a batch is computed form the next one, so an idle server answers at once
and a busy one batches. One thread computes; the engine spreads each batch over the cores.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from fastapi import FastAPI
from pydantic import BaseModel

from scripts.benchmarking.servers.server import MAX_BATCH, Launch


class TextClassifier(Protocol):
    """The classifier of an application."""

    def labels(self, texts: Sequence[str]) -> list[int]:
        """Returns the label of each text, in order."""


class Texts(BaseModel):
    """A request."""

    texts: list[str]


class Labels(BaseModel):
    """An answer, in the order of the texts."""

    labels: list[int]


class DynamicBatcher:
    """Batcher that computes all texts received during the previous batch."""

    def __init__(self, classifier: TextClassifier) -> None:
        self._classifier = classifier
        self._waiting: asyncio.Queue[tuple[list[str], asyncio.Future[list[int]]]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1)

    async def classify(self, texts: list[str]) -> list[int]:
        """Waits for the labels of texts and returns them."""
        future: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((texts, future))
        return await future

    async def run(self) -> None:
        """Computes batches until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            group = [await self._waiting.get()]
            while not self._waiting.empty() and sum(len(texts) for texts, _ in group) < MAX_BATCH:
                group.append(self._waiting.get_nowait())
            texts = [text for part, _ in group for text in part]
            computed = await loop.run_in_executor(self._thread, self._classifier.labels, texts)
            labels = iter(computed)
            for part, future in group:
                answer = [next(labels) for _ in part]
                if not future.cancelled():
                    future.set_result(answer)


def application(load: Callable[[Launch], TextClassifier]) -> FastAPI:
    """Returns an application that loads its classifier when it starts."""

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        batcher = DynamicBatcher(load(Launch.of_app()))
        application.state.batcher = batcher
        task = asyncio.create_task(batcher.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app = FastAPI(lifespan=lifespan)

    @app.post("/classify")
    async def classify(body: Texts) -> Labels:
        batcher: DynamicBatcher = app.state.batcher
        return Labels(labels=await batcher.classify(body.texts))

    return app
