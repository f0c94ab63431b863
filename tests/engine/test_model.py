"""The choice of the graph: our kernels in a precision, or MAX's own operations."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from max.pipelines.lib.graph_specs import GraphRole
from safetensors.numpy import load_file

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.settings.precision import PRECISION
from scripts import checkpoints
from scripts.oracle import distilbert as oracle

pytestmark = [
    pytest.mark.slow,
    # transformers reads the vocab.txt of these checkpoints in a deprecated way.
    pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning"),
]

# Columns and labels of one number: MAX compiles a matrix product for each shape.
CONFIG = checkpoints.random_config(n_layers=1, hidden_dim=32, id2label=checkpoints.labels(32))
IDS = [[2, 10, 11, 12, 3], [2, 20, 3], [2, *range(10, 40), 3]]


Logits = Callable[..., np.ndarray]


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PRECISION, "float32")


@pytest.fixture
def logits(tmp_path: Path) -> Logits:
    """Loads a random checkpoint as the command line does and classifies three sequences."""

    def classify(*, quantised: bool = False) -> np.ndarray:
        from distilbert_sentiment_arch.checkpoint.quantized_checkpoint import write_quantized
        from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
        from distilbert_sentiment_arch.classify.interface import ClassifyRequest
        from distilbert_sentiment_arch.engine.in_process import load_classifier
        from distilbert_sentiment_arch.families.registry import FAMILIES

        directory = checkpoints.write_checkpoint(tmp_path / "checkpoint", CONFIG)
        found = find_checkpoint(str(directory), FAMILIES)
        if quantised:
            write_quantized(found.checkpoint, tmp_path / "quantised", FAMILIES)
            found = find_checkpoint(str(tmp_path / "quantised"), FAMILIES)
        answers = asyncio.run(load_classifier(found).classify(ClassifyRequest(IDS)))
        return np.array([answer.logits for answer in answers.classifications])

    return classify


def expected(tensors: checkpoints.Tensors | None = None) -> np.ndarray:
    tensors = tensors or checkpoints.random_tensors(CONFIG)
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    return np.array([oracle.logits(wide, CONFIG, ids) for ids in IDS])


def precision_and_reason() -> tuple[str, str]:
    """Returns what was said of the model that was loaded last."""
    from distilbert_sentiment_arch.engine import precision_report

    choice = precision_report.latest()
    assert choice is not None
    return choice.precision, choice.reason


def test_kernels_on_a_cpu(logits: Logits, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(), expected(), atol=1e-4)
    assert "do not compile" not in caplog.text
    assert precision_and_reason() == ("float32", "the setting asks for it")


def test_kernels_that_do_not_compile(
    logits: Logits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from distilbert_sentiment_arch.engine import model, packed_loading

    broken = tmp_path / "kernels"
    broken.mkdir()
    (broken / "__init__.mojo").write_text("this is no Mojo\n")
    monkeypatch.setattr(packed_loading, "KERNELS", broken)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(), expected(), atol=1e-4)
    (record,) = (each for each in caplog.records if each.name == model.logger.name)
    assert "MAX's own operations serve" in record.getMessage()
    assert "\n" not in record.getMessage()
    assert precision_and_reason() == (
        "float32",
        "the kernels do not compile here, and MAX's own operations serve",
    )


def test_kernels_switched_off(
    logits: Logits,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from distilbert_sentiment_arch.engine import model, packed_loading

    monkeypatch.setenv(model.KERNELS_SWITCH, "off")
    monkeypatch.setattr(packed_loading, "pack", None)  # packing weights for kernels would fail
    monkeypatch.setenv(PRECISION, "int8")
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(), expected(), atol=1e-4)
    assert precision_and_reason() == ("float32", "MAX_SENTIMENT_KERNELS is off")
    assert "float32 serves: MAX_SENTIMENT_KERNELS is off" in caplog.text


def test_int8_that_is_asked_for(logits: Logits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PRECISION, "int8")
    found = logits()
    assert precision_and_reason() == ("int8", "the setting asks for it")
    # Differences of a precision of eight bits, neither of float32 nor of an error.
    difference = np.abs(found - expected()).mean() / expected().std()
    assert 1e-4 < difference < 0.05


def test_auto_by_a_verdict_that_is_kept(
    logits: Logits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from distilbert_sentiment_arch import compile_cache
    from distilbert_sentiment_arch.engine import model, packed_loading, self_check
    from distilbert_sentiment_arch.machine.processor import Processor

    # Graphs that are compiled by now, and verdicts of this test's own.
    own = tmp_path / "cache" / "max-sentiment"
    own.mkdir(parents=True)
    for file in compile_cache.cache_directory().glob("graph-*.sealed"):
        shutil.copy2(file, own)
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(own.parent))
    has_int8 = Processor("A processor", frozenset({"avx2", "avx_vnni"}))
    monkeypatch.setattr(model, "read_processor", lambda: has_int8)
    monkeypatch.setenv(PRECISION, "auto")
    # Random weights answer all sentences nearly alike, for which the bound is too narrow.
    monkeypatch.setattr(self_check, "MOST_DIFFERENCE", 1.0)
    monkeypatch.setattr(self_check, "LEAST_EQUAL_LABELS", 0.0)
    logits()
    precision, reason = precision_and_reason()
    assert precision == "int8"
    assert reason.startswith("A processor has avx_vnni, and the self-check passed (")
    # A later start computes no verdict.
    monkeypatch.setattr(packed_loading, "compare", None)
    logits()
    assert precision_and_reason() == (precision, reason)
    # Nor does it load a graph that did not pass.
    (file,) = own.glob("check-int8-*")
    verdict = json.dumps({"passed": False, "figures": "1 of 64 labels equal"})
    compile_cache.store(file.name, verdict.encode())
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(), expected(), atol=1e-4)
    reason = "int8 misses the accuracy bound (1 of 64 labels equal)"
    assert precision_and_reason() == ("float32", reason)
    assert f"float32 serves: {reason}" in caplog.text


def test_a_quantised_checkpoint_in_float32(logits: Logits, tmp_path: Path) -> None:
    found = logits(quantised=True)
    stored = load_file(tmp_path / "quantised" / "model.safetensors")
    floats = {
        name: tensor * stored[f"{name}_scale"][:, None] if tensor.dtype == np.int8 else tensor
        for name, tensor in stored.items()
    }
    np.testing.assert_allclose(found, expected(floats), atol=1e-4)
    assert np.abs(found - expected()).max() > 1e-4


def test_a_precision_that_there_is_none_of(logits: Logits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PRECISION, "int4")
    with pytest.raises(ConfigError, match="MAX_SENTIMENT_PRECISION is 'int4'"):
        logits()


class FullDisk:
    """A model whose graph compiles only with a cache other than this process's."""

    def __init__(self) -> None:
        self.caches: list[str | None] = []

    def load_graphs(self, session: None) -> dict[GraphRole, str]:
        self.caches.append(os.environ.get("MODULAR_CACHE_DIR"))
        if len(self.caches) == 1:
            raise RuntimeError("cannot write to file to filesystem cache")
        return {GraphRole.ENCODER: "graph"}


@pytest.mark.parametrize("before", ["/full", None])
def test_max_compiles_without_a_cache_whose_disk_is_full(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, before: str | None
) -> None:
    from distilbert_sentiment_arch import compile_cache
    from distilbert_sentiment_arch.engine import model

    if before is None:
        monkeypatch.delenv("MODULAR_CACHE_DIR", raising=False)
    else:
        monkeypatch.setenv("MODULAR_CACHE_DIR", before)
    monkeypatch.setattr(model, "cache_has_room", lambda: True)
    disk = FullDisk()
    with pytest.raises(
        RuntimeError, match="filesystem cache"
    ):  # the disk has room, so the error has another cause
        model.EncoderPipelineModel._load_of_max(disk, None)
    for module in (model, compile_cache):
        monkeypatch.setattr(module, "cache_has_room", lambda: False)
    disk = FullDisk()
    assert model.EncoderPipelineModel._load_of_max(disk, None) == "graph"
    assert disk.caches[0] == before
    assert disk.caches[1] not in (before, None)
    assert os.environ.get("MODULAR_CACHE_DIR") == before
    assert "MAX's cache has no room" in caplog.text
