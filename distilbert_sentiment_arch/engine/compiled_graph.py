"""Compilation of a packed graph for this machine's processor, once, in a process of its own.

MAX keeps compiled graphs, too. To look one up, MAX traces it and loads the compiler: four seconds
and 130 MB at each start. A file of this package's own, found by its name, is read in hundredths of
a second. Compiling takes a gigabyte, of which MAX would keep a third; it ends with the compiler's
process.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from max.driver import CPU
from max.engine import CompiledModel, InferenceSession
from max.engine import read as read_graph
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.compile_cache import compile_and_store, read
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.engine.source_files import imported_modules
from distilbert_sentiment_arch.errors import CacheError, CompilerError
from distilbert_sentiment_arch.settings.defaults import PACKAGE
from distilbert_sentiment_arch.settings.precision import Precision

GRAPH_NAME = "encoder_classifier_packed"

# This module's name, also where it is the main one.
_MODULE = f"{PACKAGE.name}.engine.compiled_graph"

# Of /proc/cpuinfo, on x86-64 and on ARM: what decides which instructions are compiled.
_PROCESSOR = {
    *("vendor_id", "cpu family", "model", "flags"),
    *("CPU implementer", "CPU part", "Features"),
}

_log = logging.getLogger("max.pipelines.sentiment")


def compiled_graph(
    graph: type[Module],
    config: EncoderConfig,
    weights: Packed,
    kernels: Path,
    precision: Precision = "float32",
) -> CompiledModel:
    """Returns a packed graph, from the cache where it is there.

    Args:
        graph: Its class, which is constructed from a configuration, weights and a precision.
        config: The checkpoint's configuration.
        weights: What ``packed_weights.pack`` makes of its weights; only shapes are looked at.
        kernels: The directory with the kernels' sources.
        precision: What the weights were packed for.

    Raises:
        CompilerError: There is no compiled graph, and the compiler made none.
    """
    request = _described(graph, config, weights, precision)
    name = _file_name(request, kernels)
    try:
        code = read(name)
        if code is not None:
            return _loaded(code)
    # RuntimeError: MAX does not take what an earlier start was given.
    except (CacheError, OSError, RuntimeError) as error:
        _log.warning("The graph is compiled again: %s", error)
    try:
        return _loaded(compile_and_store(name, partial(_compile, request, kernels)))
    except (OSError, RuntimeError) as error:
        raise CompilerError(str(error)) from error


def graph_file_name(
    graph: type[Module],
    config: EncoderConfig,
    weights: Packed,
    kernels: Path,
    precision: Precision = "float32",
) -> str:
    """Returns the name of a compiled graph in the cache; see ``compiled_graph``."""
    return _file_name(_described(graph, config, weights, precision), kernels)


def _described(
    graph: type[Module], config: EncoderConfig, weights: Packed, precision: Precision
) -> dict[str, Any]:
    """Returns all that the compiled graph depends on but source files and the machine.

    A family's name and what only its tensors know are left out, so that RoBERTa, XLM-RoBERTa and
    CamemBERT of the same sizes share a graph; the compiler is not told of them either.
    """
    config = replace(config, architecture="", pad_token_id=0, sinusoidal_positions=False)
    shapes = {name: [str(array.dtype), array.shape] for name, array in weights.items()}
    place = {"module": graph.__module__, "class": graph.__qualname__}
    return {
        "graph": place,
        "config": asdict(config),
        "weights": shapes,
        "precision": precision,
    }


def _file_name(request: dict[str, Any], kernels: Path) -> str:
    return f"graph-{_key(request, kernels)}.sealed"


def _key(request: dict[str, Any], kernels: Path) -> str:
    modules = imported_modules({_MODULE, request["graph"]["module"]})
    files = [*modules, *sorted(kernels.glob("*.mojo"))]
    content = [
        *(version(name) for name in ("max", "mojo-compiler")),
        platform.machine(),
        *_processor(),
        json.dumps(request, sort_keys=True),
        *(f"{file.name}\n{file.read_text('utf-8')}" for file in files),
    ]
    return hashlib.sha256("\0".join(content).encode()).hexdigest()[:16]


def _processor() -> list[str]:
    try:
        first = Path("/proc/cpuinfo").read_text("utf-8").partition("\n\n")[0]
    except OSError:  # not Linux
        return [platform.processor()]
    return [line for line in first.splitlines() if line.partition("\t")[0].strip() in _PROCESSOR]


def _loaded(code: bytes) -> CompiledModel:
    return read_graph(io.BytesIO(code))


def _compile(
    request: dict[str, Any], kernels: Path, output: Path, environment: Mapping[str, str]
) -> None:
    """Has a new process write the compiled graph.

    Raises:
        CompilerError: It wrote none.
    """
    _log.info("Compiling the graph for this processor.")
    start = time.monotonic()
    files = {"kernels": str(kernels), "output": str(output)}
    try:
        status, said = _run_compiler(json.dumps(request | files), environment)
    except OSError as error:
        raise CompilerError(f"the compiler's process does not start: {error}") from error
    if status:
        raise CompilerError(said.strip() or f"the compiler's process ended with {status}")
    _log.info("Compiling the graph took %.1f seconds.", time.monotonic() - start)


def _run_compiler(request: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Runs main() in a process of its own; returns its exit status and what it said."""
    process = subprocess.Popen(  # noqa: S603 - this Python, this module
        python_command(_MODULE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(environment),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = ""
    with suppress(BrokenPipeError), process:
        process.stdin.write(request + "\n")
        process.stdin.flush()
        # It stays open for as long as the graph is wanted, see _end_with_parent().
        said = process.stdout.read()
    return process.returncode, said


def main() -> int:
    """Compiles what standard input asks for.

    Returns:
        The exit status; where it is 1, standard output says why.
    """
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    graph = getattr(importlib.import_module(request["graph"]["module"]), request["graph"]["class"])
    weights = {
        name: np.broadcast_to(np.zeros((), dtype), shape)
        for name, (dtype, shape) in request["weights"].items()
    }
    module = graph(EncoderConfig(**request["config"]), weights, request["precision"])
    module.load_state_dict(weights)
    try:
        traced = module.trace(
            *module.input_types(), name=GRAPH_NAME, custom_extensions=[Path(request["kernels"])]
        )
        compiled = InferenceSession(devices=[CPU()]).compile(traced)
        compiled.export_mef(request["output"])
    except Exception as error:  # the compiler raises whatever it has
        print((str(error).strip().splitlines() or [type(error).__name__])[0])
        return 1
    return 0


def _end_with_parent() -> None:
    """Ends this process when its standard input closes."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the thread is in the middle of reading, which Python's own end aborts on
