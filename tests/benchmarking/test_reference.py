"""Bounds within which an engine's answers must be, by precision."""

from __future__ import annotations

import pytest

from scripts.benchmarking.reference import why_wrong


@pytest.mark.parametrize(
    ("precision", "difference", "agreement", "wrong"),
    [
        ("float32", 2e-6, 1.0, None),
        ("float32", 2e-3, 1.0, "differ from the reference's by 2.0e-03; 1e-03 is allowed"),
        ("float32", float("nan"), 1.0, "differ from the reference's by nan"),
        ("bfloat16", 0.04, 1.0, None),
        ("bfloat16", 0.6, 1.0, "by 6.0e-01; 5e-01 is allowed"),
        ("bfloat16", 0.04, 0.95, "95.0% of its labels are the reference's; 97% have to be"),
        ("int8", 0.9, 0.975, None),
        ("int8", 2.5, 0.975, "by 2.5e[+]00; 2e[+]00 is allowed"),
        ("int8", 0.9, 0.9, "90.0% of its labels are the reference's; 95% have to be"),
        ("none", None, 0.6, None),
    ],
)
def test_each_precision_has_its_bounds(
    precision: str, difference: float | None, agreement: float, wrong: str | None
) -> None:
    found = why_wrong(precision, difference, 10.0, agreement, trained=True)
    if wrong is None:
        assert found is None
    else:
        assert found is not None
        assert wrong.replace("[+]", "+") in found


def test_labels_of_random_weights_do_not_count() -> None:
    assert why_wrong("int8", 0.1, 10.0, 0.6, trained=False) is None
    assert why_wrong("int8", 3.0, 10.0, 1.0, trained=False) is not None
