"""Rungs with MAX in processes of their own: what works on this CPU, and faults made on purpose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distilbert_sentiment_arch.probe.rung_process import run_rung
from distilbert_sentiment_arch.probe.rungs import Rung
from distilbert_sentiment_arch.probe.verdict import RungVerdict

TIMEOUT_S = 400.0


def verdict_on(rung: Rung, log: Path) -> RungVerdict:
    return run_rung(rung, "cpu", None, TIMEOUT_S, log)


# tests/cli/test_probe.py has the first rung and the last one; the others, dear to compile, are run
# for docs/devices.md.
@pytest.mark.slow
def test_a_kernel_that_is_wrong_is_found_out(tmp_path: Path) -> None:
    verdict = verdict_on(Rung("wrong", module="faulty_rung"), tmp_path / "log")
    assert verdict.outcome == "wrong numbers", Path(verdict.log).read_text()
    assert verdict.error > 0.05
    assert "1e-05 is allowed" in verdict.reason
    # MAX has the graph in its cache by now: the same numbers, of which more is allowed.
    allowed = Rung("wrong", tolerance=1.0, module="faulty_rung")
    again = verdict_on(allowed, tmp_path / "log")
    assert again.works, again
    assert again.error == verdict.error
    assert again.milliseconds > 0


@pytest.mark.slow
def test_a_kernel_that_does_not_compile_says_why_in_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    verdict = verdict_on(Rung("does not compile", module="faulty_rung"), log)
    assert verdict.outcome == "no kernel"
    assert re.fullmatch(
        r"faulty\.mojo:\d+:\d+: note: constraint failed: only float64 has this kernel",
        verdict.reason,
    )
    assert "function instantiation failed" in log.read_text(), "the whole text is in the log"


@pytest.mark.slow
def test_what_fails_while_it_runs_has_crashed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    verdict = verdict_on(Rung("fails", module="faulty_rung"), log)
    assert (verdict.outcome, verdict.reason) == ("crashed", "RuntimeError: error of a driver")
    assert "where it happened" in log.read_text()
