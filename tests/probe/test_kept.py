"""Kept verdicts: found for the same accelerator, MAX, sources and checkpoint, and no other."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe import kept
from distilbert_sentiment_arch.probe.kept import keep_verdict, kept_verdict
from distilbert_sentiment_arch.probe.verdict import RungVerdict
from scripts import checkpoints

ACCELERATOR = Accelerator(0, "cuda", "sm_90", "NVIDIA H100", "580.1", 80 << 30)
WORKS = RungVerdict("gpu:0", "classifier float32", "works", "", 1.5, "", 1e-6, 31.5)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "max-sentiment"


@pytest.fixture
def found(tmp_path: Path) -> NamedCheckpoint:
    path = checkpoints.write_checkpoint(tmp_path / "model", checkpoints.random_config())
    return find_checkpoint(str(path), FAMILIES)


def test_a_verdict_is_found_again(found: NamedCheckpoint) -> None:
    assert kept_verdict(ACCELERATOR, found) is None
    keep_verdict(ACCELERATOR, found, WORKS)
    assert kept_verdict(ACCELERATOR, found) == WORKS
    wrong = replace(WORKS, outcome="wrong numbers", reason="far off")
    keep_verdict(ACCELERATOR, found, wrong)
    assert kept_verdict(ACCELERATOR, found) == wrong


def test_the_number_of_an_accelerator_does_not_matter(found: NamedCheckpoint) -> None:
    keep_verdict(ACCELERATOR, found, WORKS)
    moved = kept_verdict(replace(ACCELERATOR, number=1), found)
    assert moved == replace(WORKS, device="gpu:1")


@pytest.mark.parametrize(
    "change",
    [{"driver": "580.2"}, {"api": "hip"}, {"architecture": "sm_100"}, {"model": "NVIDIA H200"}],
    ids=str,
)
def test_another_accelerator_or_driver_has_none(
    found: NamedCheckpoint, change: dict[str, str]
) -> None:
    keep_verdict(ACCELERATOR, found, WORKS)
    assert kept_verdict(replace(ACCELERATOR, **change), found) is None  # type: ignore[arg-type]


def test_another_precision_has_none(found: NamedCheckpoint) -> None:
    keep_verdict(ACCELERATOR, found, WORKS)
    assert kept_verdict(ACCELERATOR, found, "bfloat16") is None
    keep_verdict(ACCELERATOR, found, replace(WORKS, outcome="hung"), "bfloat16")
    assert kept_verdict(ACCELERATOR, found) == WORKS


def test_another_max_has_none(found: NamedCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_verdict(ACCELERATOR, found, WORKS)
    real = kept.version
    monkeypatch.setattr(kept, "version", lambda name: real(name) + ".1")
    assert kept_verdict(ACCELERATOR, found) is None


def test_other_sources_have_none(
    found: NamedCheckpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for room in ("engine", "families", "checkpoint", "kernels"):
        shutil.copytree(kept.PACKAGE / room, tmp_path / "package" / room)
    monkeypatch.setattr(kept, "PACKAGE", tmp_path / "package")
    keep_verdict(ACCELERATOR, found, WORKS)
    assert kept_verdict(ACCELERATOR, found) == WORKS
    with (tmp_path / "package" / "engine" / "layers.py").open("a") as layers:
        layers.write("# another line\n")
    assert kept_verdict(ACCELERATOR, found) is None


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_another_checkpoint_at_the_same_place_has_none(found: NamedCheckpoint, file: str) -> None:
    keep_verdict(ACCELERATOR, found, WORKS)
    changed = found.checkpoint.directory / file
    content = changed.read_bytes()
    changed.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    assert kept_verdict(ACCELERATOR, found) is None
    changed.write_bytes(content)
    assert kept_verdict(ACCELERATOR, found) == WORKS


def test_a_rung_that_was_not_run_is_not_kept(found: NamedCheckpoint) -> None:
    keep_verdict(ACCELERATOR, found, WORKS)
    keep_verdict(ACCELERATOR, found, replace(WORKS, outcome="not run"))
    assert kept_verdict(ACCELERATOR, found) == WORKS


def test_a_damaged_file_is_no_verdict(
    found: NamedCheckpoint, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_verdict(ACCELERATOR, found, WORKS)
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes().replace(b"works", b"worse"))
    with caplog.at_level(logging.WARNING):
        assert kept_verdict(ACCELERATOR, found) is None
    assert "verdict of the last probe" in caplog.text
