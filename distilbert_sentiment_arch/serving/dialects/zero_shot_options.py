"""Options of zero-shot classification, named as in Hugging Face's pipeline, and its answer.

Source: https://huggingface.co/docs/transformers/main_classes/pipelines#transformers.ZeroShotClassificationPipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
)

from distilbert_sentiment_arch.classify.input_text import check_inputs as check_texts
from distilbert_sentiment_arch.classify.interface import Answers, Input, Truncation
from distilbert_sentiment_arch.classify.zero_shot import PLACE, TEMPLATE, Candidates, rows_for
from distilbert_sentiment_arch.errors import InputError, NoRoomForText, TooManyInputs, TooManyTokens
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.wire import WireModel, WireText, check_inputs
from distilbert_sentiment_arch.settings.limits import Limits

LONGEST_LABEL = 1024
"""Most characters of a label that the caller chooses."""

_LABELS_SCHEMA = {
    "anyOf": [
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"type": "string"},
        {"type": "null"},
    ],
    "description": "Zero-shot: the labels to choose from, a list or separated by commas, for a "
    "model of natural language inference.",
    "examples": [["travel", "cooking"]],
}


def _parse_labels(value: Any, info: ValidationInfo) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        _check_commas(value, info)
        value = [label.strip() for label in value.split(",") if label.strip()]
    if not isinstance(value, list):
        raise ValueError("is neither a list of labels nor a text of labels between commas")
    if not value:
        raise ValueError("is empty; send at least one label")
    check_inputs(value, info)
    for index, label in enumerate(value):
        if not isinstance(label, str) or not label.strip():
            raise ValueError(f"element {index} is not a label: a text that is not blank")
        if len(label) > LONGEST_LABEL:
            raise ValueError(f"element {index} has more than {LONGEST_LABEL} characters")
    if len(set(value)) < len(value):
        raise ValueError("names a label twice")
    return tuple(value)


def _check_commas(value: str, info: ValidationInfo) -> None:
    limits = info.context
    count = value.count(",") + 1
    if isinstance(limits, Limits) and count > limits.max_inputs:
        raise TooManyInputs(count, limits.max_inputs)


def _check_template(value: str | None) -> str | None:
    if value is not None and value.count(PLACE) != 1:
        raise ValueError(f"does not have {PLACE} once, where the label goes")
    return value


CandidateLabels = Annotated[Any, BeforeValidator(_parse_labels), WithJsonSchema(_LABELS_SCHEMA)]
"""Type of the field; its validated value is a tuple of labels, or None."""

HypothesisTemplate = Annotated[WireText | None, AfterValidator(_check_template)]
"""Type of the field; None for the default template."""


class ZeroShotFields(WireModel):
    """Labels that the caller chooses, and how they are put to the model."""

    candidate_labels: CandidateLabels = None
    hypothesis_template: HypothesisTemplate = Field(
        default=None,
        description=f"Zero-shot: a text with {PLACE} for the label.",
        examples=[TEMPLATE],
    )
    multi_label: StrictBool | None = Field(
        default=None, description="Zero-shot: the labels do not exclude each other."
    )

    def to_candidates(self) -> Candidates | None:
        """Returns the labels to choose from; None for those of the model."""
        if self.candidate_labels is None:
            return None
        return Candidates(
            self.candidate_labels, self.hypothesis_template or TEMPLATE, bool(self.multi_label)
        )


async def entail(
    call: Call,
    model: str | None,
    inputs: Sequence[Input],
    candidates: Candidates,
    *,
    truncation: Truncation | None,
) -> Answers:
    """Answers texts by entailment; truncation cuts the text and never the hypothesis.

    Raises:
        UnsupportedTask: The model was not trained on entailment.
        ModelAbsent: See ``Application.pair_classifier``.
        TooMuch: All pairs of a text and a label exceed one of the operator's limits.
        InputError: An input is not a text, or ``Call.read_pairs`` refuses a pair.
    """
    rows = rows_for(call.app.pair_classifier(model), candidates)
    texts = [item for item in inputs if isinstance(item, str)]
    if len(texts) < len(inputs):
        raise InputError(
            "candidate_labels are for texts, and an input is something else. Send texts.",
            param="candidate_labels",
        )
    count = len(candidates.labels)
    call.check_size(len(texts) * count, candidates.characters(texts))
    check_texts(texts)
    try:
        answers = await call.read_pairs(
            model, candidates.pairs(texts), cut="first", truncation=truncation
        )
    except (TooManyTokens, NoRoomForText) as error:  # numbered by pairs, and callers know texts
        raise error.at(error.index // count) from None
    found = answers.classifications
    return replace(
        answers,
        classifications=[
            candidates.answer(found[start : start + count], rows)
            for start in range(0, len(found), count)
        ],
    )
