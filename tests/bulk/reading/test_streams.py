"""Standard input: its columns found out first, then all of its rows, once."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import ROOT
from rows_read import rows_of, windows_of

from distilbert_sentiment_arch.bulk.reading import streams
from distilbert_sentiment_arch.errors import InputError


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts bytes in the place of standard input."""

    def put(content: bytes) -> None:
        monkeypatch.setattr(streams, "STANDARD_INPUT", streams.StandardInput(io.BytesIO(content)))

    return put


def arrow_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def parquet_file(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


TEXTS = [f"text {number}" for number in range(10_000)]

CONTENTS = {
    "text": "\n".join(TEXTS).encode(),
    "csv": "\n".join(["text", *TEXTS]).encode(),
    "jsonl": "\n".join(json.dumps({"text": text}) for text in TEXTS).encode(),
    "arrow": arrow_stream(pa.table({"text": TEXTS})),
    "parquet": parquet_file(pa.table({"text": TEXTS})),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("beginning", [1000, 2**22])
def test_every_format_is_read_from_standard_input(
    stdin: Any, monkeypatch: pytest.MonkeyPatch, name: str, beginning: int
) -> None:
    monkeypatch.setattr(streams, "BEGINNING", beginning)
    stdin(CONTENTS[name])
    assert rows_of("-", format=name).texts == TEXTS


def test_it_is_read_once(stdin: Any) -> None:
    stdin(b"one\n")
    assert rows_of("-", format="text").texts == ["one"]
    with pytest.raises(InputError, match="only once"):
        windows_of("-", format="text")


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    program = """
import sys
sys.path.insert(0, "tests")
from rows_read import rows_of
print(len(rows_of("-", format="jsonl").texts))
"""
    lines = b"".join(b'{"text": "hello %d"}\n' % number for number in range(30_000))
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        input=lines,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert (done.stdout, done.returncode) == (b"30000\n", 0), done.stderr
