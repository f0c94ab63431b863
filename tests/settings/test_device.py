"""The device of a server, as `serve` tells it to the server that it starts."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.settings.device import (
    DEVICE_FALLBACK,
    DEVICE_USE,
    DeviceUse,
    device_use,
    requested_fallback,
)

USE = DeviceUse("cpu", "auto", 'gpu:0 failed: "no"', ("gpu:0",))


def test_a_server_reads_what_it_was_told() -> None:
    assert device_use("cpu", USE.as_variable()) == USE
    assert device_use(None, USE.as_variable()) == USE


@pytest.mark.parametrize("value", [None, "", "null", "[]", "{}", '{"computed": "cpu"}', "7", "{"])
def test_what_is_no_such_message_says_nothing(value: str | None) -> None:
    assert device_use("cpu", {} if value is None else {DEVICE_USE: value}) is None


def test_what_was_told_of_another_device_says_nothing() -> None:
    assert device_use("gpu:0", USE.as_variable()) is None


def test_the_first_device_is_the_one_that_was_chosen() -> None:
    assert USE.first == "gpu:0"
    assert DeviceUse("cpu", "cpu", "the default").first == "cpu"
    assert DeviceUse("lexicon", "auto", "", ("gpu:1", "cpu")).first == "gpu:1"


def test_the_policy() -> None:
    assert requested_fallback({}) is None
    for policy in ("off", "cpu", "always"):
        assert requested_fallback({DEVICE_FALLBACK: policy}) == policy
    with pytest.raises(ConfigError, match=f"{DEVICE_FALLBACK} is 'gpu'; possible are off, cpu"):
        requested_fallback({DEVICE_FALLBACK: "gpu"})
