"""Which parts of a text are read, and how the answers to them become changes of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.explain.text_units import Span

Coalition = int
"""Units that are kept, as bits: bit 0 is the first unit."""
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """Coalitions to read, and a weighted sum of their differences for each unit.

    Attributes:
        units: Number of units.
        coalitions: The first has all units, the second none; no two are the same.
        unit: For each difference, the unit that it is of.
        weight: Its weight.
        larger: Place of the coalition with the unit.
        smaller: Place of the one without.
    """

    units: int
    coalitions: Sequence[Coalition]
    unit: npt.NDArray[np.int64]
    weight: Values
    larger: npt.NDArray[np.int64]
    smaller: npt.NDArray[np.int64]

    def changes(self, values: Values) -> Values:
        """Returns the change of each unit.

        Args:
            values: What was answered, ``(coalitions, columns)``.

        Returns:
            ``(units, columns)``.
        """
        found = np.zeros((self.units, values.shape[1]))
        differences = values[self.larger] - values[self.smaller]
        np.add.at(found, self.unit, self.weight[:, np.newaxis] * differences)
        return found


class PlanBuilder:
    """Collects the coalitions and differences of a plan.

    Args:
        units: Number of units.
    """

    def __init__(self, units: int) -> None:
        self._units = units
        self.places: dict[Coalition, int] = {(1 << units) - 1: 0, 0: 1}
        self._differences: list[tuple[int, float, int, int]] = []

    def add(self, unit: int, weight: float, larger: Coalition, smaller: Coalition) -> None:
        """Adds a difference."""
        places = self.places
        first = places.setdefault(larger, len(places))
        second = places.setdefault(smaller, len(places))
        self._differences.append((unit, weight, first, second))

    def plan(self, scale: float = 1.0) -> Plan:
        """Returns the plan, with all weights multiplied by ``scale``."""
        unit, weight, larger, smaller = zip(*self._differences, strict=True)
        return Plan(
            self._units,
            list(self.places),
            np.array(unit, dtype=np.int64),
            np.array(weight, dtype=np.float64) * scale,
            np.array(larger, dtype=np.int64),
            np.array(smaller, dtype=np.int64),
        )


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
