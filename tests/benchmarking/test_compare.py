"""Comparison of two results: regressions are found, and noise is not reported as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_results import cell, load, made_up

from scripts.benchmarking.cli import main
from scripts.benchmarking.compare import Change, compare
from scripts.benchmarking.results import Interval, Results


def changed(before: Results, after: Results) -> list[Change]:
    return [change for change in compare(before, after) if change.verdict != "same"]


def slower(results: Results, factor: float) -> Results:
    return results.model_copy(
        update={"cells": [cell("ours", 12.5 * factor, 1.25 * factor), *results.cells[1:]]}
    )


def test_a_result_equals_itself() -> None:
    assert changed(made_up(), made_up()) == []


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.2, "regression"), (1.03, None), (0.98, None), (0.8, "improvement")]
)
def test_a_slower_engine_is_found(factor: float, verdict: str | None) -> None:
    found = changed(made_up(), slower(made_up(), factor))
    assert [change.verdict for change in found] == ([verdict] if verdict else [])
    if verdict:
        assert found[0].what == "embedded ours 8x32"
        assert found[0].after == pytest.approx(found[0].before * factor)


def test_overlapping_intervals_are_no_regression() -> None:
    after = slower(made_up(), 1.2)
    after.cells[0].ratio = Interval(value=1.5, low=1.1, high=1.9)
    assert changed(made_up(), after) == []


def test_a_slower_machine_is_not_a_slower_engine() -> None:
    after = made_up()
    # Twice the time for all engines, the same ratios; only the baseline shows it.
    after.cells = [cell("ours", 25.0, 1.25), cell("theirs", 20.0, 1.0), *made_up().cells[2:]]
    assert [change.what for change in changed(made_up(), after)] == ["embedded theirs 8x32"]


def test_lost_accuracy_load_and_engines_are_found() -> None:
    after = made_up()
    after.engines[1].accuracy["mixed"] = 0.86
    after.loads = [load("max-serve", 10.0)]
    after.cells = after.cells[:-1]
    assert {(change.what, change.verdict) for change in changed(made_up(), after)} == {
        ("embedded theirs", "regression"),
        ("embedded max-serve closed 4", "regression"),
        ("embedded ours mixed@8", "missing"),
    }


def test_the_command_fails_on_a_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    made_up().write(before)
    slower(made_up(), 1.5).write(after)
    assert main(["compare", str(before), str(before)]) == 0
    assert main(["compare", str(before), str(after)]) == 1
    assert "+50.0%" in capsys.readouterr().out
    assert main(["compare", str(before), str(tmp_path / "none.json")]) == 2
