"""The kernel of ``scorer.mojo`` as a shared library: compiled once, kept in the user's cache.

Compiling takes seconds and some 250 MB in a process of its own; loading takes milliseconds, and
the library needs no runtime library of Mojo. The model server compiles it, the lexicon server only
uses what is there. To have it compiled beforehand, in an image say::

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
import threading
from importlib.metadata import version
from pathlib import Path

from distilbert_sentiment_arch.compile_cache import cache_directory, keep

KERNEL = Path(__file__).resolve().with_name("scorer.mojo")

# A cache may be shared by machines whose processors differ, and the kernel gains nothing from
# what the newer ones add.
_PROCESSORS = {"x86_64": "x86-64-v2", "aarch64": "generic", "arm64": "generic"}

_TIMEOUT_SECONDS = 120

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_loaded: list[ctypes.CDLL | None] = []


def load(*, compiling: bool) -> ctypes.CDLL | None:
    """Returns the library, or None where there is none.

    The first call that finds or makes it, or fails to, decides for the process; a failure is
    logged.

    Args:
        compiling: Compile it where it has not been.
    """
    with _lock:
        if not _loaded:
            try:
                path = _path()
                if not path.exists():
                    if not compiling:
                        return None
                    _compile(path)
                _loaded.append(ctypes.CDLL(str(path)))
            # ImportError: no mojo-compiler.
            except (OSError, ImportError, subprocess.SubprocessError) as error:
                _log.warning("Word lists are scored without Mojo: %s", _reason(error))
                _loaded.append(None)
        return _loaded[0]


def _arguments() -> list[str]:
    arguments = ["build", "--emit", "shared-lib", "--optimization-level", "3"]
    if processor := _PROCESSORS.get(platform.machine()):
        arguments += ["--target-cpu", processor]
    return arguments


def _path() -> Path:
    content = [
        version("mojo-compiler"),
        platform.machine(),
        *_arguments(),
        KERNEL.read_text("utf-8"),
    ]
    key = hashlib.sha256("\0".join(content).encode()).hexdigest()[:16]
    return cache_directory() / f"lexicon-scorer-{key}.so"


def _compile(library: Path) -> None:
    keep(library, lambda built: _mojo(*_arguments(), "-o", str(built), str(KERNEL)))


def _mojo(*arguments: str) -> None:
    # Importing mojo.run to do this would configure the root logger.
    subprocess.run(  # noqa: S603 - the compiler installed beside this Python
        [Path(sys.executable).with_name("mojo"), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT_SECONDS,
        # Importing MAX changes the C environment behind os.environ.
        env=dict(os.environ),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = str(error.stderr).strip().splitlines()
        return f"mojo ended with {error.returncode}: {lines[-1] if lines else 'no message'}"
    return f"{type(error).__name__}: {error}".splitlines()[0]


if __name__ == "__main__":
    raise SystemExit(load(compiling=True) is None)
