"""Fixtures of the tests of jobs: two files of 700 rows, of which two have no text."""

from __future__ import annotations

from pathlib import Path

import pytest
from bulk_jobs import job_options, write_parquet

from distilbert_sentiment_arch.bulk.options import JobOptions


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory with two Parquet files."""
    write_parquet(tmp_path / "in" / "a.parquet", range(450), missing=[7, 8])
    write_parquet(tmp_path / "in" / "b.parquet", range(450, 700))
    return tmp_path / "in"


@pytest.fixture
def options(source: Path, tmp_path: Path) -> JobOptions:
    """A job over ``source``, in parts of 100 rows."""
    return job_options(source, tmp_path / "out")
