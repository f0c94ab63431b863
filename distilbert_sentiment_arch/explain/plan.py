"""Which parts of a text are read, and how the answers to them become changes of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.explain.text_units import Span

Coalition = int
"""Units that are kept, as bits: bit 0 is the first unit."""
Row = Sequence[float]


@dataclass(frozen=True)
class Difference:
    """What a unit changes where it joins a coalition.

    Attributes:
        unit: The unit.
        weight: Share of this difference in the unit's change.
        larger: Place of the coalition with the unit.
        smaller: Place of the one without.
    """

    unit: int
    weight: float
    larger: int
    smaller: int


@dataclass(frozen=True)
class Plan:
    """Coalitions to read, and the differences between them whose weighted sums are the changes.

    Attributes:
        units: Number of units.
        coalitions: The first has all units, the second none; no two are the same.
        differences: Those of all units.
    """

    units: int
    coalitions: Sequence[Coalition]
    differences: Sequence[Difference]

    def changes(self, values: Sequence[Row]) -> list[list[float]]:
        """Returns a row for each unit.

        Args:
            values: What was answered to each coalition.
        """
        found = []
        for column in zip(*values, strict=True):
            sums = [0.0] * self.units
            for each in self.differences:
                sums[each.unit] += each.weight * (column[each.larger] - column[each.smaller])
            found.append(sums)
        return [list(row) for row in zip(*found, strict=True)]


class PlanBuilder:
    """Collects the coalitions and differences of a plan.

    Args:
        units: Number of units.

    Attributes:
        places: Place of each coalition.
    """

    def __init__(self, units: int) -> None:
        self._units = units
        self.places: dict[Coalition, int] = {(1 << units) - 1: 0, 0: 1}
        self._differences: list[Difference] = []

    def add(self, unit: int, weight: float, larger: Coalition, smaller: Coalition) -> None:
        """Adds a difference."""
        places = self.places
        first = places.setdefault(larger, len(places))
        second = places.setdefault(smaller, len(places))
        self._differences.append(Difference(unit, weight, first, second))

    def plan(self) -> Plan:
        """Returns the plan."""
        return Plan(self._units, list(self.places), self._differences)


def kept_text(text: str, spans: Sequence[Span], coalition: Coalition) -> str:
    """Returns a text of which only some units are left.

    A unit has the white space behind it, and the first one that before it, too. Where the last unit
    is left out, no white space is left at the end.
    """
    count = len(spans)
    if coalition == (1 << count) - 1:
        return text
    parts = []
    first = 0
    while rest := coalition >> first:
        # The next run of units that are kept.
        first += (rest & -rest).bit_length() - 1
        rest = coalition >> first
        after = first + (~rest & (rest + 1)).bit_length() - 1
        start = spans[first][0] if first else 0
        parts.append(text[start : spans[after][0] if after < count else len(text)])
        first = after
    kept = "".join(parts)
    return kept if coalition >> (count - 1) else kept.rstrip()
