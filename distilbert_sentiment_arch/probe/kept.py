"""Verdicts on the classifier rung of accelerators, kept in the compile cache.

A verdict is named after all that it depends on: the accelerator and its driver, MAX, the sources
that compute, and the checkpoint. Where one of them changes, there is no verdict until the next
probe.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint
from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.compile_cache import read, store
from distilbert_sentiment_arch.errors import CacheError
from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.verdict import RungVerdict
from distilbert_sentiment_arch.settings.defaults import PACKAGE

AcceleratorPrecision = Literal["float32", "bfloat16"]
"""What a classifier on an accelerator can be computed in."""

_SOURCES = ("engine", "families", "checkpoint", "kernels")

_log = logging.getLogger("max.pipelines.sentiment")


def kept_verdict(
    accelerator: Accelerator,
    checkpoint: NamedCheckpoint,
    precision: AcceleratorPrecision = "float32",
) -> RungVerdict | None:
    """Returns the verdict of the last probe; None if there was none, or its file is damaged.

    Args:
        accelerator: Where the classifier would be computed.
        checkpoint: Its checkpoint.
        precision: What it would be computed in.
    """
    try:
        content = read(_name(accelerator, checkpoint.checkpoint, precision))
        if content is None:
            return None
        # The same accelerator may have another number by now.
        return replace(RungVerdict(**json.loads(content)), device=accelerator.name)
    except (CacheError, OSError, ValueError, TypeError) as error:
        _log.warning("The verdict of the last probe cannot be read: %s", error)
        return None


def keep_verdict(
    accelerator: Accelerator,
    checkpoint: NamedCheckpoint,
    verdict: RungVerdict,
    precision: AcceleratorPrecision = "float32",
) -> None:
    """Keeps a verdict; where the cache cannot be written to, a warning in the log says so.

    A rung that was not run says nothing, and is not kept.

    Args:
        accelerator: What the classifier was computed on.
        checkpoint: Its checkpoint.
        verdict: What the rung came to.
        precision: What it was computed in.
    """
    if verdict.outcome != "not run":
        name = _name(accelerator, checkpoint.checkpoint, precision)
        store(name, json.dumps(asdict(verdict)).encode(), "needs a probe without")


def _name(accelerator: Accelerator, checkpoint: Checkpoint, precision: str) -> str:
    digest = hashlib.sha256()
    for part in _parts(accelerator, checkpoint, precision):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return f"probe-{digest.hexdigest()[:16]}.sealed"


def _parts(accelerator: Accelerator, checkpoint: Checkpoint, precision: str) -> Iterator[bytes]:
    described = asdict(accelerator)
    del described["number"]
    yield json.dumps([described, precision], sort_keys=True).encode()
    for package in ("max", "mojo-compiler"):
        yield version(package).encode()
    for source in _source_files():
        yield source.name.encode()
        yield source.read_bytes()
    for file in (checkpoint.directory / "config.json", *checkpoint.weight_files):
        yield _digest_of(file)


def _source_files() -> list[Path]:
    """Returns the files that decide how a classifier computes."""
    rooms = [PACKAGE / room for room in _SOURCES]
    rooms.append(PACKAGE.parent / "weight_adapters")
    return sorted(
        path for room in rooms for path in room.rglob("*") if path.suffix in (".py", ".mojo")
    )


def _digest_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()
