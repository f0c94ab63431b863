"""One case in a process of its own, with a limit on its memory and its time."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.checkpoint_fuzz.outcome import Outcome

MEMORY_LIMIT = 1024**3
TIME_LIMIT_S = 5.0


@dataclass(frozen=True)
class Measured:
    """An outcome and what it took.

    Attributes:
        outcome: What became of the checkpoint.
        seconds: Wall-clock time.
        peak_bytes: The largest resident set.
    """

    outcome: Outcome
    seconds: float
    peak_bytes: int


def isolated(
    judge: Callable[[Path], Outcome], directory: Path, limit_s: float = TIME_LIMIT_S
) -> Measured:
    """Judges a checkpoint in a fork of this process, which has imported what is needed."""
    reading, writing = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if not child:
        os.close(reading)
        _judge(judge, directory, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        ended, _, _ = select.select([pipe], [], [], limit_s)
        if not ended:
            os.kill(child, signal.SIGKILL)
        answer = pipe.read()
    _, status, usage = os.wait4(child, 0)
    if not ended:
        outcome = Outcome(False, "", f"more than {limit_s:g} s")
    elif not answer:
        outcome = Outcome(False, "", f"the process ended with status {status}")
    else:
        outcome = Outcome(**json.loads(answer))
    return Measured(outcome, time.monotonic() - start, usage.ru_maxrss * 1024)


def _judge(judge: Callable[[Path], Outcome], directory: Path, writing: int) -> None:
    """Runs in the fork, and ends it."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = json.dumps(asdict(judge(directory))).encode()
        while answer:
            answer = answer[os.write(writing, answer) :]
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)
