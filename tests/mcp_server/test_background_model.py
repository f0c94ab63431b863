"""A model that loads in a thread, and what requests are told meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import run_python

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.fallback import reason_of
from distilbert_sentiment_arch.classify.interface import ClassifyRequest
from distilbert_sentiment_arch.errors import DeadlineExceeded
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.mcp_server.background_model import BackgroundModel, StillLoading
from distilbert_sentiment_arch.settings.limits import Limits

ASKED = ClassifyRequest(["A good film."])


def test_a_request_that_waits_too_long_is_told_so() -> None:
    model = BackgroundModel(find_checkpoint(None, FAMILIES), Limits(deadline_s=0.05))
    with pytest.raises(StillLoading, match=r"still loading after 0\.05 seconds"):
        asyncio.run(model.classify(ASKED))
    assert model.state == "loading"
    assert (model.name, model.labels.names) == (
        "distilbert-minilm-l6-sst2",
        ("NEGATIVE", "POSITIVE"),
    )


def test_a_word_list_may_answer_for_a_model_that_loads() -> None:
    late = StillLoading(60)
    assert isinstance(late, DeadlineExceeded)
    assert reason_of(late) == "deadline"


BROKEN = """
import asyncio, sys
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.interface import ClassifyRequest
from distilbert_sentiment_arch.errors import Unavailable
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.mcp_server.background_model import BackgroundModel
from distilbert_sentiment_arch.settings.limits import Limits

found = find_checkpoint(sys.argv[1], FAMILIES)
# The files are removed between the check at the start and the load.
for weights in found.checkpoint.weight_files:
    weights.unlink()
model = BackgroundModel(found, Limits())

async def load():
    model.start()
    await model.wait()
    try:
        await model.classify(ClassifyRequest(["A good film."]))
    except Unavailable as error:
        print(error)

asyncio.run(load())
print(model.state, bool(model.trouble), flush=True)
import os; os._exit(0)
"""


@pytest.mark.slow
def test_a_model_that_does_not_load_says_why(checkpoint: Callable[..., Path]) -> None:
    # In a process of its own: MAX is imported in a thread.
    ended = run_python("-c", BROKEN, str(checkpoint()))
    assert ended.returncode == 0, ended.stderr
    *_, told, outcome = ended.stdout.splitlines()
    assert "' did not load: " in told
    assert outcome == "failed True"
    assert "the model did not load" in ended.stderr
