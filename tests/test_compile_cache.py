"""The cache of compiled code: its place, and that only files of this user or root are used."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import ROOT, run_python

from distilbert_sentiment_arch.compile_cache import cache_directory, compile_and_store, read
from distilbert_sentiment_arch.errors import CacheError

NAME = "code"
CODE = b"compiled code" * 100


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
    with pytest.raises(CacheError, match="Set MODULAR_CACHE_DIR"):
        read(NAME)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory that does not exist yet."""
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    return tmp_path / "max-sentiment"


def made(code: bytes = CODE) -> bytes:
    return compile_and_store(NAME, lambda path, environment: path.write_bytes(code))


def test_a_stored_file_is_read(cache: Path) -> None:
    assert read(NAME) is None
    assert made() == CODE
    assert read(NAME) == CODE
    assert made(b"another") == b"another"
    assert read(NAME) == b"another"
    assert [each.name for each in cache.iterdir()] == [NAME]


def test_others_may_not_write_whatever_the_umask(cache: Path) -> None:
    before = os.umask(0)
    try:
        made()
    finally:
        os.umask(before)
    assert cache.stat().st_mode & 0o777 == 0o700
    assert (cache / NAME).stat().st_mode & 0o022 == 0


def test_a_failed_write_keeps_the_previous_file(cache: Path) -> None:
    made()

    def fail(path: Path, environment: object) -> None:
        path.write_bytes(b"sec")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compile_and_store(NAME, fail)
    assert [each.name for each in cache.iterdir()] == [NAME]
    assert read(NAME) == CODE


def cut(content: bytes) -> bytes:
    return content[:-1]


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def nothing(content: bytes) -> bytes:
    return b""


def digest_alone(content: bytes) -> bytes:
    return hashlib.sha256(b"").digest()


def one_bit(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def more(content: bytes) -> bytes:
    return content + b"\0"


@pytest.mark.parametrize("damage", [cut, half, nothing, digest_alone, one_bit, more])
def test_a_damaged_file_is_not_used_and_can_be_replaced(
    cache: Path, damage: Callable[[bytes], bytes]
) -> None:
    made()
    path = cache / NAME
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CacheError, match=f"{path} is damaged"):
        read(NAME)
    made()
    assert read(NAME) == CODE


@pytest.mark.parametrize("mode", [0o020, 0o002])
@pytest.mark.parametrize("file", [False, True], ids=["directory", "file"])
def test_a_file_that_others_may_write_is_not_used(cache: Path, file: bool, mode: int) -> None:
    made()
    path = cache / NAME if file else cache
    path.chmod(path.stat().st_mode | mode)
    with pytest.raises(CacheError, match=f"others may write to {path} .*chmod go-w"):
        read(NAME)
    assert made(b"another") == b"another"
    if file:  # the file has been replaced
        assert read(NAME) == b"another"
    else:
        path.chmod(0o700)
        assert read(NAME) == CODE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("file", [False, True], ids=["directory", "file"])
def test_a_file_of_another_user_is_not_used(cache: Path, file: bool) -> None:
    made()
    path = cache / NAME if file else cache
    os.chown(path, 12345, -1)
    with pytest.raises(CacheError, match=f"{path} belongs to user 12345, and this is user 0"):
        read(NAME)
    assert made(b"another") == b"another"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_file_of_root_is_used_by_others(tmp_path: Path) -> None:
    with (
        tempfile.TemporaryDirectory() as directory
    ):  # pytest's temporary directory is closed to other users
        Path(directory).chmod(0o755)
        environment = {"MODULAR_CACHE_DIR": directory}
        code = (
            "import sys, os; from pathlib import Path\n"
            "from distilbert_sentiment_arch.compile_cache import compile_and_store, read\n"
            f"compile_and_store({NAME!r}, lambda path, environment: path.write_bytes({CODE!r}))\n"
            "os.chmod(os.environ['MODULAR_CACHE_DIR'] + '/max-sentiment', 0o755)\n"
            "os.setuid(12345)\n"
            f"assert read({NAME!r}) == {CODE!r}\n"
        )
        ended = run_python("-c", code, environment=environment)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_links_and_other_kinds_of_files_are_not_used(cache: Path, tmp_path: Path) -> None:
    made()
    path = cache / NAME
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(OSError, match=NAME):
        read(NAME)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(CacheError, match="is no regular file"):
        read(NAME)
    made()
    assert read(NAME) == CODE


@pytest.mark.parametrize("directory", ["/dev/null", "/proc"])
def test_a_cache_that_cannot_be_written_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, directory: str
) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", directory)
    environments: list[dict[str, str]] = []

    def write(path: Path, environment: dict[str, str]) -> None:
        path.write_bytes(CODE)
        environments.append(environment)

    assert read(NAME) is None
    assert compile_and_store(NAME, write) == CODE
    (line,) = caplog.messages
    assert line.startswith(f"{NAME} is not kept, each start compiles it: ")
    assert f"{directory}/max-sentiment" in line
    (environment,) = environments
    # MAX, too, stores what it compiles where it can.
    assert environment["MODULAR_CACHE_DIR"] == f"{environment['TMPDIR']}/cache"


def test_a_compiler_has_the_caches_of_max_and_temporary_files_of_its_own(cache: Path) -> None:
    def write(path: Path, environment: dict[str, str]) -> None:
        assert environment["MODULAR_CACHE_DIR"] == str(cache.parent)
        assert environment["TMPDIR"] == str(path.parent)
        path.write_bytes(CODE)
        used.append(path.parent)

    used: list[Path] = []
    compile_and_store(NAME, write)
    assert not used[0].exists()


def test_writers_at_once_leave_one_whole_file(cache: Path) -> None:
    code = (
        "from distilbert_sentiment_arch.compile_cache import compile_and_store\n"
        "import sys\n"
        "content = sys.argv[1].encode() * 100_000\n"
        "for _ in range(50):\n"
        f"    compile_and_store({NAME!r}, lambda path, environment: path.write_bytes(content))\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, letter], cwd=ROOT) for letter in "ab"]
    while any(writer.poll() is None for writer in writers):
        assert read(NAME) in (None, b"a" * 100_000, b"b" * 100_000)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [each.name for each in cache.iterdir()] == [NAME]
