"""What a rung comes to, whatever its process does; the processes are real, and need no MAX."""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.probe.rung_process import run_rung
from distilbert_sentiment_arch.probe.rungs import Rung
from distilbert_sentiment_arch.probe.verdict import RungVerdict

LONG_S = 300.0
"""Longer than any of these processes runs on a busy machine."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "rung.log"


def verdict_on(graph: str, log: Path, timeout_s: float = LONG_S) -> RungVerdict:
    return run_rung(Rung(graph, module="made_rung"), "cpu", None, timeout_s, log)


def test_a_rung_that_works_has_figures_and_no_log(log: Path) -> None:
    verdict = verdict_on("fine", log)
    assert verdict.works
    assert (verdict.device, verdict.rung, verdict.reason) == ("cpu", "fine float32", "")
    assert (verdict.error, verdict.milliseconds) == (1e-7, 2.5)
    assert verdict.seconds > 0
    assert verdict.log == ""
    assert not log.exists()


@pytest.mark.parametrize(
    ("graph", "outcome", "reason"),
    [
        ("no kernel", "no kernel", "there is none"),
        ("wrong", "wrong numbers", "far off"),
        ("segfault", "crashed", "SIGSEGV while compiling"),
        ("abort", "crashed", "SIGABRT while compiling"),
        ("exit", "crashed", "ended with status 3 while compiling: what a compiler says"),
        ("noise", "crashed", "ended with status 0 while compiling: what a compiler says"),
        (
            "dies behind its answer",
            "crashed",
            "SIGKILL while compiling, as Linux does where memory runs out",
        ),
    ],
)
def test_a_rung_that_does_not_work_says_why(
    log: Path, graph: str, outcome: str, reason: str
) -> None:
    verdict = verdict_on(graph, log)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert not verdict.works
    assert verdict.log == str(log)
    assert "what a compiler says\n" in log.read_text()


def test_the_answer_is_found_among_other_lines(log: Path) -> None:
    assert verdict_on("noise around", log).works


def test_a_process_that_does_not_start_is_no_verdict_on_a_kernel(log: Path) -> None:
    rung = Rung("fine", module="there_is_no_such_module")
    verdict = run_rung(rung, "cpu", None, LONG_S, log)
    assert verdict.outcome == "crashed"
    assert verdict.reason.startswith("ended with status 1 while starting: ")
    assert verdict.reason.endswith("No module named there_is_no_such_module")


def test_the_classifier_arrives_as_it_was_inspected(log: Path) -> None:
    rung, found = Rung("classifier", module="made_rung"), find_checkpoint(None, FAMILIES)
    assert run_rung(rung, "cpu", found, LONG_S, log).works


@pytest.fixture
def other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A pipe whose other end a process that the rung starts holds open for as long as it lives."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    monkeypatch.setenv("MADE_RUNG_FIFO", str(fifo))
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    yield reading
    os.close(reading)


def assert_it_ran_and_ended(reading: int) -> None:
    assert os.read(reading, 1) == b"x"
    waiting = select.poll()
    waiting.register(reading, select.POLLHUP)
    assert waiting.poll(60_000), "it still runs"


def test_what_hangs_is_killed_with_all_that_it_started(log: Path, other_process: int) -> None:
    verdict = verdict_on("hang", log, timeout_s=10)
    assert verdict.outcome == "hung"
    said = re.fullmatch(
        r"still compiling after 10 seconds, (\d+) of them on a core, and killed", verdict.reason
    )
    assert said, verdict.reason
    assert int(said[1]) < 10, "it waited, and did not compute"
    assert verdict.log == str(log)
    assert_it_ran_and_ended(other_process)


def test_what_ends_leaves_nothing_behind(log: Path, other_process: int) -> None:
    assert verdict_on("leave a child", log).works
    assert_it_ran_and_ended(other_process)
