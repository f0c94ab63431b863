"""The cache of the compiled graph: reading, compiling, storing, and replacing damaged files."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT
from max.driver import CPU
from max.dtype import DType
from max.engine import CompiledModel, InferenceSession
from max.graph import DeviceRef, TensorType, TensorValue, ops
from max.nn.layer import Module
from tiny_graph import TinyGraph

from distilbert_sentiment_arch import child_environment, compile_cache, compiler_space
from distilbert_sentiment_arch.cache_use import CacheUse, watched
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine import compiled_graph as room
from distilbert_sentiment_arch.engine import precision
from distilbert_sentiment_arch.engine.compiled_graph import compile_ahead, compiled_graph
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
from distilbert_sentiment_arch.engine.packed_layers import (
    PackedEncoderForSequenceClassification,
)
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.engine.target_cpu import TARGETS, aiming_at, named_target
from distilbert_sentiment_arch.errors import CompilerError
from distilbert_sentiment_arch.settings.precision import Precision

CONFIG = EncoderConfig(
    architecture="TinyGraph",
    hidden_size=3,
    intermediate_size=3,
    num_attention_heads=1,
    num_hidden_layers=1,
    vocab_size=3,
    max_position_embeddings=3,
    head_activation="relu",
    num_labels=2,
)
WEIGHTS: Packed = {"shift": np.array([1, 2, 3], dtype=np.float32)}


TARGET = TARGETS["x86_64"][-1]

ASKING = """
from extensibility import InputTensor, OutputTensor, register
from std.sys.info import CompilationTarget

@register("asking")
struct Asking:
    @staticmethod
    def execute[target: StaticString](
        result: OutputTensor[dtype = DType.float32, rank=2, static_spec=_],
        x: InputTensor[dtype = DType.float32, rank=2, static_spec=_],
    ) raises:
        var units = result.unsafe_ptr()
        units[0] = 1 if CompilationTarget._has_feature["avx2"]() else 0
        units[1] = 1 if CompilationTarget._has_feature["avx512f"]() else 0
        units[2] = 1 if CompilationTarget._has_feature["avx512vnni"]() else 0
"""


class AskingGraph(TinyGraph):
    """Returns which instructions its kernel was compiled for."""

    def __call__(self, hidden: TensorValue) -> TensorValue:
        shape = TensorType(DType.float32, [1, 3], DeviceRef.CPU())
        return ops.custom("asking", DeviceRef.CPU(), [hidden + self.shift], [shape])[0].tensor


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty package of kernels, which compiles at once."""
    directory = tmp_path_factory.mktemp("kernels") / "no_kernels"
    directory.mkdir()
    (directory / "__init__.mojo").write_text("comptime NONE = 0\n")
    return directory


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, kernels: Path) -> Path:
    """The file that the compiler process makes from the graph, as the cache stores it."""
    directory = tmp_path_factory.mktemp("kept") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compile_cache, "cache_directory", lambda: directory)
        check(compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels))
    (file,) = directory.iterdir()
    return file


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this project."""
    directory = tmp_path / "cache"
    monkeypatch.setattr(compile_cache, "cache_directory", lambda: directory)
    return directory


@pytest.fixture
def compilations(kept: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replaces compilation by a copy of the first result; returns the paths written to."""
    outputs: list[Path] = []

    def compile_again(request: object, kernels: Path, output: Path, environment: object) -> None:
        output.write_bytes(unsealed(kept.read_bytes()))
        outputs.append(output)

    monkeypatch.setattr(room, "_compile", compile_again)
    return outputs


def unsealed(content: bytes) -> bytes:
    return content[: -hashlib.sha256().digest_size]


def sealed(code: bytes) -> bytes:
    return code + hashlib.sha256(code).digest()


def check(compiled: CompiledModel) -> None:
    """Runs a compiled graph, which adds the weight to its input."""
    model = InferenceSession(devices=[CPU()]).init(compiled, weights_registry=WEIGHTS)
    hidden = np.arange(6, dtype=np.float32).reshape(2, 3)
    (output,) = model.execute(hidden)
    np.testing.assert_array_equal(output.to_numpy(), hidden + WEIGHTS["shift"])


