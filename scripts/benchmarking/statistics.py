"""Medians, their bootstrap intervals, and ratios of figures measured in the same round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Estimate:
    """A median and its bootstrap interval.

    Attributes:
        value: The median.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bootstrap:
    """Bootstrap intervals by the percentile method (Efron and Tibshirani 1993, chapter 13).

    Attributes:
        resamples: Resamples drawn.
        confidence: Confidence level, 0 to 1.
        seed: Random seed of the resamples.
    """

    resamples: int = 5000
    confidence: float = 0.95
    seed: int = 0

    def median(self, values: Sequence[float] | npt.NDArray[np.float64]) -> Estimate:
        """Returns the median of values and its interval.

        Args:
            values: At least one; independent of each other.
        """
        sample = np.asarray(values, dtype=np.float64)
        generator = np.random.default_rng(self.seed)
        drawn = generator.integers(0, len(sample), (self.resamples, len(sample)))
        medians = np.median(sample[drawn], axis=1)
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(medians, [tail, 1 - tail])
        return Estimate(float(np.median(sample)), float(low), float(high))

    def ratio(self, values: Sequence[float], baseline: Sequence[float]) -> Estimate:
        """Returns the median of the ratios within rounds, and its interval.

        A slow phase of the machine affects both values of a round, and cancels.

        Args:
            values: One value per round.
            baseline: The baseline's value in the same rounds.
        """
        pairs = zip(values, baseline, strict=True)
        return self.median([value / base for value, base in pairs])


def spread(values: Sequence[float]) -> float:
    """Returns the interquartile range divided by the median: 0 if nothing varies."""
    low, middle, high = np.quantile(np.asarray(values, dtype=np.float64), [0.25, 0.5, 0.75])
    return float((high - low) / middle)
