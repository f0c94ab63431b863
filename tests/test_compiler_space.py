"""Temporary directories of compilers: the first one with room, those in memory included."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run_python

from distilbert_sentiment_arch import compiler_space as space
from distilbert_sentiment_arch.compiler_space import compiler_space, has_room


def test_the_directory_is_in_tmpdir_and_removed_after_the_block(
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


def test_without_room_anywhere_the_error_names_the_directories_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(space, "NEEDED_BYTES", 1 << 62)
    with pytest.raises(OSError, match=f"none of {tmp_path}, .*/dev/shm. Set TMPDIR"):
        compiler_space().__enter__()


def test_room_is_the_free_space_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_room(tmp_path)
    assert has_room(tmp_path / "not" / "yet")
    assert not has_room(Path("/proc"))
    assert not has_room(Path("/dev/null/x"))
    monkeypatch.setattr(space, "NEEDED_BYTES", 1 << 62)
    assert not has_room(tmp_path)


FIND = """
import os, sys, tempfile
from distilbert_sentiment_arch import compiler_space
compiler_space._DIRECTORIES = tuple(sys.argv[1:])
os.chdir("/proc" if len(sys.argv) < 4 else sys.argv[3])
tempfile._candidate_tempdir_list = lambda: ["/proc", os.getcwd()]
compiler_space.find_temporary_directory()
print(os.environ.get("TMPDIR"), tempfile.gettempdir())
"""


def test_if_python_finds_no_temporary_directory_memory_is_used(tmp_path: Path) -> None:
    ended = run_python("-c", FIND, "/proc", tmp_path, environment={"TMPDIR": "/proc"})
    assert ended.stdout.split() == [str(tmp_path)] * 2, ended.stderr


def test_the_working_directory_is_never_used(tmp_path: Path) -> None:
    memory, working = tmp_path / "memory", tmp_path / "working"
    memory.mkdir()
    working.mkdir()
    ended = run_python("-c", FIND, "/proc", memory, working, environment={"TMPDIR": "/proc"})
    assert ended.stdout.split() == [str(memory)] * 2, ended.stderr


def test_without_any_directory_the_error_names_those_tried() -> None:
    ended = run_python("-c", FIND, "/proc", "/sys", environment={"TMPDIR": "/proc"})
    assert ended.stderr.splitlines()[-1] == (
        "OSError: [Errno 30] no temporary directory can be written to, of /proc, /proc, /sys. Set "
        "TMPDIR to another."
    )


def test_a_directory_that_python_finds_is_kept(tmp_path: Path) -> None:
    code = "\n".join(line for line in FIND.splitlines() if "_candidate" not in line)
    ended = run_python("-c", code, "/proc", environment={"TMPDIR": str(tmp_path)})
    assert ended.stdout.split() == [str(tmp_path)] * 2, ended.stderr
