"""The ladder: order, what follows from a device that does not open, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerator, Accelerators
from distilbert_sentiment_arch.probe.kept import keep_verdict, kept_verdict
from distilbert_sentiment_arch.probe.ladder import Climbing, climb, probed_devices
from distilbert_sentiment_arch.probe.rungs import OPENING, ProbedDevice, Rung
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict

ACCELERATOR = Accelerator(0, "cuda", "sm_90", "NVIDIA H100", "580.1")
CPU = ProbedDevice("cpu", "a processor")
GPU = ProbedDevice("gpu:0", "an accelerator", ACCELERATOR)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "max-sentiment"


@pytest.fixture(scope="module")
def embedded() -> NamedCheckpoint:
    return find_checkpoint(None, FAMILIES)


def made(*graphs: str) -> list[Rung]:
    return [Rung(graph, module="made_rung") for graph in graphs]


def broken_opening(*graphs: str) -> list[Rung]:
    return [Rung(OPENING, module="there_is_no_such_module"), *made(*graphs)]


def outcomes(verdicts: Sequence[RungVerdict]) -> list[tuple[str, str, str]]:
    return [(each.device, each.rung, each.outcome) for each in verdicts]


def test_rungs_are_run_in_order_whatever_became_of_those_before() -> None:
    told: list[RungVerdict] = []
    started: list[tuple[str, str]] = []
    climbing = Climbing(
        rungs_of=lambda device: made("fine", "wrong" if device is CPU else "no kernel", "exit"),
        on_start=lambda *each: started.append(each),
    )
    verdicts = climb([CPU, GPU], None, told.append, climbing)
    assert outcomes(verdicts) == [
        ("cpu", "fine float32", "works"),
        ("cpu", "wrong float32", "wrong numbers"),
        ("cpu", "exit float32", "crashed"),
        ("gpu:0", "fine float32", "works"),
        ("gpu:0", "no kernel float32", "no kernel"),
        ("gpu:0", "exit float32", "crashed"),
    ]
    assert told == verdicts
    assert started == [(each.device, each.rung) for each in verdicts]


def test_logs_are_in_the_cache_or_where_they_are_wanted(cache: Path, tmp_path: Path) -> None:
    climbing = Climbing(rungs_of=lambda _: made("wrong"))
    (verdict,) = climb([GPU], None, lambda _: None, climbing)
    assert verdict.log == str(cache / "probe-logs" / "gpu-0-wrong-float32.log")
    wanted = tmp_path / "a" / "b"
    climbing = Climbing(rungs_of=lambda _: made("wrong"), logs=wanted)
    (verdict,) = climb([CPU], None, lambda _: None, climbing)
    assert verdict.log == str(wanted / "cpu-wrong-float32.log")
    assert Path(verdict.log).is_file()


def test_a_device_that_does_not_open_has_no_other_rung_run(embedded: NamedCheckpoint) -> None:
    def rungs(device: ProbedDevice) -> list[Rung]:
        if device is GPU:
            return broken_opening("fine", CLASSIFIER)
        return [Rung(OPENING, module="made_rung"), *made("fine")]

    verdicts = climb([GPU, CPU], embedded, lambda _: None, Climbing(rungs_of=rungs))
    assert outcomes(verdicts) == [
        ("gpu:0", OPENING, "crashed"),
        ("gpu:0", "fine float32", "not run"),
        ("gpu:0", "classifier float32", "not run"),
        ("cpu", OPENING, "works"),
        ("cpu", "fine float32", "works"),
    ]
    assert verdicts[1].reason == f"gpu:0 does not open: {verdicts[0].reason}"


def test_without_a_checkpoint_there_is_no_classifier() -> None:
    climbing = Climbing(rungs_of=lambda _: made("fine", CLASSIFIER))
    assert outcomes(climb([CPU], None, lambda _: None, climbing)) == [
        ("cpu", "fine float32", "works")
    ]


def test_what_an_accelerator_makes_of_the_classifier_is_kept(embedded: NamedCheckpoint) -> None:
    climbing = Climbing(rungs_of=lambda _: made(CLASSIFIER))
    assert kept_verdict(ACCELERATOR, embedded) is None
    (verdict,) = climb([GPU], embedded, lambda _: None, climbing)
    assert verdict.works
    assert kept_verdict(ACCELERATOR, embedded) == verdict


def test_a_device_that_no_longer_opens_loses_its_kept_verdict(embedded: NamedCheckpoint) -> None:
    works = RungVerdict("gpu:0", f"{CLASSIFIER} float32", "works")
    keep_verdict(ACCELERATOR, embedded, works)
    climb([GPU], embedded, lambda _: None, Climbing(rungs_of=lambda _: broken_opening(CLASSIFIER)))
    kept = kept_verdict(ACCELERATOR, embedded)
    assert kept is not None
    assert kept.outcome == "crashed"
    assert "No module named" in kept.reason


def test_the_cpu_comes_before_what_max_finds() -> None:
    cpu, gpu = probed_devices(Accelerators((ACCELERATOR,)))
    assert (cpu.name, cpu.accelerator) == ("cpu", None)
    assert cpu.description
    assert gpu == ProbedDevice("gpu:0", "NVIDIA H100, sm_90, cuda, driver 580.1", ACCELERATOR)
