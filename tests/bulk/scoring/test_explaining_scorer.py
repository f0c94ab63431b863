"""Datasets whose answers are explained."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from failing_model import LABELS, FailingModel

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import Window
from distilbert_sentiment_arch.bulk.scoring.explaining_scorer import ExplainingScorer
from distilbert_sentiment_arch.bulk.scoring.lexicon_scorer import LexiconScorer
from distilbert_sentiment_arch.bulk.scoring.row_answers import RowAnswers, Source
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.classify.interface import (
    Answers,
    ClassifyRequest,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import ExplainOptions
from distilbert_sentiment_arch.explain.explanation_object import as_object
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
    from distilbert_sentiment_arch.engine.in_process import InProcessModel

OPTIONS = ExplainOptions(passes=12)
TEXTS = ["A good film.", "Not a good film at all.", " ", None, TextPair("a", "b"), "So bad."]


def window() -> Window:
    errors = [None if text is not None else "unreadable" for text in TEXTS]
    return Window(pa.table({"id": range(len(TEXTS))}), TEXTS, errors)


@pytest.mark.slow
def test_explanations_are_the_server_s(
    embedded: ModelClassifier, embedded_model: InProcessModel
) -> None:
    from distilbert_sentiment_arch.bulk.scoring.model_scorer import scorer_of

    scorer = scorer_of(embedded_model, ModelOptions(explain=OPTIONS), "digest")
    scores = next(iter(scorer.score([window()]))).scores
    assert scores.explanations is not None
    for row in (0, 1, 5):
        request = ClassifyRequest([str(TEXTS[row])], Truncation("end"))
        (served,) = asyncio.run(explain(embedded, request, OPTIONS)).explanations
        assert json.loads(str(scores.explanations[row])) == json.loads(
            json.dumps(as_object(served))
        )
        wanted = np.array(served.classification.scores, dtype=np.float32)
        np.testing.assert_array_equal(scores.probabilities[row], wanted)
    assert [scores.explanations[row] for row in (2, 3, 4)] == [None] * 3
    assert scores.best.tolist() == [1, 0, -1, -1, -1, 0]
    errors = [str(scores.errors[row]).partition(".")[0] for row in (2, 3, 4)]
    assert errors == [
        "The text is blank",
        "unreadable",
        "Explanations are of texts, and an input is a pair or token ids",
    ]


def test_a_word_list_explains_by_its_sums() -> None:
    scorer = load_scorer(ModelOptions(model="afinn-111", explain=OPTIONS))
    scores = next(iter(scorer.score([window()]))).scores
    assert scores.explanations is not None
    found = json.loads(str(scores.explanations[0]))
    assert found["method"] == "sums"
    assert [unit["text"] for unit in found["units"] if any(unit["logits"])] == ["good"]
    assert scores.routes == ["lexicon", "lexicon", None, None, None, "lexicon"]


class Rows(LexiconScorer):
    """A scorer whose answers are those of a model: POSITIVE for every text."""

    labels = LABELS

    def answers(
        self, sources: Iterable[Source], truncation: Truncation | None = None
    ) -> Generator[tuple[Source, RowAnswers]]:
        for source in sources:
            rows = len(source.texts)
            ones = np.ones((3, rows), dtype=np.int32)
            yield source, RowAnswers(np.array([[0, 1]] * rows, dtype=np.float32), *ones)


class Hanging(FailingModel):
    """A model that answers nothing behind its first text."""

    def __init__(self) -> None:
        super().__init__()
        self.hung, self.ended = threading.Event(), threading.Event()

    async def classify(self, request: ClassifyRequest) -> Answers:
        if "second" not in request.inputs:
            return await super().classify(request)
        self.hung.set()
        try:
            await asyncio.sleep(3600)
        finally:
            self.ended.set()
        raise AssertionError("nobody waits so long")


def scorer_with(model: FailingModel) -> ExplainingScorer:
    rows = Rows(LexiconClassifier(embedded_word_list("afinn-111")), 1000)
    return ExplainingScorer(rows, model, ExplainOptions(), Truncation("end"))


def of(*texts: str) -> Window:
    return Window(pa.table({"id": range(len(texts))}), list(texts), [None] * len(texts))


def test_a_row_is_not_answered_again_to_explain_it() -> None:
    model = FailingModel()
    (scored,) = scorer_with(model).score([of("a film", "first")])
    assert [list(each.inputs) for each in model.asked] == [["", "film", "a"], [""]]
    assert scored.scores.explanations is not None
    assert all(scored.scores.explanations)


def test_who_stops_reading_does_not_wait_for_explanations() -> None:
    model = Hanging()
    scored = scorer_with(model).score(iter([of("first"), of("the second", "first"), of("first")]))
    assert next(scored).scores.explanations

    def interrupt() -> None:
        assert model.hung.wait(60)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        next(scored)
    thread.join()
    assert model.ended.is_set()
    assert "explain rows" not in {each.name for each in threading.enumerate()}
