"""Verdicts on targets, against ratios calculated by hand."""

from __future__ import annotations

from typing import Any

import pytest
from made_up_results import cell, load, made_up

from scripts.benchmarking.config import TargetConfig, read_config
from scripts.benchmarking.results import Results
from scripts.benchmarking.targets import outcomes, target_table


def target(**changes: Any) -> TargetConfig:
    values = {"what": "it is fast", "figure": "pass", "subject": "ours", "against": "theirs"}
    return TargetConfig(**{**values, "workloads": ["8x32"], "times": 1.5, **changes})


@pytest.fixture
def results() -> Results:
    found = made_up()
    found.config["engines"]["theirs-fused"] = {"variant_of": "theirs"}
    found.config["servers"] = {"fastapi": {}, "fastapi-fused": {"variant_of": "fastapi"}}
    found.cells = [
        cell("ours", 5.0, 0.5),
        cell("theirs", 10.0, 1.0),
        cell("theirs-fused", 8.0, 0.8),
        cell("ours", 50.0, 0.5, "mixed@1"),
        cell("ours", 40.0, 0.4, "mixed@8"),
        cell("theirs", 100.0, 1.0, "mixed@1"),
        cell("theirs", 900.0, 9.0, "mixed@8"),
    ]
    # 10, 11 and 12 texts a second of ours; 5, 6, 7 and 8, 9, 10 of theirs.
    found.loads = [
        load(server, p50, number)
        for server, p50 in (("max-serve", 8.0), ("fastapi", 16.0), ("fastapi-fused", 10.0))
        for number in range(3)
    ]
    return found


def test_a_pass_is_compared_with_the_better_of_two_variants(results: Results) -> None:
    (found,) = outcomes(results, [target()])
    assert (found.rival, found.ours, found.theirs) == ("theirs-fused", 5.0, 8.0)
    assert found.times is not None
    assert found.times.value == pytest.approx(1.6)
    assert found.verdict == "met"
    (missed,) = outcomes(results, [target(times=1.7)])
    assert missed.verdict == "missed"


def test_a_corpus_is_taken_at_the_best_batch_of_each(results: Results) -> None:
    (found,) = outcomes(results, [target(workloads=["mixed"], times=2.5)])
    assert (found.ours, found.theirs, found.verdict) == (40.0, 100.0, "met")


def test_a_ratio_is_paired_by_round(results: Results) -> None:
    # The machine is slow in the first round: for both.
    for each, slow in ((results.cells[0], 10.0), (results.cells[2], 16.0)):
        each.turns[0].median_ms = slow
    (found,) = outcomes(results, [target()])
    assert found.times is not None
    assert (found.times.low, found.times.high) == pytest.approx((1.6, 1.6))


def test_an_absolute_time_has_no_rival(results: Results) -> None:
    absolute = {"against": "", "times": None}
    (met,) = outcomes(results, [target(**absolute, at_most_ms=5.5)])
    assert (met.verdict, met.rival) == ("met", "")
    assert met.times is not None
    assert met.times.value == pytest.approx(1.1)
    (missed,) = outcomes(results, [target(**absolute, at_most_ms=4.5)])
    assert missed.verdict == "missed"


@pytest.mark.parametrize(
    ("figure", "times", "ours", "theirs"),
    # The median of 10/8, 11/9 and 12/10 texts a second; latencies are the same in every round.
    [("texts", 11 / 9, 11.0, 9.0), ("p50", 1.25, 8.0, 10.0), ("p99", 1.25, 24.0, 30.0)],
)
def test_figures_of_a_load(
    results: Results, figure: str, times: float, ours: float, theirs: float
) -> None:
    wanted = target(
        figure=figure, subject="max-serve", against="fastapi", workloads=["closed 4"], times=1.0
    )
    (found,) = outcomes(results, [wanted])
    assert (found.ours, found.theirs, found.rival) == (ours, theirs, "fastapi-fused")
    assert found.times is not None
    assert found.times.value == pytest.approx(times)


def test_what_was_not_measured_is_neither_met_nor_missed(results: Results) -> None:
    targets = [target(subject="absent"), target(workloads=["1x8"]), target()]
    assert [each.verdict for each in outcomes(results, targets)] == [
        "not measured",
        "not measured",
        "met",
    ]
    table = target_table(results, targets)
    assert table.title == "Targets: 1 of 3 met"
    assert table.rows[2][3:] == ["5 ms", "8 ms, theirs-fused", "1.60 [1.60, 1.60]", "1.5", "met"]
    assert len(target_table(results, targets, measured_only=True).rows) == 1


def test_the_targets_of_the_project_can_be_measured_by_their_configuration() -> None:
    config = read_config("targets")
    loads = {f"closed {each}" for each in config.load.concurrency}
    loads.add(f"lists of {config.load.list_size}")
    for each in config.targets:
        of_engines = each.figure == "pass"
        there = config.engines if of_engines else config.servers
        assert each.subject in there
        assert each.against in {*there, ""}
        measured = {*config.shapes, *config.corpora} if of_engines else loads
        assert set(each.workloads) <= measured
        assert set(each.models) <= set(config.models)