@pytest.mark.slow
def test_it_is_compiled_once(
    kept: Path, kernels: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.read_bytes() == sealed(unsealed(kept.read_bytes()))
    cache.mkdir()
    (cache / kept.name).write_bytes(kept.read_bytes())
    monkeypatch.setattr(room, "_compile", None)  # a second compilation would fail
    check(compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels))
    assert [each.name for each in cache.iterdir()] == [kept.name]


@pytest.mark.slow
def test_a_damaged_file_is_replaced(
    kept: Path,
    kernels: Path,
    cache: Path,
    compilations: list[Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = kept.read_bytes()
    flipped = bytearray(whole)
    for place in range(0, len(whole), 1000):
        flipped[place] ^= 0xFF
    cache.mkdir()
    # The last one has a matching digest: MAX itself finds that it is no graph.
    for count, damaged in enumerate((bytes(flipped), sealed(b"no graph")), start=1):
        (cache / kept.name).write_bytes(damaged)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            compiled = compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels)
        (line,) = caplog.messages
        assert line.startswith("The graph is compiled again: ")
        check(compiled)
        assert len(compilations) == count
        assert (cache / kept.name).read_bytes() == whole


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_only_costs_time(
    kernels: Path,
    compilations: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = Path("/dev/null/max-sentiment")
    monkeypatch.setattr(compile_cache, "cache_directory", lambda: nowhere)
    for count in (1, 2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            compiled = compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels)
        check(compiled)
        assert len(compilations) == count
        (line,) = caplog.messages
        assert "is not kept, each start compiles it: [Errno 20] Not a directory: " in line
        assert str(nowhere) in line


@pytest.mark.slow
def test_a_graph_for_a_target_serves_where_there_is_none_of_this_processor(
    kept: Path,
    kernels: Path,
    cache: Path,
    compilations: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(precision, "usable_targets", lambda flags: [TARGET])
    with aiming_at(TARGET), watched(CacheUse()) as use:
        compile_ahead(TinyGraph, CONFIG, WEIGHTS, kernels, "float32")
    (for_target,) = use.made
    assert for_target != kept.name
    assert len(compilations) == 1
    with caplog.at_level(logging.INFO):
        check(compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels))
    assert len(compilations) == 1
    (line,) = caplog.messages
    assert line.startswith(f"The graph was compiled for {TARGET.name}")
    assert "run `max-sentiment warm`" in line
    # Nothing of it runs where the processor lacks anything.
    monkeypatch.setattr(precision, "usable_targets", lambda flags: [])
    check(compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels))
    assert len(compilations) == 2
    # What was compiled for this processor is preferred.
    caplog.clear()
    monkeypatch.setattr(precision, "usable_targets", lambda flags: [TARGET])
    check(compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels))
    assert len(compilations) == 2
    assert not any("compiled for" in line for line in caplog.messages)
    assert {each.name for each in cache.iterdir()} == {kept.name, for_target}


