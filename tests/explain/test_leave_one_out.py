"""Leaving one out: each unit's change is what the whole loses without it."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.explain.leave_one_out import leave_one_out


@pytest.mark.parametrize("units", [1, 2, 5])
def test_each_is_left_out_once(units: int) -> None:
    plan = leave_one_out(units)
    kept = [
        frozenset(unit for unit in range(units) if each >> unit & 1) for each in plan.coalitions
    ]
    everything = frozenset(range(units))
    assert kept[:2] == [everything, frozenset()]
    assert set(kept[2:]) == {everything - {unit} for unit in everything} - {frozenset()}
    assert len(set(kept)) == len(kept)

    def value(coalition: frozenset[int]) -> float:
        return len(coalition) + sum(unit**2 for unit in coalition)

    changes = plan.changes([[value(each)] for each in kept])
    assert changes == [[unit**2 + 1] for unit in range(units)]
