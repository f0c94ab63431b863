"""Percentiles of latency, and the correction for coordinated omission."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}

Latencies = npt.NDArray[np.float64]


def percentiles(latencies: Sequence[float] | Latencies) -> dict[str, float]:
    """Returns p50, p90, p95, p99 and max; NaN if there are no latencies."""
    values = np.asarray(latencies, dtype=np.float64)
    if not len(values):
        return dict.fromkeys(QUANTILES, float("nan"))
    # An observed value, never an interpolated one, because the tail has few values.
    return {
        name: float(np.quantile(values, quantile, method="inverted_cdf"))
        for name, quantile in QUANTILES.items()
    }


def corrected(latencies: Sequence[float] | Latencies, interval: float) -> Latencies:
    """Adds the latencies of requests that callers omitted while they waited for a slow answer.

    A closed loop sends nothing while it waits, so a stall of a second is one bad sample where
    steady callers would have had many. For each latency L beyond the expected interval I, latencies
    L - I, L - 2I, ... down to I are added, as Gil Tene's HdrHistogram does
    (``copyCorrectedForCoordinatedOmission``).

    Args:
        latencies: Measured latencies, in any unit.
        interval: Expected time between the requests of one caller, in the same unit, above 0.
    """
    values = np.asarray(latencies, dtype=np.float64)
    added = [np.arange(value - interval, interval - 1e-12, -interval) for value in values]
    return np.concatenate([values, *added]) if added else values
