"""Findings about the compile cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doctor_answers import examined_with, failed

from distilbert_sentiment_arch import compiler_space
from distilbert_sentiment_arch.doctor.checks import cache as module
from distilbert_sentiment_arch.doctor.checks.cache import check_cache
from distilbert_sentiment_arch.doctor.checks.last_start import check_last_start
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.last_start import LastStart, record


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    return tmp_path / "max-sentiment"


def found(**warmth: Any) -> tuple[Finding, Finding]:
    directory, graph = check_cache(examined_with(warmth=warmth))
    assert (directory.name, graph.name) == ("cache.directory", "cache.graph")
    return directory, graph


def test_a_warm_start_is_expected_where_the_graph_is_compiled(cache: Path) -> None:
    directory, graph = found()
    assert (directory.level, graph.level) == ("ok", "ok")
    assert directory.found == str(cache)
    assert "a warm start is expected" in graph.meaning
    assert not cache.exists()


def test_the_first_start_compiles_and_later_ones_do_not() -> None:
    directory, graph = found(compiled=False)
    assert (directory.level, graph.level) == ("ok", "ok")
    assert "the next start compiles, later ones are warm" in graph.meaning


def test_what_cannot_be_written_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", "/proc")
    assert [each.level for each in found(compiled=True)] == ["ok", "ok"]
    directory, graph = found(compiled=False)
    assert (directory.level, graph.level) == ("warning", "warning")
    assert "MODULAR_CACHE_DIR" in directory.remedy


def test_a_disk_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEEDED_BYTES", 1 << 62)
    assert [each.level for each in found(compiled=False)] == ["warning", "warning"]
    assert compiler_space.NEEDED_BYTES < 1 << 62


def test_a_cache_that_others_may_write_to_is_told_as_the_log_tells_it(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    directory, _ = found(compiled=False)
    assert directory.level == "warning"
    assert "chmod go-w" in directory.found


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_user(uid: int) -> None:
        raise KeyError(uid)

    for name in ("MODULAR_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", no_such_user)
    directory, _ = found(compiled=False)
    assert directory.level == "warning"
    assert "Set MODULAR_CACHE_DIR" in directory.found


def test_a_damaged_graph_is_told_in_the_words_of_the_log() -> None:
    _, graph = found(compiled=False, problem="graph-1 is damaged: it is not what its digest says")
    assert graph.level == "warning"
    assert "damaged" in graph.found


def test_a_graph_that_stands_in_is_named() -> None:
    _, graph = found(compiled_for="x86-64-v3")
    assert graph.level == "ok"
    assert "compiled for x86-64-v3" in graph.meaning
    assert "a warm start is expected" in graph.meaning


def test_without_max_nothing_is_known_of_the_graph() -> None:
    _, graph = check_cache(examined_with(max=failed()))
    assert (graph.found, graph.level) == ("not known", "ok")


def test_the_last_start_is_read_from_the_cache() -> None:
    (none,) = check_last_start(examined_with())
    assert none.found == "none recorded"
    record(LastStart("a-model", 1_700_000_000, 3.1, 4.9))
    (finding,) = check_last_start(examined_with())
    assert finding.found == "8.0 s, 2023-11-14 22:13 UTC, a-model"
    assert finding.meaning.startswith("3.1 s of imports and checks, 4.9 s")
