"""Command ``max-sentiment warm``: fills the compile cache for a checkpoint, or looks at it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

from distilbert_sentiment_arch.cache_use import CacheUse, NotInCache, watched
from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.cli.settings import settings_of
from distilbert_sentiment_arch.compile_cache import cache_directory
from distilbert_sentiment_arch.dependencies import check_dependencies
from distilbert_sentiment_arch.engine.target_cpu import TargetCpu, named_target
from distilbert_sentiment_arch.engine.warm_receipt import (
    PREFIX,
    Receipt,
    complete_receipt,
    keep_receipt,
    loaded_extensions,
    receipt_name,
)
from distilbert_sentiment_arch.errors import WarmError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon import mojo_library
from distilbert_sentiment_arch.settings.precision import PrecisionSetting, requested_precision


def run(options: argparse.Namespace) -> int:
    """Runs the command.

    Returns:
        The exit status: 0 if a start would compile and compute nothing, else 1.

    Raises:
        CheckpointError: The checkpoint cannot be served.
        DependencyError: Packages are missing in this environment.
        WarmError: Something does not compile, or cannot be kept.
    """
    os.environ.update(settings_of(options))
    requested = requested_precision()
    check_dependencies()
    target = named_target(options.target_cpu) if options.target_cpu else None
    found = find_checkpoint(options.model, FAMILIES, options.revision)
    started = time.monotonic()
    with watched(CacheUse(only_look=options.check, on_compile=_say_what_compiles)) as use:
        computes = _fill(use, found, requested, target)
    report = {
        "model": found.name,
        "directory": str(found.checkpoint.directory),
        "target_cpu": target and target.name,
        "precision": requested,
        "computes": computes,
        "cache": str(cache_directory()),
        "warm": not use.missing,
        "seconds": round(time.monotonic() - started, 1),
        "files": _files(use),
    }
    print(json.dumps(report, indent=2) if options.json else _as_text(report))
    return 1 if use.missing else 0


def _fill(
    use: CacheUse, found: NamedCheckpoint, requested: PrecisionSetting, target: TargetCpu | None
) -> str | None:
    """Prepares the cache, or looks at it; returns what the model is computed in, if known."""
    name = receipt_name(found.checkpoint, requested, target)
    if (receipt := complete_receipt(name)) is not None:
        return receipt.computes
    use.found.clear()
    with suppress(NotInCache):
        mojo_library.prepare()
    computes = None
    with suppress(NotInCache):
        computes = _prepare_model(found, requested, target)
    if not use.only_look and computes is not None:
        files = sorted({*use.found, *use.made})
        keep_receipt(name, Receipt(computes, files, loaded_extensions()))
    return computes


def _prepare_model(
    found: NamedCheckpoint, requested: PrecisionSetting, target: TargetCpu | None
) -> str:
    try:
        import max.pipelines  # noqa: F401 - compiles MAX's own extension at its first import
    except (ImportError, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise WarmError(
            f"MAX cannot be imported: {lines[-1].strip()}. Its first import compiles an extension, "
            "which takes a C compiler on PATH (gcc, clang) and a cache that can be written to."
        ) from error
    from distilbert_sentiment_arch.engine.warming import prepare

    return prepare(found, requested, target)


def _say_what_compiles(name: str) -> None:
    print(f"max-sentiment: compiling {name}", file=sys.stderr, flush=True)


def _files(use: CacheUse) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"name": name, "state": "made", "bytes": each.size, "seconds": round(each.seconds, 1)}
        for name, each in use.made.items()
    ]
    found: list[dict[str, Any]] = [
        {"name": name, "state": "there", "bytes": size, "seconds": 0}
        for name, size in use.found.items()
    ]
    missing: list[dict[str, Any]] = [
        {"name": name, "state": "missing", "bytes": 0, "seconds": 0}
        for name in dict.fromkeys(use.missing)
    ]
    return [each for each in [*made, *found, *missing] if not each["name"].startswith(PREFIX)]


def _as_text(report: dict[str, Any]) -> str:
    lines = [f"{report['model']}: {report['computes']}"] if report["computes"] else []
    for each in report["files"]:
        if each["state"] == "missing":
            lines.append(f"  {each['name']}: missing")
            continue
        size = f"{each['bytes'] / 1e6:.2f} MB"
        how = "there already" if each["state"] == "there" else "made"
        if each["seconds"]:
            how = f"compiled in {each['seconds']:.1f} s"
        lines.append(f"  {each['name']}: {size}, {how}")
    total = sum(each["bytes"] for each in report["files"]) / 1e6
    complete = "complete" if report["warm"] else "not complete: a start makes what is missing"
    lines.append(
        f"The cache {report['cache']} is {complete} ({total:.1f} MB, looked at in "
        f"{report['seconds']:.1f} s)."
    )
    return "\n".join(lines)
