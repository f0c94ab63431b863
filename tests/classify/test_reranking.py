"""Re-ranking: the order and the scores of documents, and which models give them."""

from __future__ import annotations

import pytest
from pair_models import NLI, RERANKER, SENTIMENT, pair_classifier, sigmoid

from distilbert_sentiment_arch.classify.interface import Classification
from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType
from distilbert_sentiment_arch.classify.reranking import check_reranker, order, relevance
from distilbert_sentiment_arch.errors import UnsupportedTask


def answer(logit: float, problem_type: ProblemType = "regression") -> Classification:
    return Classification(LabelSet(RERANKER, problem_type), [logit], 5, 5)


@pytest.mark.parametrize("problem_type", ["regression", "multi_label_classification"])
def test_a_score_is_a_sigmoid_whatever_the_head_is_for(problem_type: ProblemType) -> None:
    assert relevance(answer(-2.5, problem_type), raw=False) == pytest.approx(sigmoid(-2.5))
    assert relevance(answer(-2.5, problem_type), raw=True) == -2.5


def test_logits_order_what_sigmoids_cannot_tell_apart() -> None:
    answers = [answer(logit) for logit in (40.0, 50.0, 40.0, -800.0)]
    assert [relevance(each, raw=False) for each in answers] == [1, 1, 1, 0]
    assert order(answers) == [1, 0, 2, 3]


def test_a_model_of_one_label_can() -> None:
    check_reranker(pair_classifier(RERANKER))


@pytest.mark.parametrize("labels", [SENTIMENT, NLI])
def test_others_cannot(labels: tuple[str, ...]) -> None:
    with pytest.raises(UnsupportedTask, match="exactly one label"):
        check_reranker(pair_classifier(labels))
