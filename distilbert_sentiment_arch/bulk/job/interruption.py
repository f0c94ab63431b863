"""SIGINT and SIGTERM in a job: the part in hand is finished or dropped, never half-written."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_SHOW_CURSOR = b"\x1b[?25h"


class Interrupted(KeyboardInterrupt):
    """A job that a signal ended.

    Attributes:
        signal: The signal.
    """

    def __init__(self, received: signal.Signals) -> None:
        super().__init__()
        self.signal = received

    @property
    def exit_status(self) -> int:
        """What a shell has for a process that the signal ended."""
        return 128 + self.signal


class Interruption:
    """Context in which a signal interrupts a job at a moment that suits it.

    The first signal raises ``Interrupted`` within ``interruptible``, at once or when that is
    entered next; the second ends the process, even where its main thread is in native code, such as
    a compilation, and runs no handler. Only the main thread may use it.

    Args:
        say: Tells the user something; called in a thread.

    Attributes:
        finish: Asked when a signal arrives: whether what is in hand is to be finished first, for
            which ``raise_pending`` is called once it is.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._received: signal.Signals | None = None
        self._open = False
        self.finish: Callable[[], bool] = lambda: False
        self._before: list[tuple[signal.Signals, object]] = []
        self._wakeup = self._pipe = -1

    def __enter__(self) -> Self:
        arriving, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        self._wakeup = signal.set_wakeup_fd(self._pipe, warn_on_full_buffer=False)
        threading.Thread(
            target=_end_at_second, args=(arriving,), name="signals", daemon=True
        ).start()
        self._before = [(each, signal.signal(each, self._take)) for each in SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before:
            signal.signal(each, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup)
        # Its thread reads the end of the pipe.
        os.close(self._pipe)

    @property
    def pending(self) -> bool:
        """Whether a signal has arrived."""
        return self._received is not None

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Context in which a signal may raise.

        Raises:
            Interrupted: A signal arrived, and nothing is to be finished first.
        """
        self._open = True
        try:
            if self.pending and not self.finish():
                self.raise_pending()
            yield
        finally:
            self._open = False

    def raise_pending(self) -> None:
        """Raises if a signal has arrived.

        Raises:
            Interrupted: It has.
        """
        if self._received is not None:
            raise Interrupted(self._received)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._received is not None:
            _end(number)
        self._received = signal.Signals(number)
        if self.finish():
            self._tell("finishing the part in hand; a second signal ends at once")
            return
        self._tell("stopping")
        if self._open:
            self.raise_pending()

    def _tell(self, text: str) -> None:
        # What the signal interrupted may hold the lock of the stream.
        threading.Thread(target=self._say, args=(text,), daemon=True).start()


def _end_at_second(arriving: int) -> None:
    """Ends the process at the second signal whose number comes through a pipe."""
    received = 0
    while number := os.read(arriving, 1):
        received += number[0] in SIGNALS
        if received == 2:
            _end(number[0])
    os.close(arriving)


def _end(number: int) -> NoReturn:
    # The bar hides the cursor, and nothing else is left to do.
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR + b"\n")
    os._exit(128 + number)
