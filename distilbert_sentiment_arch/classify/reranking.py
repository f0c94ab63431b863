"""Re-ranking: a model with one label reads a query and a document, and its logit orders them.

The score of a pair is the sigmoid of its logit, whatever ``problem_type`` says: scores of all
re-rankers then lie between 0 and 1, as in text-embeddings-inference.
"""

from __future__ import annotations

from collections.abc import Sequence

from distilbert_sentiment_arch.classify.interface import Classification, Classifier
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.model_kind import described
from distilbert_sentiment_arch.errors import UnsupportedTask


def check_reranker(classifier: Classifier) -> None:
    """Checks that a classifier scores pairs.

    Raises:
        UnsupportedTask: It has more labels than one, or is a word list.
    """
    if len(classifier.labels) != 1 or classifier.route != "model":
        raise UnsupportedTask(
            f"{described(classifier)}. Pairs are scored and documents re-ranked by a model with "
            "exactly one label, such as a cross-encoder. Ask a server of such a model.",
            param="model",
        )


def relevance(answer: Classification, *, raw: bool) -> float:
    """Returns the score of a pair.

    Args:
        answer: What the model answered.
        raw: The logit, else its sigmoid.
    """
    if raw:
        return answer.logits[0]
    return LabelSet(answer.labels.names, "multi_label_classification").scores(answer.logits)[0]


def order(answers: Sequence[Classification]) -> list[int]:
    """Returns the places of answers, the highest logit first and equal ones as they came.

    Logits order what their sigmoid no longer tells apart.
    """
    return sorted(range(len(answers)), key=lambda place: -answers[place].logits[0])
