"""`max-sentiment score`, a process that is interrupted, and one that finds another at work."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import ROOT

LINES = 12_000
PART_ROWS = 50

pytestmark = pytest.mark.slow


def command(*arguments: str | Path) -> list[str]:
    flags = ["--model", "afinn-111", "--part-rows", str(PART_ROWS), "--progress", "jsonl"]
    start = [sys.executable, "-m", "distilbert_sentiment_arch.cli", "score"]
    return [*start, *map(str, arguments), *flags]


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        with process:
            pass


def wait_for_part(process: subprocess.Popen[str]) -> None:
    """Reads progress until a part is written."""
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["event"] == "part":
            return
    pytest.fail(f"no part was written; the status is {process.wait(60)}")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    words = ("good", "bad", "great", "awful", "a film")
    lines = (f"{words[row % 5]} {words[row % 3]} {row}\n" for row in range(LINES))
    path.write_text("".join(lines), "utf-8")
    return path


def content(output: Path) -> dict[str, bytes]:
    return {part.name: part.read_bytes() for part in output.glob("part-*")}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_job_goes_on_where_it_was(
    source: Path, tmp_path: Path, number: signal.Signals
) -> None:
    output = tmp_path / "out"
    with running(source, "--output", output) as process:
        wait_for_part(process)
        process.send_signal(number)
        # Not by communicate(), which would miss what is read and not yet asked for.
        assert process.stderr is not None
        stderr = process.stderr.read()
        assert process.wait(60) == 128 + number, stderr
    lines = [json.loads(line) for line in stderr.splitlines()]
    interrupted = next(line for line in lines if line["event"] == "interrupted")
    assert interrupted["signal"] == number.name
    assert "run the same command again" in lines[-1]["message"]
    assert not (output / "_SUCCESS").exists()
    before = content(output)
    assert 0 < len(before) < LINES // PART_ROWS
    left = {each.name for each in output.iterdir() if not each.name.startswith("part-")}
    assert left == {"_manifest.json", "_parts"}, "nothing is half-written"

    again = subprocess.run(
        command(source, "--output", output), cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert again.returncode == 0, again.stderr
    end = json.loads(again.stderr.splitlines()[-1])
    assert end["rows_of_this_run"] == LINES - PART_ROWS * len(before)
    assert end["total"]["rows"] == LINES
    after = content(output)
    assert {name: after[name] for name in before} == before

    if number == signal.SIGINT:
        return
    whole = tmp_path / "whole"
    once = subprocess.run(
        command(source, "--output", whole), cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert once.returncode == 0, once.stderr
    assert content(whole) == after


def test_a_second_run_into_the_same_output_is_refused(source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    with running(source, "--output", output) as process:
        wait_for_part(process)
        process.send_signal(signal.SIGSTOP)
        second = subprocess.run(
            command(source, "--output", output),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert second.returncode == 1
        assert f"process {process.pid} on " in second.stderr.splitlines()[-1]
        assert "writes to this output" in second.stderr.splitlines()[-1]
