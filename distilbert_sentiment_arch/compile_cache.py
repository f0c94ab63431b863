"""Where compiled code is kept for the next start, and how a file gets there whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache_directory() -> Path:
    """Returns where MAX keeps what it compiles: a directory of ours there.

    Raises:
        FileNotFoundError: No directory is set, and there is no home directory.
    """
    if modular := os.environ.get("MODULAR_CACHE_DIR"):
        return Path(modular) / "max-sentiment"
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification has relative paths ignored.
    if not cache.is_absolute():
        try:
            cache = Path.home() / ".cache"
        except RuntimeError as error:
            raise FileNotFoundError(
                f"no cache directory: {error} Set MODULAR_CACHE_DIR."
            ) from error
    return cache / "max-sentiment"


def keep(path: Path, make: Callable[[Path], object]) -> None:
    """Has a file made under another name beside ``path``, then gives it its name.

    The name appears with the complete file behind it, whoever else makes it now and whatever fails
    after it: loading the first half of compiled code ends the process.

    Args:
        path: The file's name.
        make: Writes the file it is given.

    Raises:
        OSError: The directory cannot be written, or what ``make`` raises.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        made = Path(directory) / path.name
        make(made)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(made, path)
