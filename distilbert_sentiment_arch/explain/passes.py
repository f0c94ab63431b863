"""Passes over texts that an explanation is made of: how many there may be, and what each reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.errors import TooManyPasses
from distilbert_sentiment_arch.explain.explanation import (
    DEFAULT_PASSES,
    ExplainOptions,
    PassLimits,
)
from distilbert_sentiment_arch.explain.leave_one_out import leave_one_out
from distilbert_sentiment_arch.explain.owen import owen
from distilbert_sentiment_arch.explain.plan import Plan, kept_text
from distilbert_sentiment_arch.explain.text_units import TextUnits

MOST_CHARACTERS = 4_194_304
"""Most characters in the passes of a request, which are in memory together."""


@dataclass(frozen=True)
class Passes:
    """What is read to explain one text.

    Attributes:
        units: The units of the text.
        plan: Coalitions of them.
        texts: The different texts that are left, beside the text itself; the empty one is first.
        places: For each coalition the place of its text, 0 for the text itself.
    """

    units: TextUnits
    plan: Plan
    texts: Sequence[str]
    places: Sequence[int]


def budgets_of(
    units: Sequence[TextUnits], options: ExplainOptions, windows: Sequence[int | None]
) -> list[int]:
    """Returns the most coalitions for each text.

    Args:
        units: The units of each text.
        options: How to explain.
        windows: Windows in which each text is read; None where only reading it tells.
    """
    return [
        _budget(len(each.spans), options, read_in)
        for each, read_in in zip(units, windows, strict=True)
    ]


def _budget(units: int, options: ExplainOptions, windows: int | None) -> int:
    """Returns the most coalitions that the plan for so many units may have.

    Args:
        units: Units of the text.
        options: How to explain.
        windows: Windows in which the text is read, and each pass over it; None for the least budget
            that any number of them comes to.
    """
    if options.method == "leave_one_out":
        return units + 2
    passes = options.passes
    if passes is None:
        share = 0 if windows is None else max(DEFAULT_PASSES, 2 * units) // windows
        passes = max(units + 1, share)
    return min(passes, 1 << min(units, 62))


def _plan(units: TextUnits, budget: int, options: ExplainOptions) -> Plan:
    count = len(units.spans)
    if options.method == "leave_one_out":
        return leave_one_out(count)
    return owen(units.tree, count, budget, options.seed)


def checked_characters(
    texts: Sequence[str],
    units: Sequence[TextUnits],
    budgets: Sequence[int],
    options: ExplainOptions,
    limits: PassLimits,
) -> int:
    """Returns the most characters in all passes of such budgets, before these are planned.

    Raises:
        TooManyPasses: They are more than the limits allow.
    """
    passes = sum(budgets)
    if limits.passes is not None and passes > limits.passes:
        raise too_many(passes, f"{limits.passes} in one request", units, budgets, options)
    characters = sum(len(text) * budget for text, budget in zip(texts, budgets, strict=True))
    if characters > MOST_CHARACTERS:
        allowed = f"{MOST_CHARACTERS} characters in all of them"
        raise too_many(passes, allowed, units, budgets, options)
    return characters


def too_many(
    passes: int,
    allowed: str,
    units: Sequence[TextUnits],
    budgets: Sequence[int],
    options: ExplainOptions,
) -> TooManyPasses:
    """Returns the error with the remedies that these texts and options leave."""
    words = any(each.kind == "word" and len(each.spans) > 1 for each in units)
    least = sum(len(each.spans) + 1 for each in units)
    budget = options.method == "owen" and sum(budgets) > least
    return TooManyPasses(passes, allowed, sentences=words, budget=budget)


def make_passes(
    texts: Sequence[str],
    units: Sequence[TextUnits],
    budgets: Sequence[int],
    options: ExplainOptions,
) -> list[Passes]:
    """Plans the passes over texts, and makes what they read.

    Args:
        texts: The texts.
        units: The units of each.
        budgets: The most coalitions for each.
        options: How to explain.
    """
    found = []
    for text, of_text, budget in zip(texts, units, budgets, strict=True):
        plan = _plan(of_text, budget, options)
        different = {text: 0}
        places = [
            different.setdefault(kept_text(text, of_text.spans, coalition), len(different))
            for coalition in plan.coalitions
        ]
        found.append(Passes(of_text, plan, list(different)[1:], places))
    return found
