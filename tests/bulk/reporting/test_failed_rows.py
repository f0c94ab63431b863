"""Failed rows read back from parts of each format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_jobs import job_options, run_whole

from distilbert_sentiment_arch.bulk.job.job import open_job
from distilbert_sentiment_arch.bulk.options import OutputFormat
from distilbert_sentiment_arch.bulk.reporting.failed_rows import failed_rows
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer


@pytest.mark.parametrize("form", ["parquet", "jsonl", "csv"])
def test_rows_are_found_beside_large_cells(tmp_path: Path, form: OutputFormat) -> None:
    """Python's own limit of a cell of CSV is 128 KiB."""
    (tmp_path / "in").mkdir()
    texts = ["Good. " * 50_000, None, 'A "quoted",\nbroken\rline.', " "]
    pq.write_table(pa.table({"id": list("abcd"), "text": texts}), tmp_path / "in" / "a.parquet")
    options = replace(job_options(tmp_path / "in", tmp_path / "out"), format=form)
    run_whole(options)
    with open_job(options, load_scorer(options.model).identity) as job:
        found = failed_rows(job, "id")
        assert [(each.row, each.name) for each in found] == [(1, "b"), (3, "d")]
        assert "null" in found[0].reason
        assert "blank" in found[1].reason
        assert failed_rows(job, most=1) == [replace(found[0], name=None)]
