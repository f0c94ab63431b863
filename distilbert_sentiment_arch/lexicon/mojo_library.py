"""Compiler and loader of ``scorer.mojo`` as a shared library, which is cached for the user.

Compiling takes seconds and about 250 MB in a separate process; loading takes milliseconds, and the
library does not need Mojo's runtime library. The model server compiles it; the lexicon server only
uses a library that is in the cache. To compile it in advance, for example in a container image::

    python -m distilbert_sentiment_arch.lexicon.mojo_library
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from distilbert_sentiment_arch.compile_cache import compile_and_store, read
from distilbert_sentiment_arch.errors import CacheError

KERNEL = Path(__file__).resolve().with_name("scorer.mojo")

# A cache may be shared by machines with different processors, and the scorer does not get faster
# with the instructions of newer ones.
_TARGET_CPUS = {"x86_64": "x86-64-v2", "aarch64": "generic", "arm64": "generic"}

_TIMEOUT_SECONDS = 120

_log = logging.getLogger("max.pipelines.sentiment")
_lock = threading.Lock()
_loaded: list[ctypes.CDLL | None] = []


def load(*, compiling: bool) -> ctypes.CDLL | None:
    """Loads the library once per process; returns None if there is none.

    A failure is logged and not tried again.

    Args:
        compiling: Compile the library if it is not in the cache.
    """
    with _lock:
        if not _loaded:
            try:
                code = _code(compiling=compiling)
                if code is None:
                    return None
                _loaded.append(_library(code))
            # ImportError: mojo-compiler is not installed.
            except (CacheError, OSError, ImportError, subprocess.SubprocessError) as error:
                _log.warning("Word lists are scored without Mojo: %s", _reason(error))
                _loaded.append(None)
        return _loaded[0]


def prepare() -> None:
    """Has the library in the cache, without loading it.

    Raises:
        WarmError: Inside ``cache_use.watched``: it does not compile, or cannot be kept.
    """
    _code(compiling=True)


def _arguments() -> list[str]:
    arguments = ["build", "--emit", "shared-lib", "--optimization-level", "3"]
    if target_cpu := _TARGET_CPUS.get(platform.machine()):
        arguments += ["--target-cpu", target_cpu]
    return arguments


def _code(*, compiling: bool) -> bytes | None:
    name = _name()
    try:
        code = read(name)
        if code is not None or not compiling:
            return code
    except (CacheError, OSError) as error:
        if not compiling:
            raise
        _log.warning("The library for word lists is compiled again: %s", error)
    return compile_and_store(name, _compile)


def _name() -> str:
    content = [
        version("mojo-compiler"),
        platform.machine(),
        *_arguments(),
        KERNEL.read_text("utf-8"),
    ]
    key = hashlib.sha256("\0".join(content).encode()).hexdigest()[:16]
    return f"lexicon-scorer-{key}.sealed"


def _library(code: bytes) -> ctypes.CDLL:
    """Loads a private copy of the library: truncating a loaded file would crash the process."""
    if sys.platform != "linux":
        with tempfile.NamedTemporaryFile(suffix=".so") as copy:
            copy.write(code)
            copy.flush()
            return ctypes.CDLL(copy.name)
    with open(os.memfd_create(KERNEL.stem), "wb") as file:
        file.write(code)
        file.flush()
        return ctypes.CDLL(f"/proc/self/fd/{file.fileno()}")


def _compile(library: Path, environment: Mapping[str, str]) -> None:
    # Importing mojo.run to do this would configure the root logger.
    subprocess.run(  # noqa: S603 - the compiler installed beside this Python
        [
            Path(sys.executable).with_name("mojo"),
            *_arguments(),
            *("-o", str(library), str(KERNEL)),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT_SECONDS,
        env=environment,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = str(error.stderr).strip().splitlines()
        return f"mojo ended with {error.returncode}: {lines[-1] if lines else 'no message'}"
    return f"{type(error).__name__}: {error}".splitlines()[0]


if __name__ == "__main__":
    raise SystemExit(load(compiling=True) is None)
