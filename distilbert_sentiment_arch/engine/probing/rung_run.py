"""A rung in this process: a request read, a graph compiled, run and compared, and the answer."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from max.driver import CPU, Accelerator, Buffer, Device
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef

from distilbert_sentiment_arch.child_environment import restore_child_environment
from distilbert_sentiment_arch.compile_cache import cache_has_room, replace_full_cache
from distilbert_sentiment_arch.engine.compiler_reason import reason_of
from distilbert_sentiment_arch.engine.probing.comparison import Answer, compare
from distilbert_sentiment_arch.engine.probing.graphs import Make

REPEATS = 5
"""Timed runs, after one that is not timed."""

_STACKS_AFTER = 0.95
"""Part of the time limit after which the log gets the stacks of all threads."""


class NoKernel(Exception):
    """The graph does not compile or load for the device."""


@dataclass
class Run:
    """A rung that is being run.

    Attributes:
        request: What ``probe.rung_process`` asks for.
        answers: Where phases and the answer are written to.
    """

    request: dict[str, Any]
    answers: IO[str]

    @property
    def dtype(self) -> str:
        """What is computed in."""
        return str(self.request["dtype"])

    @property
    def tolerance(self) -> float:
        """The largest error with which the rung works."""
        return float(self.request["tolerance"])

    @property
    def number(self) -> int | None:
        """Which accelerator, from 0; None for the CPU."""
        name, _, number = str(self.request["device"]).partition(":")
        return None if name == "cpu" else int(number)

    def phase(self, name: str) -> None:
        """Reports what comes next, for the case that the process does not survive it."""
        print(json.dumps({"phase": name}), file=self.answers, flush=True)

    def open(self) -> Device:
        """Opens the device."""
        self.phase("opening the device")
        return CPU() if self.number is None else Accelerator(self.number)


Rungs = Mapping[str, Callable[[Run], Answer]]
"""By the names of their graphs."""


def main(rungs: Rungs) -> None:
    """Runs the rung that standard input asks for, answers, and ends this process."""
    request = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What MAX and drivers write to standard output belongs into the log as well.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    restore_child_environment()
    run = Run(json.loads(request), answers)
    faulthandler.enable()
    faulthandler.dump_traceback_later(_STACKS_AFTER * run.request["timeout_s"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps(_answered(run, rungs)), file=answers, flush=True)
    sys.stderr.flush()
    os._exit(0)  # the thread is in the middle of reading, which Python's own end aborts on


def operation(make: Make) -> Callable[[Run], Answer]:
    """Returns the rung of a graph of operations."""

    def answer(run: Run) -> Answer:
        device = run.open()
        run.phase("making the inputs")
        made = make(run.dtype)
        run.phase("compiling")
        try:
            graph = made.graph(DType[run.dtype], DeviceRef.from_device(device))
            model = InferenceSession(devices=[device]).load(graph)
        except Exception as error:  # the compiler raises whatever it has
            raise NoKernel from error
        run.phase("running")
        inputs = [Buffer.from_numpy(each.array).to(device) for each in made.inputs]

        def once() -> np.ndarray[Any, Any]:
            (result,) = model.execute(*inputs)
            return np.array(result.to(CPU()).to_numpy())

        found, milliseconds = timed(once)
        run.phase("comparing")
        return {**compare(found, made.expected, run.tolerance), "milliseconds": milliseconds}

    return answer


def timed(once: Callable[[], Any]) -> tuple[Any, float]:
    """Returns the first result of a function, and the median of its time, in milliseconds."""
    result, times = once(), []
    for _ in range(REPEATS):
        start = time.perf_counter()
        once()
        times.append((time.perf_counter() - start) * 1000)
    return result, round(statistics.median(times), 3)


def _answered(run: Run, rungs: Rungs) -> Answer:
    with ExitStack() as stack:
        try:
            if not cache_has_room():
                stack.enter_context(replace_full_cache())
            return rungs[run.request["graph"]](run)
        except NoKernel as error:
            traceback.print_exc()
            cause = error.__cause__ or error
            return {"outcome": "no kernel", "reason": reason_of(cause)}
        except Exception as error:  # MAX and drivers raise whatever they have
            traceback.print_exc()
            reason = f"{type(error).__name__}: {reason_of(error)}"
            return {"outcome": "crashed", "reason": reason}


def _end_with_parent() -> None:
    """Ends this process when its standard input closes."""
    sys.stdin.buffer.read()
    os._exit(1)
