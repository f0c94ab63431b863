"""The graph in the cache: found, made, kept, and made again where it is of no use."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT
from graphs import packed_weights, read_checkpoint
from max.driver import CPU
from max.engine import CompiledModel, InferenceSession

from distilbert_sentiment_arch import compile_cache, compiler_space
from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig
from distilbert_sentiment_arch.engine import compiled_graph as room
from distilbert_sentiment_arch.engine.compiled_graph import compiled_graph
from distilbert_sentiment_arch.engine.packed_layers import KERNELS
from distilbert_sentiment_arch.engine.packed_weights import Packed
from distilbert_sentiment_arch.errors import CompilerError
from scripts import checkpoints
from scripts.oracle import distilbert as oracle

RAW = checkpoints.random_config(n_layers=1)
IDS = [2, 10, 11, 12, 3]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> tuple[HFConfig, Packed]:
    """The configuration and the packed weights of a random checkpoint."""
    directory = checkpoints.write_checkpoint(tmp_path_factory.mktemp("model") / "checkpoint", RAW)
    config, weights = read_checkpoint(directory)
    return config, packed_weights(config, weights)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of ours that is empty; MAX keeps its own, so that compiling takes seconds."""
    directory = tmp_path / "cache"
    monkeypatch.setattr(compile_cache, "cache_directory", lambda: directory)
    return directory


def sealed(code: bytes) -> bytes:
    return code + hashlib.sha256(code).digest()


def logits(compiled: CompiledModel, weights: Packed) -> np.ndarray:
    model = InferenceSession(devices=[CPU()]).init(compiled, weights_registry=weights)
    (output,) = model.execute(np.array(IDS), np.array([0, len(IDS)]))
    return np.array(output.to_numpy())


def expected() -> np.ndarray:
    tensors = checkpoints.random_tensors(RAW)
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    return np.array([oracle.logits(wide, RAW, IDS)])


@pytest.mark.slow
def test_it_is_compiled_once(
    classifier: tuple[HFConfig, Packed], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = compiled_graph(*classifier, KERNELS)
    np.testing.assert_allclose(logits(made, classifier[1]), expected(), atol=1e-4)
    (file,) = cache.iterdir()
    monkeypatch.setattr(room, "_compile", None)  # would fail if it were asked
    found = compiled_graph(*classifier, KERNELS)
    np.testing.assert_array_equal(logits(found, classifier[1]), logits(made, classifier[1]))
    assert list(cache.iterdir()) == [file]


@pytest.mark.slow
def test_a_damaged_file_is_replaced(
    classifier: tuple[HFConfig, Packed], cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    compiled_graph(*classifier, KERNELS)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    flipped = bytearray(whole)
    for place in range(0, len(whole), 1000):
        flipped[place] ^= 0xFF
    # The last has the digest that goes with it: MAX itself finds that it is no graph.
    for damaged in (bytes(flipped), sealed(b"no graph")):
        file.write_bytes(damaged)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            compiled = compiled_graph(*classifier, KERNELS)
        (line,) = caplog.messages
        assert line.startswith("The graph is compiled again: ")
        np.testing.assert_allclose(logits(compiled, classifier[1]), expected(), atol=1e-4)
        assert len(file.read_bytes()) == len(whole)


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(
    classifier: tuple[HFConfig, Packed],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = Path("/dev/null/max-sentiment")
    monkeypatch.setattr(compile_cache, "cache_directory", lambda: nowhere)
    # MAX's own is there, so that compiling takes seconds.
    monkeypatch.setattr(compile_cache, "cache_has_room", lambda: True)
    with caplog.at_level(logging.WARNING):
        compiled = compiled_graph(*classifier, KERNELS)
    np.testing.assert_allclose(logits(compiled, classifier[1]), expected(), atol=1e-4)
    (line,) = caplog.messages
    assert f"is not kept, each start compiles it: [Errno 20] Not a directory: '{nowhere}'" in line


def test_without_room_for_a_compiler_there_is_no_graph(
    classifier: tuple[HFConfig, Packed], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler_space, "NEEDED_BYTES", 1 << 62)
    with pytest.raises(CompilerError, match="Set TMPDIR"):
        compiled_graph(*classifier, KERNELS)


@pytest.mark.parametrize(
    ("python", "reason"), [("/bin/false", "ended with 1"), ("/no/python", "does not start")]
)
def test_a_compiler_that_dies_is_an_error(
    classifier: tuple[HFConfig, Packed],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    python: str,
    reason: str,
) -> None:
    monkeypatch.setattr(sys, "orig_argv", [python])
    with pytest.raises(CompilerError, match=reason):
        compiled_graph(*classifier, KERNELS)
    assert not cache.exists()


def test_the_compiler_ends_with_who_asked(
    classifier: tuple[HFConfig, Packed], tmp_path: Path
) -> None:
    output = tmp_path / "graph.mef"
    graph = room._described(*classifier) | {"kernels": str(KERNELS), "output": str(output)}
    process = subprocess.Popen(
        [sys.executable, "-m", room.__name__], stdin=subprocess.PIPE, text=True, cwd=ROOT
    )
    process.communicate(json.dumps(graph) + "\n", timeout=60)  # and closes standard input
    assert process.returncode == 1
    assert not output.exists()


def test_what_the_name_depends_on(
    classifier: tuple[HFConfig, Packed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, weights = classifier

    def key(config: HFConfig = config, weights: Packed = weights, kernels: Path = KERNELS) -> str:
        return room._key(room._described(config, weights), kernels)

    own = key()
    assert key() == own
    # Labels are names for the outside.
    labels = replace(config.labels, names=("bad", "good"), problem_type="regression")
    assert key(replace(config, labels=labels)) == own
    assert key(weights={name: array + 1 for name, array in weights.items()}) == own

    others = [
        key(replace(config, n_heads=2)),
        key(replace(config, activation="relu")),
        key(weights={name: array.astype(np.float16) for name, array in weights.items()}),
        key(kernels=tmp_path),
    ]
    monkeypatch.setattr(room, "_processor", lambda: ["another"])
    others.append(key())
    monkeypatch.undo()
    monkeypatch.setattr(room, "version", lambda name: f"another {name}")
    others.append(key())
    assert len({own, *others}) == 7


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Python says what it knows")
def test_the_processor_is_its_instructions_and_not_its_speed() -> None:
    lines = room._processor()
    assert any(line.startswith(("flags", "Features")) for line in lines)
    assert not any("MHz" in line for line in lines)
