"""Owen values: Shapley values over words that stand in phrases, and phrases in sentences.

Source: G. Owen, Values of games with a priori unions, 1977. Units join one by one in a random order
in which the units of a group follow each other, and a unit's value is what it adds on joining, on
average over all such orders. Along each order the changes sum to ``f(text) - f(empty)``, and so do
their averages.

Where the budget allows all coalitions that any order passes, the values are exact. Otherwise orders
are sampled, each followed by its reverse, which reduces the variance.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import accumulate, combinations
from operator import or_

from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.explain.plan import Coalition, Plan, PlanBuilder
from distilbert_sentiment_arch.explain.text_units import Tree


def owen(tree: Tree, units: int, passes: int, seed: int) -> Plan:
    """Returns the plan for units in groups, of at most so many coalitions.

    Raises:
        InputError: Not even one order fits into the budget.
    """
    check_passes(units, passes)
    return _exact(tree, units, passes) or _sampled(tree, units, passes, seed)


def check_passes(units: int, passes: int) -> None:
    """Checks that one order fits into the budget.

    Raises:
        InputError: It does not.
    """
    if passes < units + 1:
        raise InputError(
            f"owen takes {units + 1} passes or more for the {units} units of this text, and passes "
            f"is {passes}. Send a higher one, or leave it out.",
            param="passes",
        )


def _exact(tree: Tree, units: int, passes: int) -> Plan | None:
    """Returns the plan of exact values, None if it has more coalitions than the budget."""
    if _most_contexts(tree) > passes:
        return None
    builder = PlanBuilder(units)
    for unit, contexts in _contexts(tree, [(1.0, 0)]):
        for weight, coalition in contexts:
            builder.add(unit, weight, coalition | (1 << unit), coalition)
        if len(builder.places) > passes:
            return None
    return builder.plan()


def _most_contexts(tree: Tree) -> int:
    """Returns how many coalitions the unit with the most of them can join."""
    if isinstance(tree, int):
        return 1
    siblings = min(len(tree) - 1, 62)  # as good as thousands, whose power would fill the memory
    return (1 << siblings) * max(map(_most_contexts, tree))


def _contexts(
    tree: Tree, before: Sequence[tuple[float, Coalition]]
) -> Iterator[tuple[int, Sequence[tuple[float, Coalition]]]]:
    """Yields each unit with the coalitions that it joins, and how often in all orders."""
    if isinstance(tree, int):
        yield tree, before
        return
    parts = [_members(part) for part in tree]
    for place, part in enumerate(tree):
        others = parts[:place] + parts[place + 1 :]
        joined = [
            (weight * share, coalition | subset)
            for weight, coalition in before
            for share, subset in _subsets(others)
        ]
        yield from _contexts(part, joined)


def _subsets(parts: Sequence[Coalition]) -> Iterator[tuple[float, Coalition]]:
    """Yields each union of parts, and the share of orders in which it is before one part more."""
    for size in range(len(parts) + 1):
        share = 1 / ((len(parts) + 1) * math.comb(len(parts), size))
        for chosen in combinations(parts, size):
            yield share, sum(chosen)


def _members(tree: Tree) -> Coalition:
    return 1 << tree if isinstance(tree, int) else sum(map(_members, tree))


def _sampled(tree: Tree, units: int, passes: int, seed: int) -> Plan:
    orders = list(_orders(tree, units, passes, seed))
    builder = PlanBuilder(units)
    for order in orders:
        smaller = 0
        for unit in order:
            larger = smaller | (1 << unit)
            builder.add(unit, 1 / len(orders), larger, smaller)
            smaller = larger
    return builder.plan()


def _orders(tree: Tree, units: int, passes: int, seed: int) -> Iterator[Sequence[int]]:
    """Yields orders, each followed by its reverse, until the next takes too many coalitions."""
    chance = random.Random(seed)  # noqa: S311 - samples, no secrets
    seen = {0, (1 << units) - 1}
    for _ in range(passes):
        order = list(_shuffled(tree, chance))
        for each in (order, order[::-1]):
            steps = list(accumulate((1 << unit for unit in each), initial=0, func=or_))
            if len(seen) + sum(step not in seen for step in steps) > passes:
                return
            seen.update(steps)
            yield each


def _shuffled(tree: Tree, chance: random.Random) -> Iterator[int]:
    if isinstance(tree, int):
        yield tree
        return
    for part in chance.sample(tree, len(tree)):
        yield from _shuffled(part, chance)
