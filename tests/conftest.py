"""Fixtures that several test files use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts import checkpoints

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier


@pytest.fixture(scope="session")
def embedded() -> ModelClassifier:
    """The embedded checkpoint, compiled in this process as by `max-sentiment classify`."""
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.engine.in_process import load_classifier
    from distilbert_sentiment_arch.families.registry import FAMILIES

    return load_classifier(find_checkpoint(None, FAMILIES))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tiny random checkpoint with changes to its config.json; returns its path."""

    def write(**changes: Any) -> Path:
        return checkpoints.write_checkpoint(
            tmp_path / "checkpoint", checkpoints.random_config(**changes)
        )

    return write
