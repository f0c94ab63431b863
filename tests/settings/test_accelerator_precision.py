"""What the precision setting means on an accelerator."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.settings.accelerator_precision import accelerator_encoding
from distilbert_sentiment_arch.settings.precision import PRECISION


@pytest.mark.parametrize("encoding", ["float32", "bfloat16"])
def test_without_the_setting_max_decides(encoding: str) -> None:
    assert accelerator_encoding(encoding, {}) == encoding


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("float32", "float32"),
        ("bfloat16", "bfloat16"),
        ("bfloat16x3", "float32"),
        ("int8", "float32"),
        ("auto", "float32"),
    ],
)
@pytest.mark.parametrize("encoding", ["float32", "bfloat16"])
def test_the_setting_decides(setting: str, expected: str, encoding: str) -> None:
    assert accelerator_encoding(encoding, {PRECISION: setting}) == expected


def test_an_unknown_setting() -> None:
    with pytest.raises(ConfigError, match="float16"):
        accelerator_encoding("float32", {PRECISION: "float16"})
