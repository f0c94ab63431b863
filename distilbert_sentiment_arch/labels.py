"""Logits to labelled probabilities: the one definition, in float64.

Logits leave the graph as they are. What they mean follows the checkpoint's
``problem_type`` with the rules of Hugging Face's text-classification pipeline
(https://huggingface.co/docs/transformers/main_classes/pipelines#transformers.TextClassificationPipeline):
softmax over exclusive labels, one sigmoid a label otherwise, and raw numbers for
a regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

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

    def scores(self, logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Turns logits into what the head means by them.

        Args:
            logits: Shape ``(..., num_labels)``.

        Returns:
            Shape ``(..., num_labels)``, float64. For a single-label head the last axis sums to 1;
            for a multi-label head every value lies in [0, 1]; for a regression the logits
            themselves.
        """
        values = logits.astype(np.float64)
        if self.problem_type == "regression":
            return values
        if self.problem_type == "multi_label_classification":
            return _sigmoid(values)
        return _softmax(values)

    def best(self, logits: npt.NDArray[np.floating]) -> str:
        """Returns the label of the highest logit of one row, shape ``(num_labels,)``."""
        return self.names[int(np.argmax(logits))]


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: npt.NDArray[np.float64] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def _sigmoid(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # exp of a negative number only: large logits of either sign cannot overflow.
    decay = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + decay), decay / (1 + decay))
