"""Where compiled code is kept, and that it is there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from distilbert_sentiment_arch.compile_cache import cache_directory, keep


@pytest.mark.parametrize(
    ("modular", "xdg", "expected"),
    [
        ("/var/cache/modular", "/xdg", "/var/cache/modular/max-sentiment"),
        ("", "/xdg", "/xdg/max-sentiment"),
        ("", "relative", "/home/someone/.cache/max-sentiment"),
        ("", "", "/home/someone/.cache/max-sentiment"),
    ],
)
def test_it_is_a_directory_in_the_cache_of_max(
    monkeypatch: pytest.MonkeyPatch, modular: str, xdg: str, expected: str
) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", modular)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_directory() == Path(expected)


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODULAR_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_such_user(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", no_such_user)
    with pytest.raises(OSError, match="Set MODULAR_CACHE_DIR"):
        cache_directory()


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    keep(path, lambda made: made.write_text("first"))

    def fail(made: Path) -> None:
        made.write_text("sec")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        keep(path, fail)
    assert [each.name for each in path.parent.iterdir()] == ["file"]
    assert path.read_text() == "first"
    assert path.parent.stat().st_mode & 0o777 == 0o700
