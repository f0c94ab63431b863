"""The device of a model in this process."""

from __future__ import annotations

import pytest
from max.driver import accelerator_count

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.engine import device_choice
from distilbert_sentiment_arch.engine.device_choice import CPU, DeviceChoice, choose_device
from distilbert_sentiment_arch.errors import ConfigError, DeviceError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.choice import DeviceDecision

FOUND = find_checkpoint(None, FAMILIES)


def test_the_cpu() -> None:
    assert choose_device("cpu", FOUND) == DeviceChoice("cpu", reason="the setting asks for it")
    assert not CPU.is_accelerator
    assert str(CPU) == "cpu"


@pytest.mark.skipif(accelerator_count() > 0, reason="MAX finds an accelerator here")
def test_auto_is_the_cpu_where_max_finds_nothing() -> None:
    assert choose_device("auto", FOUND) == DeviceChoice("cpu", reason="MAX finds no accelerator")


@pytest.mark.parametrize(
    ("name", "error"), [("cuda", ConfigError), ("gpu:0,1", ConfigError), ("gpu:99", DeviceError)]
)
def test_what_is_not_there(name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"The device '{name}'"):
        choose_device(name, FOUND)


def test_an_accelerator_is_taken_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator = Accelerator(3, "cuda")
    decided = DeviceDecision("gpu:3", "it passed", accelerator)
    monkeypatch.setattr(device_choice, "decide", lambda *_: decided)
    chosen = choose_device("gpu:3", FOUND)
    assert chosen == DeviceChoice("gpu", 3, "it passed")
    assert chosen.is_accelerator
    assert str(chosen) == "gpu:3"
