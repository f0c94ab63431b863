"""The record of a start: written in the cache, read back, and left out where it cannot be kept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil
import pytest
from commands import run_python

from distilbert_sentiment_arch.compile_cache import cache_directory
from distilbert_sentiment_arch.last_start import (
    FILE,
    LastStart,
    process_age_s,
    read_last_start,
    record,
)

START = LastStart("a-model", 1_700_000_000.0, 3.25, 4.5)

RECORD = """
from distilbert_sentiment_arch.last_start import process_age_s, record_later
import threading
record_later("a-model", process_age_s())
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_what_is_recorded_is_read(cache: Path) -> None:
    assert read_last_start() is None
    record(START)
    assert read_last_start() == START
    assert START.total_s == 7.75


@pytest.mark.parametrize("content", [b"{}", b"[]", b"not json", b'{"model": 1, "more": 2}'])
def test_a_record_of_another_kind_is_none(cache: Path, content: bytes) -> None:
    from distilbert_sentiment_arch.compile_cache import keep

    keep(FILE, content)
    assert read_last_start() is None
    (cache_directory() / FILE).write_bytes(b"damaged")
    assert read_last_start() is None


@pytest.mark.parametrize("directory", ["/proc", "/dev/null"])
def test_where_nothing_can_be_written_nothing_is_said(
    directory: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", directory)
    record(START)
    assert read_last_start() is None
    assert caplog.messages == []


def test_the_age_of_a_process_is_the_one_that_the_system_knows() -> None:
    age = process_age_s()
    assert age is not None
    assert age == pytest.approx(time.time() - psutil.Process().create_time(), abs=2)


def test_a_process_records_its_own_start(cache: Path) -> None:
    before = time.time()
    ended = run_python("-c", RECORD)
    assert (ended.returncode, ended.stderr) == (0, "")
    found = read_last_start()
    assert found is not None
    assert found.model == "a-model"
    assert before <= found.ready_at <= time.time()
    assert found.imports_s > 0
    assert 0 <= found.model_s < found.imports_s
    assert json.loads((cache_directory() / FILE).read_bytes()[:-32])["model"] == "a-model"
