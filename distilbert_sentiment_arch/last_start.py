"""The clock of the last start of a server: how long it took, and where the time went.

The server records it in the compile cache once it is ready; ``max-sentiment doctor`` reads it.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread

from distilbert_sentiment_arch.compile_cache import keep, read
from distilbert_sentiment_arch.errors import CacheError

FILE = "last-start.sealed"

_STAT = Path("/proc/self/stat")
_UPTIME = Path("/proc/uptime")

# Fields of /proc/self/stat after the name of the program, which may have spaces; see proc(5).
_START_TIME = 19


@dataclass(frozen=True)
class LastStart:
    """A start of a server.

    Attributes:
        model: What clients call the model.
        ready_at: When it was ready, in seconds since 1970.
        imports_s: Seconds from the start of the command until everything was imported, the
            checkpoint was checked and the model's process was about to start.
        model_s: Seconds that the model's process took, compiling included.
    """

    model: str
    ready_at: float
    imports_s: float
    model_s: float

    @property
    def total_s(self) -> float:
        """Seconds from the start of the command until the model could answer."""
        return self.imports_s + self.model_s


def process_age_s() -> float | None:
    """Returns the seconds since this process started; None where the system does not say.

    A command that replaces itself by another stays the same process.
    """
    try:
        fields = _STAT.read_text().rpartition(")")[2].split()
        started = int(fields[_START_TIME]) / os.sysconf("SC_CLK_TCK")
        return float(_UPTIME.read_text().split()[0]) - started
    except (OSError, ValueError, IndexError):
        return None


def record_later(model: str, imports_s: float | None) -> None:
    """Records a start that ends now, in a thread: writing to a disk may take its time.

    Where the cache cannot be written to, or the age of a process is not known, nothing is recorded.

    Args:
        model: What clients call the model.
        imports_s: Age of the process when it began to start the model's, in seconds.
    """
    ready_s = process_age_s()
    if imports_s is not None and ready_s is not None:
        start = LastStart(model, time.time(), round(imports_s, 2), round(ready_s - imports_s, 2))
        Thread(target=record, args=[start], daemon=True).start()


def record(start: LastStart) -> None:
    """Records a start in the cache, if that can be written to."""
    with suppress(CacheError, OSError):
        keep(FILE, json.dumps(asdict(start)).encode())


def read_last_start() -> LastStart | None:
    """Returns the last start that was recorded; None if there is none that can be read."""
    try:
        content = read(FILE)
        return None if content is None else LastStart(**json.loads(content))
    except (CacheError, OSError, ValueError, TypeError):
        return None
