"""Recommendations that are kept: found again for the same, and not for anything else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from made_recommendations import recommendation

from distilbert_sentiment_arch import compile_cache
from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.processor import Processor
from distilbert_sentiment_arch.recommend import kept
from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.cores import usable_processors
from distilbert_sentiment_arch.recommend.kept import keep, kept_recommendation
from distilbert_sentiment_arch.recommend.request import RecommendRequest

CORES = usable_processors()
INT8 = Candidate("cpu", "int8", CORES, 2048)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "max-sentiment"


@pytest.fixture
def found(checkpoint: Callable[..., Path]) -> Checkpoint:
    return find_checkpoint(str(checkpoint()), FAMILIES).checkpoint


def test_what_is_kept_is_found(found: Checkpoint) -> None:
    assert kept_recommendation(found) is None
    assert keep(recommendation(INT8, CORES), found)
    read = kept_recommendation(found)
    assert read is not None
    assert (read.goal, read.precision, read.batch_tokens) == ("throughput", "int8", 2048)
    assert read.cores is None
    assert read.made_at == "2026-11-22T12:00:00+00:00"


def test_by_goal_or_the_latest(found: Checkpoint) -> None:
    later = "2026-11-23T00:00:00+00:00"
    request = RecommendRequest("latency")
    keep(recommendation(INT8, CORES, request=request, made_at=later), found)
    keep(recommendation(INT8, CORES), found)
    for goal in ("latency", "throughput"):
        read = kept_recommendation(found, goal)
        assert read is not None
        assert read.goal == goal
    assert kept_recommendation(found, "cost") is None
    latest = kept_recommendation(found)
    assert latest is not None
    assert latest.made_at == later


def test_fewer_cores_than_there_are_are_kept(found: Checkpoint) -> None:
    fewer = Candidate("cpu", "float32", CORES + 1, 512)
    keep(recommendation(fewer, CORES), found)
    read = kept_recommendation(found)
    assert read is not None
    assert read.cores == CORES + 1


@pytest.mark.parametrize("changed", ["weights", "tokenizer", "processor", "cores", "quota", "max"])
def test_where_something_changed_there_is_none(
    found: Checkpoint, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(recommendation(INT8, CORES), found)
    if changed == "weights":
        (file,) = found.weight_files
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    elif changed == "tokenizer":
        file = found.directory / "tokenizer_config.json"
        file.write_text(file.read_text() + " ")
    elif changed == "processor":
        monkeypatch.setattr(kept, "read_processor", lambda: Processor("Another", frozenset()))
    elif changed == "cores":
        monkeypatch.setattr(kept, "usable_processors", lambda: CORES + 1)
    elif changed == "quota":
        monkeypatch.setattr(kept, "_quota", lambda: "50000 100000")
    else:
        monkeypatch.setattr(kept, "version", lambda package: "99.0")
    assert kept_recommendation(found) is None


def test_a_damaged_file_is_none_and_said(
    found: Checkpoint, own_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(recommendation(INT8, CORES), found)
    (file,) = own_cache.glob("recommendation-*")
    file.write_bytes(file.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        assert kept_recommendation(found) is None
    assert "is damaged" in caplog.text
    # As from a later version of this package, whose file is whole.
    compile_cache.store(file.name, b'{"goal": "throughput", "unknown": 1}')
    assert kept_recommendation(found) is None


def test_a_cache_that_cannot_be_written_to_keeps_none(
    found: Checkpoint, own_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own_cache.parent.write_text("a file in the place of the directory")
    with caplog.at_level(logging.WARNING):
        assert not keep(recommendation(INT8, CORES), found)
    assert "is not kept" in caplog.text
