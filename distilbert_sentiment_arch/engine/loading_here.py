"""Models that are loaded for this process itself, in place of a server's worker.

MAX's pipeline keeps its model to itself. The model is a class of this package, so it hands itself
to whoever is loading it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.model import EncoderPipelineModel

_taken: ContextVar[list[EncoderPipelineModel] | None] = ContextVar("models taken", default=None)


@contextmanager
def models_loaded_here() -> Iterator[list[EncoderPipelineModel]]:
    """Yields the list of the models that are loaded inside, which grows as they are."""
    found: list[EncoderPipelineModel] = []
    token = _taken.set(found)
    try:
        yield found
    finally:
        _taken.reset(token)


def is_taken(model: EncoderPipelineModel) -> bool:
    """Hands a model over, and returns whether somebody in this process asked for it."""
    taken = _taken.get()
    if taken is None:
        return False
    taken.append(model)
    return True
