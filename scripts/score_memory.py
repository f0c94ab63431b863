"""Peak memory of `max-sentiment score` over files of several sizes: does it grow with the input?

    .venv/bin/python scripts/score_memory.py --sizes 0.2 2
    .venv/bin/python scripts/score_memory.py --sizes 0.02 0.2 --model afinn-111

Each file is scored in a process of its own. The last line has the largest ratio of two peaks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]

_GROUP_ROWS = 50_000
_WORDS = "good bad great awful film plot love hate boring nice the a and of with music".split()

# The peak of a child is that of the largest one so far, so each has a parent of its own.
_MEASURED = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"status": status, "peak": peak}))
"""


@dataclass(frozen=True)
class Peak:
    """What scoring a file took.

    Attributes:
        gigabytes: Of text.
        rows: Of the file.
        bytes: Largest resident set of the process, or of a compiler that it started.
    """

    gigabytes: float
    rows: int
    bytes: int


def write_texts(path: Path, size: int, words: int, letters: int = 0, seed: int = 0) -> int:
    """Writes a Parquet file.

    Args:
        path: The file.
        size: Bytes of text, about.
        words: Words of a text on average.
        letters: Of one long word behind each text, which takes memory and little time.
        seed: Of the texts.

    Returns:
        Its rows.
    """
    schema = pa.schema({"id": pa.int64(), "text": pa.string()})
    rows = 0
    with pq.ParquetWriter(path, schema) as writer:
        for group in _groups(size, words, letters, random.Random(seed)):
            identifiers = pa.array(range(rows, rows + len(group)))
            writer.write_table(pa.table([identifiers, pa.array(group)], schema=schema))
            rows += len(group)
    return rows


def _groups(size: int, words: int, letters: int, chance: random.Random) -> Iterator[list[str]]:
    # Many texts out of few parts, so that making them does not take longer than scoring them.
    parts = [" ".join(chance.choices(_WORDS, k=words // 4)) for _ in range(1000)]
    end = " " + "x" * letters if letters else ""
    texts = (
        " ".join(chance.choices(parts, k=chance.randint(1, 7))) + end for _ in itertools.count()
    )
    done = 0
    while done < size:
        group: list[str] = []
        while done < size and len(group) < _GROUP_ROWS:
            text = next(texts)
            group.append(text)
            done += len(text)
        yield group


def measure(path: Path, output: Path, flags: Sequence[str]) -> int:
    """Scores a file in a process of its own; returns its peak in bytes.

    Raises:
        SystemExit: It failed.
    """
    command = [sys.executable, "-m", "distilbert_sentiment_arch.cli", "score", str(path)]
    command += ["--output", str(output), "--progress", "none", *flags]
    ended = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found = json.loads(ended.stdout)
    if found["status"] != 0:
        raise SystemExit(f"score ended with status {found['status']}")
    # Linux counts in KiB, macOS in bytes.
    return int(found["peak"]) * (1 if sys.platform == "darwin" else 1024)


def peaks(
    sizes: Sequence[float], flags: Sequence[str], words: int, letters: int, directory: Path
) -> Iterator[Peak]:
    """Yields the peak of each size, in gigabytes of text."""
    for size in sizes:
        path, output = directory / "texts.parquet", directory / "scored"
        rows = write_texts(path, int(size * 1e9), words, letters)
        yield Peak(size, rows, measure(path, output, flags))
        shutil.rmtree(output)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the peaks and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.2, 2.0], help="GB of text")
    parser.add_argument("--words", type=int, default=40, help="words of a text")
    parser.add_argument("--letters", type=int, default=0, help="letters of one more, long word")
    parser.add_argument("--model", help="default: the embedded checkpoint")
    parser.add_argument("--format", default="parquet", help="of the output")
    options = parser.parse_args(arguments)
    flags = ["--format", options.format]
    if options.model is not None:
        flags += ["--model", options.model]
    found = []
    with tempfile.TemporaryDirectory() as directory:
        for peak in peaks(options.sizes, flags, options.words, options.letters, Path(directory)):
            found.append(peak.bytes)
            megabytes = f"{peak.bytes / 1e6:,.0f} MB"
            print(f"{peak.gigabytes:g} GB of text, {peak.rows:,} rows: {megabytes}", flush=True)
    print(f"ratio {max(found) / min(found):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
