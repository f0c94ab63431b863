"""What is examined: the options of an examination, and the answers to its slow questions."""

from __future__ import annotations

from dataclasses import dataclass

from distilbert_sentiment_arch.doctor.questions import CPU, Answers
from distilbert_sentiment_arch.settings.defaults import ANY_ADDRESS

TIMEOUT_S = 120.0
"""Seconds for each question to MAX; the first import of all builds MAX's extension."""


@dataclass(frozen=True)
class ExamineOptions:
    """What a server is to be started with.

    Attributes:
        model: A checkpoint directory, a hub id, or None for the embedded default.
        revision: Revision of a hub id.
        host: Address that the server listens on.
        port: Port of its API.
        metrics_port: Port for Prometheus; 0 for none.
        devices: What it computes on: ``cpu``, ``auto``, ``gpu`` or ``gpu:1``.
        timeout_s: Seconds for each answer of a process that is asked.
    """

    model: str | None = None
    revision: str | None = None
    host: str = ANY_ADDRESS
    port: int = 8000
    metrics_port: int = 8001
    devices: str = CPU
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True)
class Examined:
    """What every check is given.

    Attributes:
        options: What a server is to be started with.
        answers: The answers to the slow questions.
    """

    options: ExamineOptions
    answers: Answers

    @property
    def is_embedded(self) -> bool:
        """Whether the model is the embedded one."""
        return self.options.model is None
