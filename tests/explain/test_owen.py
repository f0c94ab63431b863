"""Owen values against their definition: the mean over all orders that keep groups together."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.explain.owen import owen
from distilbert_sentiment_arch.explain.plan import Plan
from distilbert_sentiment_arch.explain.text_units import Tree

SetFunction = Callable[[int], npt.NDArray[np.float64]]


def set_function(seed: int, columns: int = 3) -> SetFunction:
    """An arbitrary function of coalitions."""

    def value(coalition: int) -> npt.NDArray[np.float64]:
        numbers = random.Random(f"{seed} {coalition}")
        return np.array([numbers.gauss(0, 5) for _ in range(columns)])

    return value


def orders(tree: Tree) -> Iterator[tuple[int, ...]]:
    """All orders in which the units of a group follow each other."""
    if isinstance(tree, int):
        yield (tree,)
        return
    for parts in itertools.permutations(tree):
        for chosen in itertools.product(*(list(orders(part)) for part in parts)):
            yield tuple(itertools.chain.from_iterable(chosen))


def by_definition(tree: Tree, units: int, value: SetFunction) -> npt.NDArray[np.float64]:
    found, count = np.zeros((units, 3)), 0
    for order in orders(tree):
        coalition = 0
        for unit in order:
            found[unit] += value(coalition | 1 << unit) - value(coalition)
            coalition |= 1 << unit
        count += 1
    return found / count


def shapley(units: int, value: SetFunction) -> npt.NDArray[np.float64]:
    """Shapley values by the formula over all coalitions."""
    found = np.zeros((units, 3))
    for unit in range(units):
        others = [each for each in range(units) if each != unit]
        for size in range(units):
            weight = math.factorial(size) * math.factorial(units - size - 1)
            for chosen in itertools.combinations(others, size):
                coalition = sum(1 << each for each in chosen)
                gain = value(coalition | 1 << unit) - value(coalition)
                found[unit] += weight / math.factorial(units) * gain
    return found


def changes(plan: Plan, value: SetFunction) -> npt.NDArray[np.float64]:
    return np.array(plan.changes([value(each).tolist() for each in plan.coalitions]))


@pytest.mark.parametrize(
    ("tree", "units"),
    [
        ((0,), 1),
        (((0, 1), (2,)), 3),
        ((((0, 1), (2, 3, 4)), ((5,),)), 6),
        ((((0,), (1, 2)), ((3, 4), (5,)), ((6,),)), 7),
    ],
)
def test_exact_values_are_those_of_the_definition(tree: Tree, units: int) -> None:
    value = set_function(units)
    plan = owen(tree, units, 256, 0)
    assert len(plan.coalitions) <= min(256, 2**units)
    np.testing.assert_allclose(changes(plan, value), by_definition(tree, units, value), atol=1e-12)


def test_without_groups_they_are_shapley_values() -> None:
    value = set_function(5)
    plan = owen(tuple(range(5)), 5, 32, 0)
    np.testing.assert_allclose(changes(plan, value), shapley(5, value), atol=1e-12)


def trees(leaves: int) -> st.SearchStrategy[Tree]:
    """Sentences of phrases of words."""
    cuts = st.lists(st.integers(1, 2), min_size=leaves, max_size=leaves)

    def grouped(levels: list[int]) -> Tree:
        sentences: list[list[list[int]]] = [[[]]]
        for unit, level in enumerate(levels):
            sentences[-1][-1].append(unit)
            if unit < leaves - 1:
                if level == 2 and unit % 5 == 4:
                    sentences.append([[]])
                elif level == 2:
                    sentences[-1].append([])
        return tuple(tuple(map(tuple, sentence)) for sentence in sentences)

    return cuts.map(grouped)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 40), st.integers(0, 2**53 - 1), st.integers(0, 300))
def test_changes_sum_to_the_whole_within_the_budget(
    data: st.DataObject, units: int, seed: int, more: int
) -> None:
    tree = data.draw(trees(units))
    value = set_function(seed)
    passes = units + 1 + more
    plan = owen(tree, units, passes, seed)
    assert len(plan.coalitions) <= passes
    assert len(set(plan.coalitions)) == len(plan.coalitions)
    whole = value((1 << units) - 1) - value(0)
    np.testing.assert_allclose(changes(plan, value).sum(axis=0), whole, atol=1e-9)


def test_samples_come_close_and_follow_the_seed() -> None:
    tree: Tree = (((0, 1, 2, 3), (4, 5, 6)), ((7, 8, 9),))

    def value(coalition: int) -> npt.NDArray[np.float64]:
        # Each unit has an effect of its own, of either sign; neighbours and the whole add to it.
        kept = [unit for unit in range(10) if coalition >> unit & 1]
        own = sum((unit + 1) * (-1) ** unit for unit in kept)
        pairs = sum(unit + 1 in kept for unit in kept)
        return np.array([own + 0.3 * pairs, 2 * own - 0.2 * len(kept) ** 1.5, own * 0.5])

    exact = owen(tree, 10, 1024, 0)
    expected = changes(exact, value)
    np.testing.assert_allclose(expected, by_definition(tree, 10, value), atol=1e-9)
    smallest = np.abs(expected).min(axis=0)
    plans = [owen(tree, 10, 80, seed) for seed in range(5)]
    for sampled in plans:
        assert 60 < len(sampled.coalitions) <= 80 < len(exact.coalitions)
        error = np.abs(changes(sampled, value) - expected).max(axis=0)
        assert (error < smallest / 3).all(), (error, smallest)
    assert owen(tree, 10, 80, 1) == plans[1]
    assert len({tuple(plan.coalitions) for plan in plans}) == 5


def test_a_budget_too_small_for_one_order_is_refused() -> None:
    with pytest.raises(InputError, match="owen takes 5 passes") as caught:
        owen(tuple(range(4)), 4, 4, 0)
    assert caught.value.param == "passes"
    assert len(owen(tuple(range(4)), 4, 5, 0).coalitions) == 5
