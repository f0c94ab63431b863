"""Limits read from environment variables."""

from __future__ import annotations

from dataclasses import fields

import pytest

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.settings.limits import Limits, environment_variable


def test_defaults() -> None:
    assert Limits.from_environment({}) == Limits()


def test_each_has_a_variable() -> None:
    names = [each.name for each in fields(Limits)]
    environment = {environment_variable(name): str(n) for n, name in enumerate(names, start=1)}
    assert Limits.from_environment(environment) == Limits(*range(1, len(names) + 1))


def test_seconds_may_be_fractions() -> None:
    assert Limits.from_environment({"MAX_SENTIMENT_DEADLINE_S": "0.5"}).deadline_s == 0.5


@pytest.mark.parametrize("value", ["", "0", "-5", "1.5", "inf", "nan", "ten", "1e3"])
def test_values_other_than_positive_integers_are_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="MAX_SENTIMENT_MAX_INPUTS"):
        Limits.from_environment({"MAX_SENTIMENT_MAX_INPUTS": value})


def test_batch_limits_depend_on_the_device_unless_set() -> None:
    limits = Limits()
    assert limits.batch_tokens(accelerator=False) < limits.batch_tokens(accelerator=True)
    set_by_hand = Limits(max_batch_tokens=100)
    assert set_by_hand.batch_tokens(accelerator=False) == 100
    assert set_by_hand.batch_tokens(accelerator=True) == 100


def test_a_server_without_a_model_has_smaller_limits_unless_set() -> None:
    limits = Limits()
    assert limits.buffered_bytes(model=False) < limits.buffered_bytes(model=True)
    set_by_hand = Limits(max_buffered_bytes=100)
    assert set_by_hand.buffered_bytes(model=False) == 100
    assert set_by_hand.buffered_bytes(model=True) == 100
