"""A model that loads in a thread, and what requests are told meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.fallback import reason_of
from distilbert_sentiment_arch.classify.interface import ClassifyRequest
from distilbert_sentiment_arch.errors import DeadlineExceeded, Unavailable
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


@pytest.mark.slow
def test_a_model_that_does_not_load_says_why(
    checkpoint: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    found = find_checkpoint(str(checkpoint()), FAMILIES)
    # The file is removed between the check at the start and the load.
    for weights in found.checkpoint.weight_files:
        weights.unlink()
    model = BackgroundModel(found, Limits())

    async def load() -> None:
        model.start()
        await model.wait()
        with pytest.raises(Unavailable, match="did not load: "):
            await model.classify(ASKED)

    asyncio.run(load())
    assert model.state == "failed"
    assert model.trouble
    assert "the model did not load" in caplog.text
