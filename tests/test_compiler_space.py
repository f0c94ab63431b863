"""Where compilers write: in the first temporary directory with room, memory among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from distilbert_sentiment_arch import compiler_space as space
from distilbert_sentiment_arch.compiler_space import compiler_space, has_room


def test_it_is_where_tmpdir_says_and_ends_with_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with compiler_space() as directory:
        (directory / "file").touch()
        assert directory.parent == tmp_path
        assert directory.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("unusable", ["/proc", "/dev/null/x", "/no/such/directory"])
def test_a_directory_that_cannot_be_written_to_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, unusable: str
) -> None:
    monkeypatch.setenv("TMPDIR", unusable)
    with compiler_space() as directory:
        assert not str(directory).startswith(unusable)


def test_where_there_is_no_room_at_all_the_error_names_what_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(space, "NEEDED_BYTES", 1 << 62)
    with pytest.raises(OSError, match=f"none of {tmp_path}, .*/dev/shm. Set TMPDIR"):
        compiler_space().__enter__()


def test_room_is_that_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_room(tmp_path)
    assert has_room(tmp_path / "not" / "yet")
    assert not has_room(Path("/proc"))
    assert not has_room(Path("/dev/null/x"))
    monkeypatch.setattr(space, "NEEDED_BYTES", 1 << 62)
    assert not has_room(tmp_path)
