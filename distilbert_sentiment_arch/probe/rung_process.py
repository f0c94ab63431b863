"""A rung in a process of its own, so that whatever it does ends with that process.

The process gets a request, a line of JSON on its standard input, which stays open for as long as
its answer is wanted. It answers with lines of JSON on its standard output: ``{"phase": ...}``
before each part of its work, and at last ``{"outcome": ...}`` with the figures. What it says on
standard error goes to the log.
"""

from __future__ import annotations

import base64
import json
import pickle
import resource
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, get_args

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.messages import one_line
from distilbert_sentiment_arch.probe.rungs import Rung
from distilbert_sentiment_arch.probe.verdict import Outcome, RungVerdict
from distilbert_sentiment_arch.process_group import signal_group

_STARTING = "starting"


def run_rung(
    rung: Rung,
    device: str,
    checkpoint: NamedCheckpoint | None,
    timeout_s: float,
    log: Path,
) -> RungVerdict:
    """Runs a rung, and returns what it came to, whatever its process did.

    When it returns, no process of the rung's process group is left. The log is removed if the rung
    works.

    Args:
        rung: The rung.
        device: ``cpu``, or ``gpu:0``.
        checkpoint: What the rung of the whole classifier loads; None if it is not this rung.
        timeout_s: Seconds that it may take, compilation included.
        log: File for all that the process says.

    Raises:
        OSError: The log cannot be written, or no process can be started.
    """
    request = {
        "graph": rung.graph,
        "dtype": rung.dtype,
        "tolerance": rung.tolerance,
        "device": device,
        "timeout_s": timeout_s,
        "checkpoint": checkpoint and base64.b64encode(pickle.dumps(checkpoint)).decode(),
    }
    start, computed_before = time.monotonic(), _computed_s()
    with log.open("wb") as said, tempfile.TemporaryFile() as answers:
        process = subprocess.Popen(  # noqa: S603 - this Python, a module of this package
            python_command(rung.module),
            stdin=subprocess.PIPE,
            stdout=answers,
            stderr=said,
            env=python_environment(),
            start_new_session=True,
        )
        try:
            status = _ended(process, json.dumps(request), timeout_s)
        finally:
            _end_group(process)
        phase, answer = _read(answers)
    seconds = time.monotonic() - start
    verdict = RungVerdict(device, rung.name, "works", log=str(log), seconds=round(seconds, 2))
    if status is None:
        # A machine with too much to do looks like a kernel that hangs, but for this figure.
        computed = f"{_computed_s() - computed_before:.0f} of them on a core"
        reason = f"still {phase} after {timeout_s:g} seconds, {computed}, and killed"
        return replace(verdict, outcome="hung", reason=reason)
    if status or answer is None:
        return replace(verdict, outcome="crashed", reason=_why(status, phase, log))
    if answer["outcome"] == "works":
        log.unlink(missing_ok=True)
        answer["log"] = ""
    return replace(verdict, **answer)


def _ended(process: subprocess.Popen[bytes], request: str, timeout_s: float) -> int | None:
    """Returns the exit status of a process; None if it is still running after the time limit."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(request.encode() + b"\n")
        process.stdin.flush()
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None


def _computed_s() -> float:
    """Returns the seconds that this process's children that have ended spent on cores."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a process and what it started, also where it has ended by itself and left others."""
    signal_group(process.pid)
    process.wait()
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()


def _read(answers: IO[bytes]) -> tuple[str, dict[str, Any] | None]:
    """Returns the last phase that was reported, and the answer; None if there is none."""
    phase, answer = _STARTING, None
    answers.seek(0)
    for line in answers:
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and "phase" in said:
                phase = str(said["phase"])
            elif isinstance(said, dict) and said.get("outcome") in get_args(Outcome):
                answer = {name: said[name] for name in _ANSWER if name in said}
    return phase, answer


_ANSWER = ("outcome", "reason", "milliseconds", "error")


def _why(status: int, phase: str, log: Path) -> str:
    """Returns why a process that gave no answer ended."""
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
        memory = ", as Linux does where memory runs out" if -status == signal.SIGKILL else ""
        return f"{name} while {phase}{memory}"
    with log.open("rb") as said:
        said.seek(max(0, log.stat().st_size - 4096))
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    last = f": {lines[-1].strip()}" if lines else ""
    return one_line(f"ended with status {status} while {phase}{last}")
