"""Datasets answered by a word list."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import Window
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.classify.interface import ClassifyRequest, TextPair
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

TEXTS = ["A good film.", "A bad film.", "A film.", TextPair("Good", "and not bad")]


@pytest.mark.parametrize("name", ["afinn-111", "mvp-29"])
def test_answers_are_the_server_s(name: str) -> None:
    served = asyncio.run(
        LexiconClassifier(embedded_word_list(name)).classify(ClassifyRequest(TEXTS))
    )
    scorer = load_scorer(ModelOptions(model=name))
    texts = [*TEXTS, " ", None, "x" * 600_000]
    window = Window(pa.table({"id": range(7)}), texts, [*[None] * 5, "unreadable", None])
    ((only),) = scorer.score([window])
    scores = only.scores
    for row, answer in enumerate(served.classifications):
        assert scorer.identity.answers[scores.best[row]] == answer.label
        wanted = np.array(answer.scores, dtype=np.float32)
        np.testing.assert_array_equal(scores.probabilities[row], wanted)
        assert scores.tokens[row] == scores.tokens_read[row] == answer.tokens
    assert scores.routes == [*["lexicon"] * 4, None, None, None]
    assert scores.errors[:6] == [
        *[None] * 4,
        "The text is blank. Send text to classify.",
        "unreadable",
    ]
    assert "more than 524288 characters" in str(scores.errors[6])
    assert scores.windows.tolist() == [1, 1, 1, 1, 0, 0, 0]
    assert (scorer.identity.model, scorer.identity.route) == (name, "lexicon")


def test_rows_are_read_while_answers_are_written() -> None:
    """The next window is read before its reader asks; few are, and none once it has left."""
    read: list[int] = []
    second = threading.Event()

    def windows() -> Iterator[Window]:
        for number in range(100):
            read.append(number)
            if number == 1:
                second.set()
            yield Window(pa.table({"id": [number]}), [f"A good film {number}."], [None])

    scored = load_scorer(ModelOptions(model="afinn-111")).score(windows())
    first = next(scored)
    assert second.wait(60)
    assert first.window.table.to_pylist() == [{"id": 0}]
    assert next(scored).window.table.to_pylist() == [{"id": 1}]
    scored.close()  # type: ignore[attr-defined]
    assert len(read) < 10
    names = {each.name for each in threading.enumerate()}
    assert not {"read rows", "answer rows"} & names


def test_an_error_of_the_reader_comes_behind_the_rows_before_it() -> None:
    def windows() -> Iterator[Window]:
        yield Window(pa.table({"id": [0]}), ["Good."], [None])
        raise OSError("the file is truncated")

    found = []
    with pytest.raises(OSError, match="truncated"):
        found.extend(load_scorer(ModelOptions(model="afinn-111")).score(windows()))
    assert len(found) == 1
