"""Cache of compiled code, and of what else a start computes, on disk, each with its digest.

A damaged library crashes the process that loads it, and a damaged graph may make it hang.
Therefore a file consists of the code followed by its SHA-256. It is written under a temporary name
and renamed, so that neither a crash nor another writer leaves a digest that belongs to other code.
The bytes that were checked are the bytes that are used. A digest does not protect against somebody
who may write to the cache: a directory or file that belongs to another user, or that others may
write to, is not used.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from distilbert_sentiment_arch.cache_use import watching
from distilbert_sentiment_arch.compiler_space import compiler_space, has_room
from distilbert_sentiment_arch.errors import CacheError, WarmError

_DIGEST = hashlib.sha256
_DIGEST_BYTES = _DIGEST().digest_size

_log = logging.getLogger("max.pipelines.sentiment")


def cache_directory() -> Path:
    """Returns this package's own directory within the cache directory of MAX.

    Raises:
        CacheError: No directory is set, and there is no home directory.
    """
    if modular := os.environ.get("MODULAR_CACHE_DIR"):
        return Path(modular) / "max-sentiment"
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification has relative paths ignored.
    if not cache.is_absolute():
        try:
            cache = Path.home() / ".cache"
        except RuntimeError as error:
            raise CacheError(f"no cache directory: {error} Set MODULAR_CACHE_DIR.") from error
    return cache / "max-sentiment"


def read(name: str) -> bytes | None:
    """Returns the code that is cached under a name; None if there is none.

    Raises:
        CacheError: The file is damaged, or another user could have written it.
        OSError: The file cannot be read.
    """
    path = cache_directory() / name
    try:
        with _directory(path.parent) as directory:
            # O_NONBLOCK: opening a named pipe must not wait for its writer; the check refuses it.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with open(os.open(name, flags, dir_fd=directory), "rb") as file:
                _check_writers(path, os.fstat(file.fileno()), stat.S_IFREG)
                content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    code, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not code or _DIGEST(code).digest() != digest:
        raise CacheError(f"{path} is damaged: it is not what its digest says")
    if (use := watching()) is not None:
        use.note_found(name, len(content))
    return code


def compile_and_store(name: str, write: Callable[[Path, dict[str, str]], object]) -> bytes:
    """Compiles code and stores it in the cache; logs a warning if it cannot be stored.

    Args:
        name: Name under which ``read`` finds it.
        write: Runs the compiler. Its arguments are the file to write the code to and the
            environment variables of the compiler.

    Returns:
        The code.

    Raises:
        OSError: No temporary directory has room for the compiler, or ``write`` raised it.
        WarmError: Inside ``cache_use.watched``, in place of any other error and of the warning.
    """
    use = watching()
    if use is not None and not use.only_look:
        check_writable()
    with use.compiling(name) if use else nullcontext(), compiler_space() as space:
        made = space / "code"
        write(made, {**os.environ, **_settings(space)})
        code = made.read_bytes()
    store(name, code)
    return code


def store(name: str, content: bytes, verb: str = "compiles") -> None:
    """Stores content in the cache; logs a warning if it cannot be stored.

    Args:
        name: Name under which ``read`` finds it.
        content: The content; at least one byte.
        verb: What each start does where it is not stored, for the warning.

    Raises:
        WarmError: It cannot be stored, inside ``cache_use.watched``.
    """
    use = watching()
    if use is not None and use.only_look:
        use.missing.append(name)
        return
    try:
        keep(name, content)
        if use is not None:
            use.note_made(name, len(content) + _DIGEST_BYTES)
    except (CacheError, OSError) as error:
        if use is not None:
            use.refuse(cache_directory() / name, error)
        if isinstance(error, CacheError):
            return  # read() has reported it
        _log.warning("%s is not kept, each start %s it: %s", name, verb, error)


def keep(name: str, content: bytes) -> None:
    """Stores content in the cache, or raises what keeps it from that; see ``store``.

    Raises:
        CacheError: There is no cache directory, or another user could write to it.
        OSError: It cannot be written to.
    """
    path = cache_directory() / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = f"{name}.{secrets.token_hex(8)}"
    with _directory(path.parent) as directory:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with open(os.open(aside, flags, 0o644, dir_fd=directory), "wb") as file:
                # Independent of the umask: read() refuses a file that others may write to.
                os.fchmod(file.fileno(), stat.S_IMODE(os.fstat(file.fileno()).st_mode) & ~0o022)
                file.write(content)
                file.write(_DIGEST(content).digest())
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with suppress(OSError):
                os.unlink(aside, dir_fd=directory)
            raise
        os.fsync(directory)


@contextmanager
def replace_full_cache() -> Iterator[None]:
    """Replaces MAX's cache by a temporary one inside the context, if its disk is full.

    Applies to what MAX compiles in this process.

    Raises:
        OSError: No other directory has room for the compiler.
    """
    with compiler_space() as space:
        settings = _settings(space)
        before = {name: os.environ.pop(name, None) for name in settings}
        os.environ.update(settings)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


def check_writable() -> None:
    """Checks that the cache can be written to, before minutes are spent on what goes there.

    Raises:
        WarmError: It cannot, inside ``cache_use.watched``; elsewhere nothing is checked.
    """
    use = watching()
    if use is None:
        return
    trial = f"trial-{secrets.token_hex(8)}"
    try:
        keep(trial, b"trial")
        os.unlink(cache_directory() / trial)
    except CacheError as error:
        raise WarmError(str(error)) from error
    except OSError as error:
        use.refuse(cache_directory(), error)


def cache_has_room() -> bool:
    """Whether MAX's caches can be written to and have room for a compilation."""
    with suppress(CacheError):
        return has_room(cache_directory())
    return False


def _settings(space: Path) -> dict[str, str]:
    """Returns environment variables of a compiler: its temporary directory, and a cache if needed.

    MAX and Mojo work with a read-only cache, but fail if its disk is full:
    ``cannot write to file to filesystem cache since available space(0) is not enough``.
    """
    found = {"TMPDIR": str(space)}
    if not cache_has_room():
        found["MODULAR_CACHE_DIR"] = str(space / "cache")
    return found


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    """Opens and checks a directory; its descriptor always refers to the directory that was checked.

    A path could be replaced by another directory after the check.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _check_writers(path, os.fstat(descriptor), stat.S_IFDIR)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_writers(path: Path, status: os.stat_result, kind: int) -> None:
    """Raises CacheError if anybody but this user and root can write to a file or directory."""
    if stat.S_IFMT(status.st_mode) != kind:
        raise CacheError(f"{path} is no regular file. Remove it.")
    if status.st_uid not in (0, os.geteuid()):
        raise CacheError(
            f"{path} belongs to user {status.st_uid}, and this is user {os.geteuid()}. Remove it, "
            "or set MODULAR_CACHE_DIR to a directory of your own."
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CacheError(
            f"others may write to {path} (mode {stat.S_IMODE(status.st_mode):o}). Remove it, or "
            "take the permission from them: chmod go-w."
        )
