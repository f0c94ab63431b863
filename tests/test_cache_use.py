"""The record of the compile cache's use, and its errors where a server only warns."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from distilbert_sentiment_arch.cache_use import CacheUse, NotInCache, is_preparing, watched
from distilbert_sentiment_arch.compile_cache import compile_and_store, read, store
from distilbert_sentiment_arch.errors import CompilerError, WarmError

CODE = b"compiled code" * 100
SEALED = len(CODE) + 32


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory that does not exist yet."""
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    return tmp_path / "max-sentiment"


def write(output: Path, environment: Mapping[str, str]) -> None:
    output.write_bytes(CODE)


def unreachable(output: Path, environment: Mapping[str, str]) -> None:
    raise AssertionError("nothing may be compiled")


def test_what_is_there_and_what_is_made(cache: Path) -> None:
    store("there", CODE)
    compiled: list[str] = []
    with watched(CacheUse(on_compile=compiled.append)) as use:
        assert is_preparing()
        assert read("there") == CODE
        assert read("absent") is None
        compile_and_store("new", write)
        assert read("new") == CODE
        store("computed", CODE)
    assert not is_preparing()
    assert compiled == ["new"]
    assert use.found == {"there": SEALED}
    assert {name: made.size for name, made in use.made.items()} == {
        "new": SEALED,
        "computed": SEALED,
    }
    assert use.made["new"].seconds > 0
    assert use.made["computed"].seconds == 0
    assert use.missing == []
    assert sorted(each.name for each in cache.iterdir()) == ["computed", "new", "there"]


def test_looking_compiles_and_writes_nothing(cache: Path) -> None:
    with watched(CacheUse(only_look=True)) as use:
        assert not is_preparing()
        with pytest.raises(NotInCache):
            compile_and_store("code", unreachable)
        store("computed", CODE)
    assert use.missing == ["code", "computed"]
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_an_error_before_anything_compiles(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", "/dev/null")
    with watched(CacheUse()) as use:
        with pytest.raises(WarmError, match=r"/dev/null/max-sentiment cannot be written.*Set MOD"):
            compile_and_store("code", unreachable)
        with pytest.raises(WarmError, match=r"/dev/null/max-sentiment/computed cannot be written"):
            store("computed", CODE)
    assert use.made == {}
    assert caplog.messages == []
    # A server says so and goes on.
    with caplog.at_level(logging.WARNING):
        assert compile_and_store("code", write) == CODE
    assert "is not kept, each start compiles it" in caplog.text


def test_a_cache_of_others_is_an_error(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    with watched(CacheUse()), pytest.raises(WarmError, match="others may write to"):
        compile_and_store("code", unreachable)


def test_a_full_disk_is_an_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distilbert_sentiment_arch import compiler_space

    monkeypatch.setattr(compiler_space, "NEEDED_BYTES", 1 << 62)
    with watched(CacheUse()), pytest.raises(WarmError, match="Set TMPDIR"):
        compile_and_store("code", unreachable)


def test_any_error_of_the_compiler_names_the_file(cache: Path) -> None:
    def fail(output: Path, environment: Mapping[str, str]) -> None:
        raise CompilerError("no such instruction\nand more")

    with (
        watched(CacheUse()),
        pytest.raises(WarmError, match=r"^code does not compile here: no such instruction$"),
    ):
        compile_and_store("code", fail)
    assert list(cache.iterdir()) == []