@pytest.mark.slow
def test_preparing_for_this_processor_takes_no_graph_for_a_target(
    kept: Path,
    kernels: Path,
    cache: Path,
    compilations: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "usable_targets", lambda flags: [TARGET])
    with aiming_at(TARGET), watched(CacheUse()):
        compile_ahead(TinyGraph, CONFIG, WEIGHTS, kernels, "float32")
    with watched(CacheUse(only_look=True)) as use:
        compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels)
    assert (len(use.found), use.missing) == (1, [])
    with watched(CacheUse()) as use:
        compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels)
    assert use.made.keys() == {kept.name}


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="there are targets on x86-64 only")
def test_code_for_a_target_has_its_instructions_only(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "asking"
    directory.mkdir()
    (directory / "__init__.mojo").write_text("from .asking import *\n")
    (directory / "asking.mojo").write_text(ASKING)
    units = dict.fromkeys(("avx2", "avx512f", "avx512vnni"), 0)
    for name in ("x86-64-v3",):
        with aiming_at(named_target(name)):
            if not precision.runs_here(named_target(name)):
                compile_ahead(AskingGraph, CONFIG, WEIGHTS, directory, "float32")
                continue
            compiled = compiled_graph(AskingGraph, CONFIG, WEIGHTS, directory)
        model = InferenceSession(devices=[CPU()]).init(compiled, weights_registry=WEIGHTS)
        (output,) = model.execute(np.zeros((1, 3), np.float32))
        found = dict(zip(units, output.to_numpy()[0], strict=True))
        assert found == {unit: float(name != "x86-64-v3" or unit == "avx2") for unit in units}


def test_without_room_for_a_compiler_there_is_no_graph(
    kernels: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler_space, "NEEDED_BYTES", 1 << 62)
    with pytest.raises(CompilerError, match="Set TMPDIR"):
        compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels)


def test_the_reason_is_one_line_and_all_words_are_in_a_note(tmp_path: Path, cache: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "__init__.mojo").write_text("this is no Mojo\n")
    with pytest.raises(CompilerError) as failed:
        compiled_graph(TinyGraph, CONFIG, WEIGHTS, broken)
    assert "error: " in str(failed.value)
    assert "\n" not in str(failed.value)
    (text,) = failed.value.__notes__
    assert "Traceback" in text
    assert str(failed.value) in text.replace(f"{broken}/", "")
    assert not cache.exists()


@pytest.mark.parametrize(
    ("python", "reason"), [("/bin/false", "ended with 1"), ("/no/python", "does not start")]
)
def test_a_compiler_that_dies_is_an_error(
    kernels: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    python: str,
    reason: str,
) -> None:
    monkeypatch.setattr(child_environment, "_PYTHON", python)
    with pytest.raises(CompilerError, match=reason):
        compiled_graph(TinyGraph, CONFIG, WEIGHTS, kernels)
    assert not cache.exists()


def test_the_compiler_ends_with_its_parent(kernels: Path, tmp_path: Path) -> None:
    output = tmp_path / "graph.mef"
    files = {"kernels": str(kernels), "output": str(output)}
    graph = room._described(TinyGraph, CONFIG, WEIGHTS, "float32") | files
    process = subprocess.Popen(
        [sys.executable, "-m", room.__name__], stdin=subprocess.PIPE, text=True, cwd=ROOT
    )
    process.communicate(
        json.dumps(graph) + "\n", timeout=400
    )  # which closes the compiler's standard input
    assert process.returncode == 1
    assert not output.exists()


def test_the_cache_key_depends_on_everything_that_changes_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key(
        graph: type[Module] = TinyGraph,
        config: EncoderConfig = CONFIG,
        weights: Packed = WEIGHTS,
        kernels: Path = KERNELS,
        computed_in: Precision = "float32",
    ) -> str:
        return room._names(room._described(graph, config, weights, computed_in), kernels)[0]

    own = key()
    assert key() == own
    assert key(weights={name: array + 1 for name, array in WEIGHTS.items()}) == own
    family = replace(CONFIG, architecture="Another", pad_token_id=1, sinusoidal_positions=True)
    assert key(config=family) == own

    others = [
        key(graph=PackedEncoderForSequenceClassification),
        key(config=replace(CONFIG, num_attention_heads=3)),
        key(config=replace(CONFIG, hidden_act="relu")),
        key(weights={name: array.astype(np.float16) for name, array in WEIGHTS.items()}),
        key(kernels=tmp_path),
        key(computed_in="int8"),
    ]
    with aiming_at(TARGET):
        others.append(key())
    patches = (("processor_lines", lambda: ["another"]), ("version", "another {}".format))
    for name, value in patches:
        monkeypatch.setattr(room, name, value)
        others.append(key())
        monkeypatch.undo()
    monkeypatch.setattr(room, "imported_modules", lambda names: [])
    others.append(key())
    assert len({own, *others}) == len(others) + 1
