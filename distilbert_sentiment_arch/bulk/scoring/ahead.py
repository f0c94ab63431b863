"""An iterator whose items are made in a thread, ahead of whoever reads them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")

_JOIN_S = 5.0
"""Seconds that closing waits for the thread, which may be blocked in its source for longer."""


class Ahead(Generic[Item]):
    """Items of a source, made in a thread of its own; few of them are in memory.

    What the source raises is raised where its next item is read, behind all items before it. Used
    as a context: at its end the thread stops, before it has come to the source's end if need be.

    Args:
        make: Returns the source; it is called, read and closed in the thread.
        most: Most items that are made and not read.
        name: Of the thread.
    """

    def __init__(self, make: Callable[[], Iterable[Item]], most: int, name: str) -> None:
        self._make = make
        self._most = most
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Ahead[Item]:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._thread is not threading.current_thread():
            self._thread.join(_JOIN_S)

    @property
    def stopped(self) -> bool:
        """Whether nobody reads further items; a source may ask while it makes one."""
        return self._closed

    def stop(self) -> None:
        """Ends the iterator for its reader and its thread; may be called from any thread."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Yields the items in the order of the source.

        Raises:
            BaseException: What the source raised.
        """
        while True:
            with self._changed:
                while not (self._items or self._ended or self._closed):
                    self._changed.wait()
                if self._closed:
                    return
                if not self._items:
                    break
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
            del item
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            source = iter(self._make())
            try:
                while self._has_room():
                    item = next(source)
                    with self._changed:
                        if not self._closed:
                            self._items.append(item)
                            self._changed.notify_all()
                    del item
            except StopIteration:
                pass
            finally:
                close = getattr(source, "close", None)
                if close is not None:
                    close()
        except BaseException as error:  # for the reader
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _has_room(self) -> bool:
        """Waits until another item may be made; returns False where none is wanted any more."""
        with self._changed:
            while len(self._items) >= self._most and not self._closed:
                self._changed.wait()
            return not self._closed
