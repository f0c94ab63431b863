"""Runner of a case in a separate process, with limits on memory and time."""

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
class MeasuredOutcome:
    """An outcome, its time and its memory.

    Attributes:
        outcome: Outcome of the checkpoint.
        seconds: Wall-clock time.
        peak_bytes: Peak resident set size.
    """

    outcome: Outcome
    seconds: float
    peak_bytes: int


def run_isolated(
    judge: Callable[[Path], Outcome], directory: Path, limit_s: float = TIME_LIMIT_S
) -> MeasuredOutcome:
    """Judges a checkpoint in a fork of this process, which has already imported all modules."""
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
    return MeasuredOutcome(outcome, time.monotonic() - start, usage.ru_maxrss * 1024)


def _judge(judge: Callable[[Path], Outcome], directory: Path, writing: int) -> None:
    """Judges a checkpoint, writes the outcome to a pipe, and ends the forked process."""
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
