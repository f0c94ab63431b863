"""Zero-shot classification: labels chosen by the caller, each put to a model of entailment.

The rules are those of Hugging Face's pipeline
(https://huggingface.co/docs/transformers/main_classes/pipelines#transformers.ZeroShotClassificationPipeline):
a text and a hypothesis for each label are read as a pair. Labels that exclude each other share a
softmax of their logits for entailment. Each of independent labels, and a single one, has a softmax
of entailment against contradiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.classify.interface import Classification, Classifier, TextPair
from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType
from distilbert_sentiment_arch.classify.model_kind import described
from distilbert_sentiment_arch.errors import UnsupportedTask

PLACE = "{}"
"""What a template has where the label goes."""

TEMPLATE = "This example is {}."
"""Template of hypotheses that name none."""


@dataclass(frozen=True)
class EntailmentRows:
    """Rows of a head that was trained on natural language inference.

    Attributes:
        entailment: Row of the label that begins with "entail".
        contradiction: Row of the label that begins with "contra", or of the other of two labels;
            None if there is neither.
    """

    entailment: int
    contradiction: int | None

    @classmethod
    def of(cls, labels: LabelSet) -> EntailmentRows | None:
        """Returns the rows of a head, None if it has no label for entailment."""
        names = [name.casefold() for name in labels.names]
        entailment = _first(names, "entail")
        if entailment is None or len(names) < 2:
            return None
        contradiction = _first(names, "contra")
        if contradiction is None and len(names) == 2:
            contradiction = 1 - entailment
        return cls(entailment, contradiction)


@dataclass(frozen=True)
class Candidates:
    """Labels that the caller chose.

    Attributes:
        labels: The labels, at least one.
        template: Hypothesis with ``PLACE`` where a label goes.
        multi_label: Labels do not exclude each other.
    """

    labels: tuple[str, ...]
    template: str = TEMPLATE
    multi_label: bool = False

    @property
    def independent(self) -> bool:
        """Whether each label is judged alone."""
        return self.multi_label or len(self.labels) == 1

    def characters(self, texts: Sequence[str]) -> int:
        """Returns the characters of all pairs, before there is one."""
        template = len(self.template) - len(PLACE)
        hypotheses = sum(map(len, self.labels)) + len(self.labels) * template
        return len(self.labels) * sum(map(len, texts)) + len(texts) * hypotheses

    def pairs(self, texts: Sequence[str]) -> list[TextPair]:
        """Returns the pairs of each text with each label, those of a text one behind the other."""
        hypotheses = [self.template.replace(PLACE, label) for label in self.labels]
        return [TextPair(text, hypothesis) for text in texts for hypothesis in hypotheses]

    def answer(self, pairs: Sequence[Classification], rows: EntailmentRows) -> Classification:
        """Returns the answer for one text.

        Args:
            pairs: What the model answered for its pair with each label.
            rows: Rows of the model's head; independent labels need that for contradiction.

        Returns:
            The labels with the numbers that softmax, or sigmoid for independent ones, turns into
            their scores. Its tokens are those of all pairs.
        """
        logits = [pair.logits[rows.entailment] for pair in pairs]
        if self.independent:
            # The softmax of two logits is the sigmoid of their difference.
            assert rows.contradiction is not None
            logits = [
                pair.logits[rows.entailment] - pair.logits[rows.contradiction] for pair in pairs
            ]
        kind: ProblemType = (
            "multi_label_classification" if self.independent else "single_label_classification"
        )
        return Classification(
            LabelSet(self.labels, kind),
            logits,
            tokens=sum(pair.tokens for pair in pairs),
            tokens_read=sum(pair.tokens_read for pair in pairs),
        )


def rows_for(classifier: Classifier, candidates: Candidates) -> EntailmentRows:
    """Returns the rows of a classifier's head.

    Raises:
        UnsupportedTask: It was not trained on entailment, or independent labels need a label for
            contradiction, which it does not have.
    """
    rows = EntailmentRows.of(classifier.labels) if classifier.route == "model" else None
    if rows is None:
        raise UnsupportedTask(
            f"{described(classifier)}. Labels of your own take a model of natural language "
            "inference (NLI), with a label that begins with 'entail'. Ask a server of such a "
            "model, or leave candidate_labels out.",
            param="candidate_labels",
        )
    if candidates.independent and rows.contradiction is None:
        raise UnsupportedTask(
            f"{described(classifier)}, none of which begins with 'contra'. It judges labels that "
            "exclude each other only: send two or more, without multi_label.",
            param="multi_label",
        )
    return rows


def _first(names: Sequence[str], prefix: str) -> int | None:
    return next((row for row, name in enumerate(names) if name.startswith(prefix)), None)
