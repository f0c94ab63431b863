"""Logits to labelled probabilities: the one definition, in float64 and without NumPy.

Logits leave the graph as they are. What they mean follows the checkpoint's
``problem_type`` with the rules of Hugging Face's text-classification pipeline
(https://huggingface.co/docs/transformers/main_classes/pipelines#transformers.TextClassificationPipeline):
softmax over exclusive labels, one sigmoid a label otherwise, and raw numbers for
a regression.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ProblemType = Literal["single_label_classification", "multi_label_classification", "regression"]


@dataclass(frozen=True)
class LabelSet:
    """The labels of a classification head.

    Attributes:
        names: Label of each logit, in the order of the classifier's rows.
        problem_type: How the logits relate to each other.
    """

    names: tuple[str, ...]
    problem_type: ProblemType

    def __len__(self) -> int:
        return len(self.names)

    def scores(self, logits: Sequence[float]) -> list[float]:
        """Turns the logits of one row into what the head means by them.

        Args:
            logits: One a label.

        Returns:
            One a label. For a single-label head they sum to 1; for a multi-label head each lies in
            [0, 1]; for a regression they are the logits themselves.
        """
        if self.problem_type == "regression":
            return list(logits)
        if self.problem_type == "multi_label_classification":
            return [_sigmoid(logit) for logit in logits]
        return _softmax(logits)

    def best(self, logits: Sequence[float]) -> str:
        """Returns the label of the highest logit of one row, the first of several."""
        return self.names[max(range(len(logits)), key=logits.__getitem__)]


def _softmax(logits: Sequence[float]) -> list[float]:
    highest = max(logits)
    exponentials = [math.exp(logit - highest) for logit in logits]
    total = math.fsum(exponentials)
    return [each / total for each in exponentials]


def _sigmoid(logit: float) -> float:
    # exp of a negative number only: large logits of either sign cannot overflow.
    decay = math.exp(-abs(logit))
    return 1 / (1 + decay) if logit >= 0 else decay / (1 + decay)
