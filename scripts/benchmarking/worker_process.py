"""Control of an engine's process: requests, and stopping it while others are timed."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.benchmarking.config import EngineConfig
from scripts.benchmarking.environments import interpreter, process_environment
from scripts.benchmarking.errors import BenchmarkError, NotAvailable
from scripts.benchmarking.models import BenchmarkModel
from scripts.benchmarking.paths import ROOT

_LAST_WORDS = 2000

ANSWER_TIMEOUT_S = 600.0
"""Seconds after which a request is given up and its engine ended: compiling takes a minute."""


class WorkerFailed(BenchmarkError):
    """An engine raised an exception, or its process ended."""


class WorkerProcess:
    """A program in its own process, which runs only while it answers.

    Between requests the process is stopped (SIGSTOP) with all its threads, because the thread
    pools of some runtimes spin while they wait and would slow down other measurements.

    Args:
        environment: The environment that it runs in.
        program: Its module, which calls ``worker.serve``.
        arguments: Its arguments.

    Raises:
        NotAvailable: The environment cannot be installed.
    """

    def __init__(self, environment: str, program: str, *arguments: str) -> None:
        self._log = tempfile.TemporaryFile(mode="w+b")  # noqa: SIM115  close() closes it
        self._process = subprocess.Popen(
            [interpreter(environment), "-m", program, *arguments],
            cwd=ROOT,
            env=process_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, do: str, **arguments: Any) -> Any:
        """Wakes the process, sends a request, waits for the answer and stops the process.

        Raises:
            WorkerFailed: The engine failed, its process ended, or it did not answer within
                ``ANSWER_TIMEOUT_S``, after which it is ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        start = time.monotonic()
        timer = threading.Timer(ANSWER_TIMEOUT_S, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            os.kill(self.pid, signal.SIGCONT)
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        timer.cancel()
        if not line:
            code = self._process.wait()
            if time.monotonic() - start >= ANSWER_TIMEOUT_S:
                raise WorkerFailed(f"{do}: no answer within {ANSWER_TIMEOUT_S:g} s")
            raise WorkerFailed(f"the process ended with {code}: {self._last_words()}")
        os.kill(self.pid, signal.SIGSTOP)
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(answer["error"])
        return answer["ok"]

    def _last_words(self) -> str:
        self._log.seek(0)
        text = self._log.read().decode(errors="replace").strip()
        return text[-_LAST_WORDS:] or "it wrote nothing"

    def close(self) -> None:
        """Ends the process."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._log.close()


@contextmanager
def loaded_worker(
    config: EngineConfig, model: BenchmarkModel, threads: int
) -> Iterator[tuple[WorkerProcess, Mapping[str, Any]]]:
    """Starts an engine, loads a checkpoint, yields both and ends the process.

    Raises:
        NotAvailable: The engine cannot be installed or does not load.
    """
    environment = importlib.import_module(
        f"scripts.benchmarking.engines.{config.module}"
    ).ENVIRONMENT
    worker = WorkerProcess(environment, "scripts.benchmarking.worker", config.module)
    try:
        try:
            loaded = worker.ask(
                "load",
                checkpoint=str(model.directory),
                threads=threads,
                cache=str(model.cache),
                options=config.options,
            )
        except WorkerFailed as error:
            raise NotAvailable(str(error)) from None
        yield worker, loaded
    finally:
        worker.close()


def workload_file(directory: Path, name: str) -> Path:
    """Returns the path of the file in which workers find a workload."""
    return directory / f"{name.replace('/', '-')}.json"
