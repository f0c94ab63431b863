"""The precision setting."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.settings.precision import (
    DEFAULT_PRECISION,
    PrecisionChoice,
    requested_precision,
)


def test_without_the_variable_the_default_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAX_SENTIMENT_PRECISION", raising=False)
    assert requested_precision() == DEFAULT_PRECISION


@pytest.mark.parametrize("value", ["float32", "bfloat16", "int8", "auto"])
def test_the_variable_is_read(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_PRECISION", value)
    assert requested_precision() == value


@pytest.mark.parametrize("value", ["", "INT8", "int4", "float16"])
def test_another_value_is_refused_with_those_there_are(value: str) -> None:
    with pytest.raises(
        ConfigError, match=r"MAX_SENTIMENT_PRECISION.*float32, bfloat16x3, bfloat16, int8, auto"
    ):
        requested_precision({"MAX_SENTIMENT_PRECISION": value})


def test_a_choice_is_said_in_one_line() -> None:
    said = str(PrecisionChoice("int8", "auto", "it is fast"))
    assert said == "computing in int8 (setting: auto): it is fast"
