"""Warnings in a result, and the description of the machine."""

from __future__ import annotations

from made_up_results import made_up

from scripts.benchmarking.machine import ForeignLoad, describe_machine
from scripts.benchmarking.session import noise


def test_a_quiet_run_has_no_warning() -> None:
    assert noise(made_up()) == []


def test_other_load_on_the_machine_is_a_warning() -> None:
    results = made_up()
    results.cells[0].turns[1].foreign = 0.4
    (warning,) = noise(results)
    assert warning.startswith("Noisy machine: in 1 of 13 measurements")
    assert "at most 40%" in warning


def test_an_unsteady_baseline_is_a_warning() -> None:
    results = made_up()
    for turn, ms in zip(results.cells[1].turns, (10.0, 12.0, 14.0), strict=True):
        turn.median_ms = ms
    assert noise(results) == [
        "Unsteady: the baseline's rounds differed by over 5% (quartiles over median) at "
        "embedded 8x32."
    ]


def test_a_time_below_the_floor_is_a_warning() -> None:
    results = made_up()
    results.cells[0].floor_ms = 14.0
    (warning,) = noise(results)
    assert warning.startswith("Floors too high: 1 of 4")


def test_the_benchmark_s_own_load_is_not_foreign() -> None:
    foreign = ForeignLoad()
    total = 0
    while foreign.share(0.0) < 0.2 and total < 10**8:
        total += sum(range(1000))
    assert foreign.share(own_cpu_s=1e6) == 0.0


def test_the_machine_is_described() -> None:
    machine = describe_machine()
    assert machine["cores"] >= 1
    assert machine["memory_gb"] > 0
    assert machine["cpu"]
