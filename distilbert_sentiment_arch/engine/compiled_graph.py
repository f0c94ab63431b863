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
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from max.driver import CPU, set_virtual_cpu_target
from max.engine import CompiledModel, InferenceSession
from max.engine import read as read_graph
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.compile_cache import compile_and_store, read
from distilbert_sentiment_arch.engine.compiler_reason import reason_of
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.engine.precision import read_processor, stand_ins, unused_by
from distilbert_sentiment_arch.engine.source_files import imported_modules
from distilbert_sentiment_arch.engine.target_cpu import (
    TargetCpu,
    aimed_at,
    aiming_at,
    named_target,
    processor_lines,
)
from distilbert_sentiment_arch.errors import CacheError, CompilerError
from distilbert_sentiment_arch.messages import one_line
from distilbert_sentiment_arch.settings.defaults import PACKAGE
from distilbert_sentiment_arch.settings.precision import Precision

GRAPH_NAME = "encoder_classifier_packed"

# This module's name, also where it is the main one.
_MODULE = f"{PACKAGE.name}.engine.compiled_graph"

_log = logging.getLogger("max.pipelines.sentiment")


def compiled_graph(
    graph: type[Module],
    config: EncoderConfig,
    weights: Packed,
    kernels: Path,
    precision: Precision = "float32",
) -> CompiledModel:
    """Returns a packed graph, from the cache where it is there.

    The one that was compiled for this processor is preferred to one for a target that this
    processor runs, too.

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
    own, *others = _names(request, kernels)
    try:
        if (code := read(own)) is not None:
            return _loaded(code)
        for name, target in zip(others, stand_ins(), strict=True):
            if (code := read(name)) is not None:
                compiled = _loaded(code)
                _log_stand_in(target)
                return compiled
    # RuntimeError: MAX does not take what an earlier start was given.
    except (CacheError, OSError, RuntimeError) as error:
        _log.warning("The graph is compiled again: %s", error)
    try:
        return _loaded(compile_and_store(own, partial(_compile, request, kernels)))
    except (OSError, RuntimeError) as error:
        raise CompilerError(str(error)) from error


def graph_files(
    graph: type[Module],
    config: EncoderConfig,
    weights: Packed,
    kernels: Path,
    precision: Precision = "float32",
) -> list[str]:
    """Returns the names in the cache under which ``compiled_graph`` looks, in this order."""
    return _names(_described(graph, config, weights, precision), kernels)


def compile_ahead(
    graph: type[Module],
    config: EncoderConfig,
    weights: Packed,
    kernels: Path,
    precision: Precision,
) -> None:
    """Has a packed graph in the cache without loading it, which may be of no use here.

    Args:
        graph: See ``compiled_graph``, as for the others.
        config: The checkpoint's configuration.
        weights: What ``packed_weights.pack`` makes of its weights.
        kernels: The directory with the kernels' sources.
        precision: What the weights were packed for.

    Raises:
        WarmError: Inside ``cache_use.watched``: it does not compile, or cannot be kept.
    """
    request = _described(graph, config, weights, precision)
    own = _names(request, kernels)[0]
    try:
        if read(own) is not None:
            return
    except (CacheError, OSError) as error:
        _log.warning("The graph is compiled again: %s", error)
    compile_and_store(own, partial(_compile, request, kernels))


def _log_stand_in(target: TargetCpu) -> None:
    unused = ", ".join(sorted(unused_by(target)))
    _log.log(
        logging.WARNING if unused else logging.INFO,
        "The graph was compiled for %s%s. To compile it for this processor, run `max-sentiment "
        "warm` with the cache writable.",
        target.name,
        f", and does not use {unused} of {read_processor().name}" if unused else "",
    )


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
    target = aimed_at()
    return {
        "target": target and target.name,
        "graph": place,
        "config": asdict(config),
        "weights": shapes,
        "precision": precision,
    }


def _names(request: dict[str, Any], kernels: Path) -> list[str]:
    """Returns the name of a graph's file, then those of the files that may stand in for it."""
    modules = imported_modules({_MODULE, request["graph"]["module"]})
    files = [*modules, *sorted(kernels.glob("*.mojo"))]
    sources = [f"{file.name}\n{file.read_text('utf-8')}" for file in files]
    versions = [version(name) for name in ("max", "mojo-compiler")]
    names = []
    for target in (request["target"], *(each.name for each in stand_ins())):
        content = [
            *versions,
            platform.machine(),
            *(processor_lines() if target is None else []),
            json.dumps(request | {"target": target}, sort_keys=True),
            *sources,
        ]
        key = hashlib.sha256("\0".join(content).encode()).hexdigest()[:16]
        names.append(f"graph-{key}.sealed")
    return names


def _loaded(code: bytes) -> CompiledModel:
    return read_graph(io.BytesIO(code))


def _compile(
    request: dict[str, Any], kernels: Path, output: Path, environment: Mapping[str, str]
) -> None:
    """Has a new process write the compiled graph.

    Raises:
        CompilerError: It wrote none.
    """
    _log.info("Compiling the graph for %s.", request["target"] or "this processor")
    start = time.monotonic()
    files = {"kernels": str(kernels), "output": str(output)}
    try:
        status, said = _run_compiler(json.dumps(request | files), environment)
    except OSError as error:
        raise CompilerError(f"the compiler's process does not start: {error}") from error
    if status:
        raise _failure(said, status)
    _log.info("Compiling the graph took %.1f seconds.", time.monotonic() - start)


def _failure(said: str, status: int) -> CompilerError:
    """Returns the reason; all of the compiler's words are in a note, which tracebacks show."""
    lines = said.strip().splitlines() or [f"the compiler's process ended with {status}"]
    try:
        words = json.loads(lines[-1])
        error = CompilerError(words["reason"])
        error.add_note(words["text"])
    except (ValueError, KeyError, TypeError):  # it ended before it could say why
        return CompilerError(one_line(lines[-1]))
    return error


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
        The exit status; where it is 1, standard output has a JSON object that says why.
    """
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    graph = getattr(importlib.import_module(request["graph"]["module"]), request["graph"]["class"])
    weights = {
        name: np.broadcast_to(np.zeros((), dtype), shape)
        for name, (dtype, shape) in request["weights"].items()
    }
    target = request["target"] and named_target(request["target"])
    if target:
        set_virtual_cpu_target(target.name)
    try:
        with aiming_at(target):
            module = graph(EncoderConfig(**request["config"]), weights, request["precision"])
        module.load_state_dict(weights)
        traced = module.trace(
            *module.input_types(), name=GRAPH_NAME, custom_extensions=[Path(request["kernels"])]
        )
        compiled = InferenceSession(devices=[CPU()]).compile(traced)
        compiled.export_mef(request["output"])
    except Exception as error:  # the compiler raises whatever it has
        text = "".join(traceback.format_exception(error))
        print(json.dumps({"reason": reason_of(error), "text": text}))
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
