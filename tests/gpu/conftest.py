"""Tests on an accelerator: run wherever MAX finds one, skipped elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from distilbert_sentiment_arch.machine.accelerators import Accelerator, find_accelerators

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.in_process import InProcessModel

Load = Callable[..., "InProcessModel"]


@pytest.fixture(scope="session", autouse=True)
def accelerator() -> Accelerator:
    """The first accelerator of this machine."""
    asked = find_accelerators()
    if not asked.found:
        pytest.skip(asked.error or "MAX finds no accelerator in this machine")
    return asked.found[0]


@pytest.fixture(scope="session")
def load(accelerator: Accelerator) -> Load:
    """Loads a checkpoint on the accelerator, once for each precision."""
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.engine.device_choice import DeviceChoice
    from distilbert_sentiment_arch.engine.in_process import load_model
    from distilbert_sentiment_arch.families.registry import FAMILIES

    loaded: dict[tuple[str | None, str], InProcessModel] = {}

    def of(directory: Path | None = None, precision: str = "float32") -> InProcessModel:
        key = (str(directory) if directory else None, precision)
        if key not in loaded:
            found = find_checkpoint(key[0], FAMILIES)
            device = DeviceChoice("gpu", accelerator.number)
            loaded[key] = load_model(found, device, precision)
        return loaded[key]

    return of
