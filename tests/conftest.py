"""Fixtures that several test files use."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_accelerators import SITE, environment_with

from distilbert_sentiment_arch.child_environment import restore_child_environment
from distilbert_sentiment_arch.machine.accelerators import find_accelerators
from scripts import checkpoints

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
    from distilbert_sentiment_arch.engine.in_process import InProcessModel


def pytest_configure() -> None:
    """Lets SIGINT have its effect here and in children: a shell's background jobs ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup() -> None:
    """Lets children be this Python, whichever test before has imported MAX."""
    restore_child_environment()


@pytest.fixture(scope="session")
def embedded_model() -> InProcessModel:
    """The embedded checkpoint, compiled in this process."""
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.engine.in_process import load_model
    from distilbert_sentiment_arch.families.registry import FAMILIES

    return load_model(find_checkpoint(None, FAMILIES))


@pytest.fixture(scope="session")
def embedded(embedded_model: InProcessModel) -> ModelClassifier:
    """The embedded checkpoint as the classifier of `max-sentiment classify` and of a server."""
    from distilbert_sentiment_arch.engine.in_process import classifier_of
    from distilbert_sentiment_arch.settings.limits import CPU_BATCH_TOKENS

    return classifier_of(embedded_model, CPU_BATCH_TOKENS)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tiny random checkpoint with changes to its config.json; returns its path."""

    def write(**changes: Any) -> Path:
        return checkpoints.write_checkpoint(
            tmp_path / "checkpoint", checkpoints.random_config(**changes)
        )

    return write


@pytest.fixture
def report_accelerators(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets MAX report accelerators in the processes that this one starts; see fake_accelerators."""

    def report(*described: Mapping[str, Any]) -> None:
        monkeypatch.syspath_prepend(str(SITE))
        for name, value in environment_with(*described).items():
            monkeypatch.setenv(name, value)
        find_accelerators.cache_clear()

    find_accelerators.cache_clear()
    yield report
    find_accelerators.cache_clear()
