"""Explanations of a classifier's answers, by reading the text again with parts of it left out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    Classifier,
    ClassifyRequest,
    Truncation,
)
from distilbert_sentiment_arch.errors import (
    DeadlineExceeded,
    InputError,
    TooManyTokensInRequest,
)
from distilbert_sentiment_arch.explain.explanation import (
    Base,
    ExplainOptions,
    Explanation,
    Explanations,
    PassLimits,
    Unit,
    UsedMethod,
)
from distilbert_sentiment_arch.explain.owen import check_passes
from distilbert_sentiment_arch.explain.own_sums import sums_of_units
from distilbert_sentiment_arch.explain.passes import (
    Passes,
    budgets_of,
    checked_characters,
    make_passes,
    too_many,
)
from distilbert_sentiment_arch.explain.text_units import TextUnits, units_of
from distilbert_sentiment_arch.worker_threads import in_thread

_QUICKLY_SPLIT = 2_048
"""Characters of the texts up to which their units are found on the event loop, in a millisecond."""
_QUICKLY_MADE = 32_768
"""Characters in all passes up to which they are made on the event loop, in about a millisecond."""
_QUICKLY_SUMMED = 8_192
"""Logits of all passes up to which changes are made of them on the event loop, in a millisecond."""
UNLIMITED = PassLimits()
"""No limit on passes, values or time, for explanations outside a server."""


async def explain(
    classifier: Classifier,
    request: ClassifyRequest,
    options: ExplainOptions,
    limits: PassLimits = UNLIMITED,
    answers: Answers | None = None,
) -> Explanations:
    """Classifies texts and explains the answers.

    The texts themselves are read like those of any request. All other passes are read in the
    background, together, by what answered the texts: never some by a model and some by a word list.

    Args:
        classifier: A model, a word list, or a model with a word list as its fallback.
        request: The texts; its options hold for all passes.
        options: How to explain.
        limits: Limits on the work.
        answers: What the classifier said to the request, where that is known; the texts themselves
            are then not read again.

    Raises:
        InputError: An input is not a text, or see ``Classifier.classify``.
        TooManyPasses: The explanations take more than the limits allow.
        DeadlineExceeded: There is no answer in time.
        Unavailable: See ``Classifier.classify``.
    """
    try:
        async with asyncio.timeout(limits.deadline_s) as deadline:
            return await _explanations(classifier, request, options, limits, answers, deadline)
    except TimeoutError:
        raise DeadlineExceeded(limits.deadline_s or 0.0) from None


async def _explanations(
    classifier: Classifier,
    request: ClassifyRequest,
    options: ExplainOptions,
    limits: PassLimits,
    answers: Answers | None,
    deadline: asyncio.Timeout,
) -> Explanations:
    texts = _texts(request)
    characters = sum(map(len, texts))
    if characters <= _QUICKLY_SPLIT:
        units = _units(texts, options)
    else:
        units = await in_thread(characters, _units, texts, options)
    _check_values(classifier, units, limits)
    if options.method == "owen" and options.passes is not None:
        for each in units:
            check_passes(len(each.spans), options.passes)
    # A word list reads a text once. What a model would read is known before it reads anything.
    if classifier.route == "model":
        known = budgets_of(units, options, _known_windows(request))
        checked_characters(texts, units, known, options, limits)
    # The classifier has a deadline of its own here, at which a word list may take over.
    end = deadline.when()
    deadline.reschedule(None)
    if answers is None:
        answers = await classifier.classify(request)
    if answers.route == "lexicon":
        if characters <= _QUICKLY_SPLIT:
            return Explanations(answers, _sums(texts, answers, units))
        return Explanations(answers, await in_thread(characters, _sums, texts, answers, units))
    deadline.reschedule(end)
    budgets = budgets_of(units, options, [answer.windows for answer in answers.classifications])
    passed = checked_characters(texts, units, budgets, options, limits)
    if passed <= _QUICKLY_MADE:
        passes = make_passes(texts, units, budgets, options)
    else:
        passes = await in_thread(passed, make_passes, texts, units, budgets, options)
    try:
        read = await _read(classifier, request, passes)
    except TooManyTokensInRequest as error:
        count = sum(1 + len(each.texts) for each in passes)
        allowed = f"{error.limit} tokens in all of them"
        raise too_many(count, allowed, units, budgets, options) from None
    answers = replace(
        answers,
        stages=_added(answers.stages, read.stages),
        batch_sizes=[*answers.batch_sizes, *read.batch_sizes],
    )
    arguments = (texts, answers.classifications, passes, read.classifications, options)
    numbers = len(read.classifications) * len(classifier.labels)
    if numbers <= _QUICKLY_SUMMED:
        return Explanations(answers, _explained(*arguments))
    return Explanations(answers, await in_thread(numbers, _explained, *arguments))


def _texts(request: ClassifyRequest) -> list[str]:
    texts = [item for item in request.inputs if isinstance(item, str)]
    if len(texts) < len(request.inputs):
        raise InputError(
            "Explanations are of texts, and an input is a pair or token ids. Send texts.",
            param="explain",
        )
    if not request.add_special_tokens:
        raise InputError(
            "add_special_tokens is false, and a text without its words is then nothing at all. "
            "Leave it out.",
            param="add_special_tokens",
        )
    return texts


def _units(texts: Sequence[str], options: ExplainOptions) -> list[TextUnits]:
    return [units_of(text, options.units) for text in texts]


def _known_windows(request: ClassifyRequest) -> list[int | None]:
    """Returns in how many windows each text will be read; None where only reading it tells."""
    mode = request.truncation.mode if request.truncation else None
    return [None if mode == "window" else 1] * len(request.inputs)


def _check_values(classifier: Classifier, units: Sequence[TextUnits], limits: PassLimits) -> None:
    values = 2 * len(classifier.labels) * sum(len(each.spans) for each in units)
    if limits.values is not None and values > limits.values:
        words = any(each.kind == "word" for each in units)
        raise InputError(
            f"The explanations come to {values} numbers, and this server answers with at most "
            f"{limits.values}. {'Ask for units=sentence, or send' if words else 'Send'} less text.",
            param="units" if words else None,
        )


async def _read(
    classifier: Classifier,
    request: ClassifyRequest,
    passes: Sequence[Passes],
) -> Answers:
    """Reads all passes in one request, in the background."""
    variants = replace(
        request,
        inputs=list(chain.from_iterable(each.texts for each in passes)),
        # The texts are within the limit if it was not asked for. That of a variant may be over it
        # by a token, because a tokenizer joins what is left in its own way.
        truncation=request.truncation or Truncation("end"),
        fallback="off",
        background=True,
        blank=True,
    )
    return await classifier.classify(variants)


def _explained(
    texts: Sequence[str],
    answers: Sequence[Classification],
    passes: Sequence[Passes],
    variants: Sequence[Classification],
    options: ExplainOptions,
) -> list[Explanation]:
    found = []
    first = 0
    for text, answer, each in zip(texts, answers, passes, strict=True):
        read = [answer, *variants[first : first + len(each.texts)]]
        first += len(each.texts)
        values = [[*one.logits, *one.scores] for one in read]
        changes = each.plan.changes([values[place] for place in each.places])
        empty = read[each.places[1]]
        found.append(
            Explanation(
                answer,
                Base(empty.logits, empty.scores),
                options.method,
                each.units.kind,
                len(read),
                sum(one.tokens_read for one in read),
                options.seed if options.method == "owen" else None,
                _explained_units(text, each.units, changes),
            )
        )
    return found


def _sums(texts: Sequence[str], answers: Answers, units: Sequence[TextUnits]) -> list[Explanation]:
    """Explains the answers of a word list by its own sums."""
    method: UsedMethod = "sums"
    found = []
    for text, answer, of_text in zip(texts, answers.classifications, units, strict=True):
        terms = answer.sum
        assert terms is not None
        found.append(
            Explanation(
                answer,
                Base(terms.logits, terms.scores),
                method,
                of_text.kind,
                1,
                answer.tokens_read,
                None,
                _explained_units(text, of_text, sums_of_units(terms, of_text.spans)),
            )
        )
    return found


def _explained_units(text: str, units: TextUnits, changes: Sequence[Sequence[float]]) -> list[Unit]:
    found = []
    for (start, end), row in zip(units.spans, changes, strict=True):
        labels = len(row) // 2
        found.append(Unit(start, end, text[start:end], row[:labels], row[labels:]))
    return found


def _added(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {name: first.get(name, 0.0) + second.get(name, 0.0) for name in {**first, **second}}
