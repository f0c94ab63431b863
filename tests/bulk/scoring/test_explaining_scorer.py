"""Datasets whose answers are explained."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import Window
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.classify.interface import ClassifyRequest, TextPair, Truncation
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import ExplainOptions
from distilbert_sentiment_arch.explain.explanation_object import as_object

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
