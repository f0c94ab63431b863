"""Answers of the real server over HTTP, and scores of a dataset of the same texts, to the bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from server_process import Server

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import Window
from distilbert_sentiment_arch.classify.interface import Truncation

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.in_process import InProcessModel

pytestmark = pytest.mark.slow

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "hugging_face.json"
SEEDS = (1, 2)

Floats = npt.NDArray[np.float32]


def texts() -> list[str]:
    """Texts of one word to hundreds; some twice."""
    found = [each["text"] for each in json.loads(REFERENCE.read_text("utf-8"))["answers"]][::4]
    found += [" ".join(found[:count]) for count in (2, 5)] + ["no", "So good. " * 90] + found[:3]
    return [text for text in found if text.strip()]


def shuffled(count: int, seed: int) -> list[int]:
    order = list(range(count))
    Random(seed).shuffle(order)
    return order


def split(order: Sequence[int], sizes: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yields parts of an order, whose sizes are the given ones in turn."""
    start = turn = 0
    while start < len(order):
        size = sizes[turn % len(sizes)]
        yield order[start : start + size]
        start, turn = start + size, turn + 1


def served(server: Server, lines: Sequence[str], seed: int, activation: bool) -> Floats:
    """Returns what the server says to each text, asked in several requests at a time."""
    found = np.full((len(lines), 2), np.nan, dtype=np.float32)

    def ask(places: Sequence[int]) -> None:
        body = {
            "input": [lines[place] for place in places],
            "use_activation": activation,
            "truncate_prompt_tokens": -1,
        }
        answer = server.client.post("/classify", json=body)
        assert answer.status_code == 200, answer.text
        # A float32 is the same number in JSON and back.
        found[list(places)] = [each["probs"] for each in answer.json()["data"]]

    with ThreadPoolExecutor(4) as callers:
        list(callers.map(ask, split(shuffled(len(lines), seed), (1, 7, 2, 13))))
    return found


def scored(
    model: InProcessModel, lines: Sequence[str], seed: int, sizes: Sequence[int]
) -> tuple[Floats, Floats]:
    """Returns the probabilities of a dataset, and its logits, read in windows of some sizes."""
    from distilbert_sentiment_arch.bulk.scoring.model_scorer import scorer_of

    scorer = scorer_of(model, ModelOptions(), "digest")
    parts = list(split(shuffled(len(lines), seed), sizes))
    windows = [
        Window(pa.table({"id": part}), [lines[place] for place in part], [None] * len(part))
        for part in parts
    ]
    probabilities = np.full((len(lines), 2), np.nan, dtype=np.float32)
    logits = probabilities.copy()
    for part, each in zip(parts, scorer.score(windows), strict=True):
        probabilities[list(part)] = each.scores.probabilities
    for part, (_, answers) in zip(parts, scorer.answers(windows, Truncation("end")), strict=True):
        logits[list(part)] = answers.logits
    return probabilities, logits


def test_scores_are_the_server_s_in_any_order_and_batch(
    server: Server, embedded_model: InProcessModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = texts()
    expected = served(server, lines, SEEDS[0], True), served(server, lines, SEEDS[1], False)
    assert np.isfinite(expected).all()
    for seed, sizes, batch_tokens in ((3, (len(lines),), 512), (4, (1, 5, 17), 40)):
        monkeypatch.setenv("MAX_SENTIMENT_MAX_BATCH_TOKENS", str(batch_tokens))
        found = scored(embedded_model, lines, seed, sizes)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours.view(np.int32), theirs.view(np.int32))
