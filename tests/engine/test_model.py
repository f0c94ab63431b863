"""The choice of the graph: our kernels, or MAX's own operations if those do not compile."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from max.pipelines.lib.graph_specs import GraphRole

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


@pytest.fixture
def logits(tmp_path: Path) -> Callable[[], np.ndarray]:
    """Loads a random checkpoint as the command line does and classifies three sequences."""

    def classify() -> np.ndarray:
        from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
        from distilbert_sentiment_arch.classify.interface import ClassifyRequest
        from distilbert_sentiment_arch.engine.in_process import load_classifier
        from distilbert_sentiment_arch.families.registry import FAMILIES

        directory = checkpoints.write_checkpoint(tmp_path / "checkpoint", CONFIG)
        classifier = load_classifier(find_checkpoint(str(directory), FAMILIES))
        answers = asyncio.run(classifier.classify(ClassifyRequest(IDS)))
        return np.array([answer.logits for answer in answers.classifications])

    return classify


def expected() -> np.ndarray:
    tensors = checkpoints.random_tensors(CONFIG)
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    return np.array([oracle.logits(wide, CONFIG, ids) for ids in IDS])


def test_kernels_on_a_cpu(
    logits: Callable[[], np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(), expected(), atol=1e-4)
    assert "do not compile" not in caplog.text


def test_kernels_that_do_not_compile(
    logits: Callable[[], np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from distilbert_sentiment_arch.engine import model

    broken = tmp_path / "kernels"
    broken.mkdir()
    (broken / "__init__.mojo").write_text("this is no Mojo\n")
    monkeypatch.setattr(model, "KERNELS", broken)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(), expected(), atol=1e-4)
    (record,) = (each for each in caplog.records if each.name == model.logger.name)
    assert "MAX's own serve" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_kernels_switched_off(
    logits: Callable[[], np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from distilbert_sentiment_arch.engine import model

    monkeypatch.setenv(model.KERNELS_SWITCH, "off")
    monkeypatch.setattr(model, "pack", None)  # packing weights for kernels would fail
    np.testing.assert_allclose(logits(), expected(), atol=1e-4)


class FullDisk:
    """A model whose graph compiles only with a cache other than this process's."""

    _packed = False

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
        model.EncoderPipelineModel._load(disk, None)
    for module in (model, compile_cache):
        monkeypatch.setattr(module, "cache_has_room", lambda: False)
    disk = FullDisk()
    assert model.EncoderPipelineModel._load(disk, None) == "graph"
    assert disk.caches[0] == before
    assert disk.caches[1] not in (before, None)
    assert os.environ.get("MODULAR_CACHE_DIR") == before
    assert "MAX's cache has no room" in caplog.text
