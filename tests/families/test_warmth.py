"""Whether a start will be warm: the graph that is asked about is the one that a start looks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from commands import run_python

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.compile_cache import cache_directory, keep
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.families.warmth import Warmth, warmth
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from distilbert_sentiment_arch.settings.precision import PRECISION

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning"),
]


class NothingFound(Exception):
    """No graph was found, and none is compiled."""


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path / "cache"))


def looked_for(directory: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the graphs that loading a checkpoint looks for before it compiles one."""
    from distilbert_sentiment_arch.engine import compiled_graph
    from distilbert_sentiment_arch.engine.in_process import load_model

    names: list[str] = []

    def compile_none(*arguments: object) -> bytes:
        raise NothingFound

    found = find_checkpoint(str(directory), FAMILIES)
    with monkeypatch.context() as patched:
        patched.setattr(compiled_graph, "read", names.append)
        patched.setattr(compiled_graph, "compile_and_store", compile_none)
        with pytest.raises(NothingFound):
            load_model(found)
    return names


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_graph_is_that_of_a_start(
    precision: str,
    own_cache: None,
    checkpoint: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from distilbert_sentiment_arch.engine.precision import stand_ins

    monkeypatch.setenv(PRECISION, precision)
    directory = checkpoint()
    name, *others = looked_for(directory, monkeypatch)
    cold = warmth(directory)
    assert (cold.graph, cold.compiled, cold.problem) == (name, False, "")
    assert cold.precision == precision
    assert cold.unchecked == (precision == "int8")
    if others:  # graphs of processors whose code this one runs
        keep(others[-1], b"compiled code")
        stand_in = warmth(directory)
        assert (stand_in.graph, stand_in.compiled) == (others[-1], True)
        assert stand_in.compiled_for == [target.name for target in stand_ins()][-1]
    keep(name, b"compiled code")
    warm = warmth(directory)
    assert (warm.graph, warm.compiled, warm.compiled_for) == (name, True, "")
    (cache_directory() / name).write_bytes(b"damaged")
    damaged = warmth(directory)
    assert not damaged.compiled
    assert "is damaged" in damaged.problem


def test_where_the_operations_of_max_compute_there_is_no_graph_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_KERNELS", "off")
    found = warmth(DEFAULT_DIRECTORY)
    assert (found.graph, found.compiled, found.weights_bytes) == ("", False, 0)
    assert "MAX_SENTIMENT_KERNELS" in found.reason


def test_the_program_says_so_of_a_process_of_its_own(own_cache: None) -> None:
    module = "distilbert_sentiment_arch.families.warmth"
    ended = run_python("-m", module, DEFAULT_DIRECTORY)
    assert ended.returncode == 0, ended.stderr
    imported, found = map(json.loads, ended.stdout.splitlines())
    assert imported["imported_s"] > 0
    assert found.keys() == asdict(Warmth("", "")).keys()
    assert found["compiled"] is False
    config = json.loads((DEFAULT_DIRECTORY / "config.json").read_text())
    rows = config["vocab_size"] + config["max_position_embeddings"]
    size = (DEFAULT_DIRECTORY / "model.safetensors").stat().st_size
    tables = 3 * rows * config["dim"]  # queries, keys and values of the first block
    assert found["weights_bytes"] == pytest.approx(size + 4 * tables, rel=0.02)
