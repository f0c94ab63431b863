"""Interface between the harness and a server."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = Any

MAX_BATCH = 32
"""Most sequences in a batch of the servers that are written here."""


@dataclass(frozen=True)
class Launch:
    """Parameters of a server's start.

    Attributes:
        python: Interpreter of its environment.
        checkpoint: Directory of the checkpoint.
        port: Port on 127.0.0.1.
        spare_port: Another port, for metrics.
        threads: Threads to compute with.
        cache: Directory for derived files; empty at a cold start.
        options: The server's ``options`` in the configuration.
    """

    python: Path
    checkpoint: Path
    port: int
    spare_port: int
    threads: int
    cache: Path
    options: Mapping[str, Any]

    def app_environment(self) -> dict[str, str]:
        """Returns the environment variables that pass these parameters to an ``*_app.py``."""
        return {
            "BENCHMARK_CHECKPOINT": str(self.checkpoint),
            "BENCHMARK_CACHE": str(self.cache),
            "BENCHMARK_PORT": str(self.port),
            "BENCHMARK_THREADS": str(self.threads),
            "BENCHMARK_OPTIONS": json.dumps(dict(self.options)),
        }

    @classmethod
    def of_app(cls) -> Launch:
        """Returns the parameters with which an ``*_app.py`` was started."""
        return cls(
            python=Path(),
            checkpoint=Path(os.environ["BENCHMARK_CHECKPOINT"]),
            port=int(os.environ["BENCHMARK_PORT"]),
            spare_port=0,
            threads=int(os.environ["BENCHMARK_THREADS"]),
            cache=Path(os.environ["BENCHMARK_CACHE"]),
            options=json.loads(os.environ["BENCHMARK_OPTIONS"]),
        )


@dataclass(frozen=True)
class Server:
    """A server: its start, its requests, and the labels in its answers.

    Attributes:
        command: Command line.
        path: Path to which texts are posted.
        body: Returns the JSON body of a request for texts.
        labels: Returns the label of each text, name or number, from the JSON of an answer.
        environment: Environment variables to add.
        settings: Versions and options, for the report.
        about: Path of a description of the served model; empty if nothing is to be checked there.
        why_wrong: Returns why that description's JSON is not what was to be measured, or None.
    """

    command: Sequence[str]
    path: str
    body: Callable[[Sequence[str]], Json]
    labels: Callable[[Json], list[str | int]]
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    why_wrong: Callable[[Json], str | None] = lambda about: None


def uvicorn_server(launch: Launch, app: str) -> Server:
    """Returns one uvicorn process with uvloop and httptools around an application of ``*_app.py``.

    Args:
        launch: What it is started with.
        app: ``MODULE:NAME`` of the application; it takes and gives what
            ``dynamic_batching_app`` does.
    """
    uvicorn = ["--host", "127.0.0.1", "--port", str(launch.port), "--loop", "uvloop"]
    uvicorn += ["--http", "httptools", "--log-level", "warning", "--no-access-log"]
    return Server(
        command=[str(launch.python), "-m", "uvicorn", app, *uvicorn],
        path="/classify",
        body=lambda texts: {"texts": list(texts)},
        labels=lambda answer: answer["labels"],
        environment=launch.app_environment(),
        settings={"uvicorn": " ".join(uvicorn[4:]), "most sequences in a batch": MAX_BATCH},
    )
