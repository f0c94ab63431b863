"""Preparation of the cache for a checkpoint; with the real compiler in tests/cli/test_warm.py."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distilbert_sentiment_arch.cache_use import CacheUse, watched
from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.engine import compiled_graph, precision, warming
from distilbert_sentiment_arch.engine.target_cpu import named_target
from distilbert_sentiment_arch.errors import WarmError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.precision import PrecisionSetting
from scripts import checkpoints

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="there are targets on x86-64 only"
)


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Replaces the compiler; returns what it is asked for. This machine runs no target's code."""
    requests: list[dict[str, Any]] = []

    def compile_nothing(
        request: dict[str, Any], kernels: Path, output: Path, environment: object
    ) -> None:
        requests.append(request)
        output.write_bytes(b"a graph")

    monkeypatch.setattr(compiled_graph, "_compile", compile_nothing)
    monkeypatch.setattr(precision, "usable_targets", lambda flags: [])
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path / "cache"))
    return requests


@pytest.fixture
def found(checkpoint: Callable[..., Path]) -> NamedCheckpoint:
    return find_checkpoint(str(checkpoint()), FAMILIES)


@pytest.mark.parametrize(
    ("requested", "target", "precisions"),
    [
        ("float32", "x86-64-v3", ["float32"]),
        ("int8", "x86-64-v3", ["int8"]),
        ("auto", "x86-64-v3", ["float32"]),
        ("auto", "cascadelake", ["int8", "float32"]),
        ("auto", "znver4", ["int8", "bfloat16", "float32"]),
        ("auto", "sapphirerapids", ["int8", "bfloat16", "bfloat16x3", "float32"]),
        ("bfloat16", "icelake-server", ["float32"]),
    ],
)
def test_for_a_processor_whose_code_does_not_run_here(
    found: NamedCheckpoint,
    compilations: list[dict[str, Any]],
    requested: PrecisionSetting,
    target: str,
    precisions: list[str],
) -> None:
    for _ in range(2):
        with watched(CacheUse()) as use:
            said = warming.prepare(found, requested, named_target(target))
        assert said.startswith(f"compiled for {target} in {', '.join(precisions)} (setting: ")
        assert [each["precision"] for each in compilations] == precisions  # the second time, none
        assert {each["target"] for each in compilations} == {target}
    assert len(use.found) == len(precisions)


def test_what_has_no_kernels_over_codes_is_not_compiled_in_them(
    tmp_path: Path, compilations: list[dict[str, Any]]
) -> None:
    config = checkpoints.random_config(checkpoints.ALBERT)
    directory = checkpoints.write_checkpoint(tmp_path / "albert", config)
    found = find_checkpoint(str(directory), FAMILIES)
    with watched(CacheUse()):
        warming.prepare(found, "auto", named_target("znver4"))
    assert [each["precision"] for each in compilations] == ["float32"]


def test_kernels_that_are_switched_off(
    found: NamedCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_KERNELS", "off")
    with pytest.raises(WarmError, match=r"MAX_SENTIMENT_KERNELS is off.*Unset it"):
        warming.prepare(found, "float32")
