"""Leave one out: the change of a unit is what the answer loses without it."""

from __future__ import annotations

from distilbert_sentiment_arch.explain.plan import Plan, PlanBuilder


def leave_one_out(units: int) -> Plan:
    """Returns the plan for some units: the text, the empty text, and the text without each."""
    builder = PlanBuilder(units)
    everything = (1 << units) - 1
    for unit in range(units):
        builder.add(unit, 1.0, everything, everything ^ (1 << unit))
    return builder.plan()
