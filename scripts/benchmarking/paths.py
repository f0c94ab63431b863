"""Paths of the benchmark's files."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent.parent
CONFIGURATIONS = PACKAGE / "configurations"
CORPUS = PACKAGE / "corpus.jsonl"
PUBLISHED = PACKAGE / "published.json"
PUBLISHED_FAMILIES = PACKAGE / "published_families.json"


def cache_directory() -> Path:
    """Returns the directory of derived files; ``MAX_SENTIMENT_BENCHMARK_CACHE`` sets another."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    default = Path(base) / "max-sentiment" / "benchmark"
    return Path(os.environ.get("MAX_SENTIMENT_BENCHMARK_CACHE") or default)
