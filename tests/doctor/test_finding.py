"""The exit status that findings come to."""

from __future__ import annotations

import argparse

import pytest

from distilbert_sentiment_arch.doctor.finding import Finding, Level, exit_status


def finding(level: Level) -> Finding:
    return Finding("area", "area.name", "found", "meaning", level=level)


@pytest.mark.parametrize(
    ("levels", "status"),
    [
        ([], 0),
        (["ok", "ok"], 0),
        (["ok", "warning"], 3),
        (["warning", "unfit", "ok"], 4),
        (["unfit"], 4),
    ],
)
def test_the_worst_finding_decides(levels: list[Level], status: int) -> None:
    assert exit_status(map(finding, levels)) == status


def test_no_verdict_is_the_status_of_a_failed_command_or_of_wrong_flags() -> None:
    with pytest.raises(SystemExit) as wrong:
        argparse.ArgumentParser().parse_args(["--unknown"])
    verdicts = {exit_status([finding(level)]) for level in ("ok", "warning", "unfit")}
    assert len(verdicts) == 3
    assert not verdicts & {1, wrong.value.code}
