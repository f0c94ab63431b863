"""Answers of ``POST /v1/decisions`` by entailment: choices among values that are no labels.

Each value is put into a hypothesis. The model, one of natural language inference, reads the input
with each, and its logits for entailment decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import Classification, Classifier
from distilbert_sentiment_arch.classify.zero_shot import TEMPLATE, Candidates, EntailmentRows
from distilbert_sentiment_arch.errors import NoRoomForText, TooManyTokens
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.decision_format import (
    Answer,
    ChoiceProbability,
    ChoiceQuestion,
    DecisionBody,
    DecisionResponse,
    DecisionUsage,
    EntailedChoice,
)
from distilbert_sentiment_arch.serving.dialects.decision_labels import (
    answer_by_labels,
    row_of,
    rows_of,
)
from distilbert_sentiment_arch.serving.dialects.our_fields import TruncationNote, origin
from distilbert_sentiment_arch.serving.dialects.zero_shot_options import LONGEST_LABEL


def choices_by_entailment(body: DecisionBody, classifier: Classifier) -> dict[int, tuple[str, ...]]:
    """Returns the values of each choice, by its place, that takes entailment to answer.

    Empty for a model without a label for entailment.
    """
    if classifier.route != "model" or EntailmentRows.of(classifier.labels) is None:
        return {}
    rows = rows_of(classifier.labels)
    found = {}
    for place, question in enumerate(body.questions):
        if isinstance(question, ChoiceQuestion):
            values = _hypothetical(question, rows)
            if values is not None:
                found[place] = values
    return found


def _hypothetical(question: ChoiceQuestion, rows: Mapping[str, int]) -> tuple[str, ...] | None:
    """Returns the values of a choice if all are texts and none is a label, else None."""
    values = []
    for choice in question.choices:
        value = choice.value
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LABEL:
            return None
        if row_of(value, rows) is not None:
            return None
        values.append(value)
    return tuple(values) if len(set(values)) == len(values) else None


async def decide_by_entailment(
    call: Call, body: DecisionBody, entailed: Mapping[int, tuple[str, ...]]
) -> DecisionResponse:
    """Answers questions of which some are choices by entailment.

    Args:
        call: The call.
        body: The request.
        entailed: See ``choices_by_entailment``; at least one.

    Raises:
        TooMuch: The pairs of the input with each value exceed one of the operator's limits.
        InputError, Unavailable: See ``Call.read_pairs``.
    """
    # Values that several questions have are read once, and the input alone if a question needs it.
    values = tuple(dict.fromkeys(value for each in entailed.values() for value in each))
    template = body.hypothesis_template or TEMPLATE
    candidates = Candidates(values, template)
    text = body.input
    alone = [text] if len(entailed) < len(body.questions) else []
    count = len(alone) + sum(map(len, entailed.values()))
    call.check_size(count, sum(map(len, alone)) + candidates.characters([text]))
    check_inputs([text])
    try:
        answers = await call.read_pairs(
            body.model,
            [*alone, *candidates.pairs([text])],
            cut="first",
            truncation=body.to_truncation(),
        )
    except (TooManyTokens, NoRoomForText) as error:
        raise error.at(0) from None
    found = answers.classifications
    pairs = dict(zip(values, found[len(alone) :], strict=True))
    rows = EntailmentRows.of(found[0].labels)
    assert rows is not None
    rows_of_labels = rows_of(found[0].labels)
    decided: list[Answer] = []
    for place, question in enumerate(body.questions):
        if place in entailed:
            own = entailed[place]
            answer = Candidates(own, template).answer([pairs[value] for value in own], rows)
            decided.append(_entailed_choice(question.name, answer))
        else:
            decided.append(answer_by_labels(question, found[0], rows_of_labels))
    tokens_read = sum(each.tokens_read for each in found)
    return DecisionResponse(
        **dict(origin(answers)),
        model=answers.model,
        answers=decided,
        usage=DecisionUsage(input_tokens=tokens_read, total_tokens=tokens_read),
        truncation=_note(found),
    )


def _entailed_choice(name: str | None, answer: Classification) -> EntailedChoice:
    return EntailedChoice(
        name=name,
        choice=answer.label,
        confidence=max(answer.scores),
        probabilities=[
            ChoiceProbability(value=value, probability=probability)
            for value, probability in zip(answer.labels.names, answer.scores, strict=True)
        ],
    )


def _note(found: Sequence[Classification]) -> TruncationNote | None:
    if all(each.whole for each in found):
        return None
    return TruncationNote(
        tokens=sum(each.tokens for each in found),
        tokens_read=sum(each.tokens_read for each in found),
        windows=len(found),
    )
