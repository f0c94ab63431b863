"""Recommendations that are kept for ``serve --auto``, in the compile cache.

One is named after its goal and all that it depends on: weights, configuration and tokenizer, the
processor and how much of it may be used, and the versions. Where one of them changes, there is none
until the next measurement.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint
from distilbert_sentiment_arch.compile_cache import read, store
from distilbert_sentiment_arch.errors import CacheError
from distilbert_sentiment_arch.machine.processor import read_processor
from distilbert_sentiment_arch.recommend.cores import usable_processors
from distilbert_sentiment_arch.recommend.request import GOALS, Goal
from distilbert_sentiment_arch.settings.defaults import VERSION
from distilbert_sentiment_arch.settings.precision import Precision

if TYPE_CHECKING:
    from distilbert_sentiment_arch.recommend.result import Recommendation

_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")

_log = logging.getLogger("max.pipelines.sentiment")


@dataclass(frozen=True)
class Kept:
    """What is kept of a recommendation.

    Attributes:
        goal: What it was made for.
        made_at: When, in UTC, ISO 8601.
        device: ``cpu``, ``gpu:0``.
        precision: What to compute in.
        batch_tokens: Most tokens in a batch.
        cores: Logical processors to use; None for all.
        texts_per_second: What was measured: texts a second.
        p50_ms: Median latency of a request.
        p99_ms: Its 99th percentile.
        callers: With so many callers.
    """

    goal: Goal
    made_at: str
    device: str
    precision: Precision
    batch_tokens: int
    cores: int | None
    texts_per_second: float
    p50_ms: float
    p99_ms: float
    callers: int


def keep(made: Recommendation, checkpoint: Checkpoint) -> bool:
    """Keeps a recommendation in place of the last one for its goal.

    Returns:
        Whether it can be read again; if not, a warning in the log says why.
    """
    chosen, figures = made.chosen, made.figures
    kept = Kept(
        made.request.goal,
        made.made_at,
        chosen.device,
        chosen.precision,
        chosen.batch_tokens,
        None if chosen.cores == usable_processors() else chosen.cores,
        figures.texts_per_second.value,
        figures.p50_ms.value,
        figures.p99_ms.value,
        made.callers,
    )
    key = _key(checkpoint)
    store(_name(kept.goal, key), json.dumps(asdict(kept)).encode(), "serves the defaults without")
    return _find(kept.goal, key) == kept


def kept_recommendation(checkpoint: Checkpoint, goal: Goal | None = None) -> Kept | None:
    """Returns the recommendation for a checkpoint on this machine; None if there is none.

    Args:
        checkpoint: The checkpoint; its weights are read, about a gigabyte a second.
        goal: The goal; None for the one that was measured last.
    """
    key = _key(checkpoint)
    found = [kept for each in GOALS if goal in (None, each) and (kept := _find(each, key))]
    return max(found, key=lambda kept: kept.made_at, default=None)


def versions() -> dict[str, str]:
    """Returns the versions that a recommendation depends on, by package."""
    return {"max-sentiment": VERSION, "max": version("max")}


def _find(goal: Goal, key: str) -> Kept | None:
    try:
        content = read(_name(goal, key))
        return None if content is None else Kept(**json.loads(content))
    except (CacheError, OSError, ValueError, TypeError) as error:
        _log.warning("The recommendation cannot be read, and has to be made again: %s", error)
        return None


def _name(goal: Goal, key: str) -> str:
    return f"recommendation-{goal}-{key}.sealed"


def _key(checkpoint: Checkpoint) -> str:
    digest = hashlib.sha256()
    for part in _parts(checkpoint):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:16]


def _parts(checkpoint: Checkpoint) -> Iterator[bytes]:
    processor = read_processor()
    machine = [processor.name, sorted(processor.units), usable_processors(), _quota()]
    yield json.dumps([versions(), machine], sort_keys=True).encode()
    paths = [checkpoint.directory / name for name in _FILES]
    for path in [*paths, *sorted(checkpoint.weight_files)]:
        if path.is_file():
            with path.open("rb") as file:
                yield path.name.encode() + hashlib.file_digest(file, "sha256").digest()


def _quota() -> str:
    """Returns the processor time that the control group of a container may use; "" for any."""
    with suppress(OSError):
        return Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").strip()
    return ""
