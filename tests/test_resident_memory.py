"""Memory given back to the system: what counts is what the kernel says that a process holds."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT, run_python

from distilbert_sentiment_arch.resident_memory import give_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

MIB = 2**20


def resident_of(path: Path) -> int:
    """Returns the kilobytes of a file that this process has in its memory."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found


def test_pages_of_a_mapped_file_are_given_back_and_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    content = np.random.default_rng(1).bytes(8 * MIB)
    path.write_bytes(content)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[:] == content
        assert resident_of(path) * 1024 == len(content)
        give_back()
        assert resident_of(path) == 0
        assert mapped[:] == content


def test_what_was_written_to_a_private_mapping_stays(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(MIB))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        mapped[:5] = b"kept!"
        give_back()
        assert mapped[:5] == b"kept!"


def test_the_code_of_libraries_still_runs() -> None:
    program = """
import json, ssl, sqlite3, zlib
from pathlib import Path
from distilbert_sentiment_arch.resident_memory import give_back

def files():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    numbers = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return numbers["Rss"] - numbers["Anonymous"]

before = files()
give_back()
after = files()
assert zlib.decompress(zlib.compress(b"text")) == b"text"
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
assert ssl.create_default_context().check_hostname
print(before, after)
"""
    ended = run_python("-c", program, environment={"PYTHONPATH": str(ROOT)})
    assert ended.returncode == 0, ended.stderr
    before, after = map(int, ended.stdout.split())
    assert after < before / 2


@pytest.mark.parametrize("allocator", ["system", "jemalloc"])
def test_what_the_allocator_has_free_is_given_back(allocator: str) -> None:
    library = next(Path(np.__file__).parents[1].glob("modular/lib/libjemalloc_preload.so"), None)
    if library is None and allocator == "jemalloc":
        pytest.skip("MAX's jemalloc is not here")
    program = """
import re
from distilbert_sentiment_arch.resident_memory import give_back

def resident():
    return int(re.search(r"Anonymous:\\s+(\\d+)", open("/proc/self/smaps_rollup").read())[1])

blocks = [bytearray(2000) for _ in range(50_000)]
kept = blocks[::100]
full = resident()
del blocks
left = resident()
give_back()
print(full, left, resident())
"""
    preload = {"LD_PRELOAD": str(library)} if allocator == "jemalloc" else {"LD_PRELOAD": ""}
    ended = run_python("-c", program, environment={**preload, "PYTHONPATH": str(ROOT)})
    assert ended.returncode == 0, ended.stderr
    full, left, given_back = map(int, ended.stdout.split())
    assert left > 0.9 * full  # so there is something to give back
    assert given_back < 0.75 * full
