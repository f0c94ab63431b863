"""Numbers for people: counts, rates, shares and times in few characters."""

from __future__ import annotations

from collections.abc import Mapping

_SHOWN_LABELS = 4


def number(value: float) -> str:
    """Returns a number in at most three digits, or whole with commas from a hundred on."""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.3g}"


def clock_time(seconds: float) -> str:
    """Returns a duration, such as ``0:07``, ``12:34`` or ``3:25:45``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def share(part: float, whole: float) -> str:
    """Returns a share in per cent; a part that is not nothing is never shown as 0."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.05:
        return "<0.1%"
    return f"{percent:.1f}%"


def shares(rows: Mapping[str, int]) -> str:
    """Returns the most frequent labels with their shares."""
    whole = sum(rows.values())
    ordered = sorted(rows.items(), key=lambda each: -each[1])
    shown = [f"{label} {share(each, whole)}" for label, each in ordered[:_SHOWN_LABELS]]
    if len(ordered) > _SHOWN_LABELS:
        shown.append(f"and {plural(len(ordered) - _SHOWN_LABELS, 'more label')}")
    return " ".join(shown)


def plural(count: int, noun: str) -> str:
    """Returns a number with commas and what it counts."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
