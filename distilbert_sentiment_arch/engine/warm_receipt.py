"""Receipt of a prepared cache: which files a start of a checkpoint needs.

With it, a cache is known to be complete within a second, without importing MAX: an init container
does not hold up each pod for as long as a start takes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint
from distilbert_sentiment_arch.compile_cache import read, store
from distilbert_sentiment_arch.engine.precision import read_processor
from distilbert_sentiment_arch.engine.target_cpu import TargetCpu, processor_lines
from distilbert_sentiment_arch.errors import CacheError
from distilbert_sentiment_arch.settings.defaults import PACKAGE
from distilbert_sentiment_arch.settings.precision import PrecisionSetting

PREFIX = "warm-"
"""How the names of receipts begin in the cache."""

_SOURCES = (".py", ".mojo")


@dataclass(frozen=True)
class Receipt:
    """What a start needs that is compiled or computed ahead.

    Attributes:
        computes: What the model is computed in, in words.
        files: Names in the cache.
        extensions: Paths of what MAX has compiled of its own.
    """

    computes: str
    files: list[str]
    extensions: list[str]


def receipt_name(
    checkpoint: Checkpoint, requested: PrecisionSetting, target: TargetCpu | None
) -> str:
    """Returns the name of a receipt, which depends on all that its files' names do.

    Args:
        checkpoint: The checkpoint, all bytes of whose weights are read.
        requested: The precision's setting.
        target: What is compiled for; None for this machine's processor.
    """
    digest = hashlib.sha256()
    described = [
        *(version(name) for name in ("max", "mojo-compiler")),
        *(processor_lines() if target is None else [target.name]),
        *sorted(read_processor().units),
        *(requested, sys.prefix, repr(checkpoint.config.encoder)),
    ]
    digest.update("\0".join(described).encode())
    # All of the package: telling what a start depends on takes longer than reading it.
    sources = [each for each in PACKAGE.rglob("*") if each.suffix in _SOURCES]
    for path in [*sorted(sources), *checkpoint.weight_files]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{PREFIX}{digest.hexdigest()[:16]}.sealed"


def complete_receipt(name: str) -> Receipt | None:
    """Returns the receipt of a name if all that it lists is there and whole; None if not."""
    try:
        content = read(name)
        if content is None:
            return None
        receipt = Receipt(**json.loads(content))
        whole = all(read(each) is not None for each in receipt.files)
    except (CacheError, OSError, ValueError, TypeError):
        return None
    return receipt if whole and all(map(os.path.isfile, receipt.extensions)) else None


def keep_receipt(name: str, receipt: Receipt) -> None:
    """Keeps a receipt.

    Raises:
        WarmError: It cannot be kept, inside ``cache_use.watched``.
    """
    store(name, json.dumps(asdict(receipt)).encode(), "looks for")


def loaded_extensions() -> list[str]:
    """Returns the paths of the extensions that MAX has compiled and this process has imported."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted(
        {file for file in files if file and ".hash-" in Path(file).name and file.endswith(".so")}
    )
