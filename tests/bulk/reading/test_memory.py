"""Memory of reading: that of a file four times as large is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import ROOT

PROGRAM = """
import sys
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.windows import read_windows
options = InputOptions()
rows = sum(len(each.texts) for each in read_windows(find_files(sys.argv[1:], options), options))
status = dict(line.split(":") for line in open("/proc/self/status"))
print(rows, int(status["VmHWM"].split()[0]))
"""


def peak(path: Path) -> tuple[int, int]:
    """Returns the rows of a file, and the most memory of a process that reads it, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    rows, memory = map(int, done.stdout.split())
    return rows, memory


def write(path: Path, texts: list[str]) -> Path:
    if path.suffix == ".parquet":
        # One row group, which is all of the file.
        pq.write_table(pa.table({"text": texts}), path, row_group_size=len(texts))
    else:
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str) -> None:
    texts = [os.urandom(1000).hex() for _ in range(12_000)]
    longer = [text[number:] + text[:number] for number in range(4) for text in texts]
    small = peak(write(tmp_path / f"small{suffix}", texts))
    large = peak(write(tmp_path / f"large{suffix}", longer))
    assert (small[0], large[0]) == (12_000, 48_000)
    # 24 MB of text, which is more than a window, and 96 MB.
    assert large[1] < small[1] + 25_000
