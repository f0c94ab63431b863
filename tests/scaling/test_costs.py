"""What sharing work costs, measured with the kernels' own code."""

from __future__ import annotations

import os

import pytest

from scripts.scaling.costs import measure_costs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two cores are shared between"),
]


def test_costs_are_measured_on_two_cores() -> None:
    costs = measure_costs()
    assert costs.cores == 2
    # Waking a core takes longer than a core that is awake needs to take a piece.
    assert costs.wake > costs.piece
    assert min(costs.wake, costs.task, costs.phase, costs.piece) >= 0
