"""Memory of `max-sentiment score` does not grow with the input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts.score_memory import peaks, write_texts


def test_files_are_of_the_size_that_was_asked_for(tmp_path: Path) -> None:
    rows = write_texts(tmp_path / "a.parquet", 300_000, 40)
    table = pq.read_table(tmp_path / "a.parquet")
    size = sum(len(text) for text in table["text"].to_pylist())
    assert size == pytest.approx(300_000, rel=0.01)
    assert table["id"].to_pylist() == list(range(rows))
    words = sum(len(text.split()) for text in table["text"].to_pylist()) / rows
    assert words == pytest.approx(40, rel=0.1)


@pytest.mark.slow
def test_ten_times_the_rows_take_hardly_more_memory(tmp_path: Path) -> None:
    small, large = peaks([0.04, 0.4], ["--model", "afinn-111"], 4, 10_000, tmp_path)
    assert large.rows > 9 * small.rows
    # All the texts at once would take 360 MB more; an allocator's arenas differ by some tens of MB.
    more = (large.gigabytes - small.gigabytes) * 1e9
    assert large.bytes - small.bytes < more / 2


def test_the_script_says_what_it_does() -> None:
    shown = subprocess.run(
        [sys.executable, "scripts/score_memory.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert "Peak memory" in shown.stdout
