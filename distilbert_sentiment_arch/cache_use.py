"""Record of what is read from the compile cache and written to it while a model is prepared.

A server that cannot keep what it compiled serves all the same, with a warning. Whoever prepares a
model for later starts needs the file to be there: inside ``watched``, whatever cannot be compiled
or kept is an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from distilbert_sentiment_arch.errors import WarmError


class NotInCache(WarmError):
    """A file that a start would compile, in a cache that is only looked at."""


@dataclass(frozen=True)
class MadeFile:
    """A file that was written to the cache.

    Attributes:
        size: Its bytes.
        seconds: How long it took to compile; 0 for what was computed otherwise.
    """

    size: int
    seconds: float


@dataclass
class CacheUse:
    """What was asked of the cache.

    Attributes:
        only_look: Nothing is compiled or written; what would be is in ``missing``.
        on_compile: Called with a file's name before it is compiled.
        found: Bytes of each file that was there, by its name.
        made: The files that were written, by their names.
        missing: Names of files that a start would make.
    """

    only_look: bool = False
    on_compile: Callable[[str], object] = lambda name: None
    found: dict[str, int] = field(default_factory=dict)
    made: dict[str, MadeFile] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    _compiled: dict[str, float] = field(default_factory=dict)

    def note_found(self, name: str, size: int) -> None:
        """Notes a file that is there and whole."""
        if name not in self.made:
            self.found[name] = size

    @contextmanager
    def compiling(self, name: str) -> Iterator[None]:
        """The compilation of a file.

        Raises:
            NotInCache: The cache is only looked at.
            WarmError: Any error of the compiler.
        """
        if self.only_look:
            self.missing.append(name)
            raise NotInCache(f"{name} is not in the cache")
        self.on_compile(name)
        start = time.monotonic()
        try:
            yield
        except Exception as error:  # whatever a compiler raises, each start would meet it again
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise WarmError(f"{name} does not compile here: {reason}") from error
        self._compiled[name] = time.monotonic() - start

    def note_made(self, name: str, size: int) -> None:
        """Notes a file that was written."""
        self.found.pop(name, None)
        self.made[name] = MadeFile(size, self._compiled.get(name, 0.0))

    def refuse(self, path: Path, error: Exception) -> NoReturn:
        """Raises the error of a file that cannot be written.

        Raises:
            WarmError: Always.
        """
        raise WarmError(
            f"{path} cannot be written, so each start would make it again: {error}. Set "
            "MODULAR_CACHE_DIR to a directory of this user's with room, or mount one there."
        ) from error


_watching: ContextVar[CacheUse | None] = ContextVar("cache use", default=None)


@contextmanager
def watched(use: CacheUse) -> Iterator[CacheUse]:
    """Records the cache's use inside the context."""
    token = _watching.set(use)
    try:
        yield use
    finally:
        _watching.reset(token)


def watching() -> CacheUse | None:
    """Returns the record that is made in this context; None if there is none."""
    return _watching.get()


def is_preparing() -> bool:
    """Whether files are made for later starts in this context."""
    use = watching()
    return use is not None and not use.only_look
