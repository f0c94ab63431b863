"""Limits from the environment."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.limits import Limits


def test_defaults() -> None:
    assert Limits.from_environment({}) == Limits()


def test_each_has_a_variable() -> None:
    limits = Limits.from_environment(
        {
            "MAX_SENTIMENT_MAX_INPUTS": "1",
            "MAX_SENTIMENT_MAX_REQUEST_TOKENS": "2",
            "MAX_SENTIMENT_MAX_PENDING_TOKENS": "3",
            "MAX_SENTIMENT_DEADLINE_S": "0.5",
            "MAX_SENTIMENT_MAX_BATCH_TOKENS": "4",
        }
    )
    assert limits == Limits(1, 2, 3, 0.5, 4)


@pytest.mark.parametrize("value", ["", "0", "-5", "1.5", "inf", "nan", "ten", "1e3"])
def test_what_is_no_positive_integer_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="MAX_SENTIMENT_MAX_INPUTS"):
        Limits.from_environment({"MAX_SENTIMENT_MAX_INPUTS": value})


def test_batches_follow_the_device_until_somebody_says_otherwise() -> None:
    limits = Limits()
    assert limits.batch_tokens(accelerator=False) < limits.batch_tokens(accelerator=True)
    set_by_hand = Limits(max_batch_tokens=100)
    assert set_by_hand.batch_tokens(accelerator=False) == 100
    assert set_by_hand.batch_tokens(accelerator=True) == 100
