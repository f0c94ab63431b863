"""This project's server under measurement: the precision it is asked for, and the one it has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from distilbert_sentiment_arch.settings.precision import requested_precision
from scripts.benchmarking.servers.max_serve import make
from scripts.benchmarking.servers.server import Launch, Server

WORD_LIST = {"id": "afinn-111", "precision": None}


def server(**options: str) -> Server:
    python, model, cache = Path(sys.executable), Path("/model"), Path("/cache")
    return make(Launch(python, model, 8000, 8001, 2, cache, options))


def models(computed: str) -> dict[str, Any]:
    choice = {"computed": computed, "requested": "int8", "reason": "the CPU has no such unit"}
    return {"data": [WORD_LIST, {"id": "model", "precision": choice}]}


@pytest.mark.parametrize(
    ("options", "precision"),
    [({}, "float32"), ({"precision": "int8"}, "int8"), ({"precision": "auto"}, "auto")],
)
def test_the_option_is_the_setting_of_the_server(options: dict[str, str], precision: str) -> None:
    assert requested_precision(server(**options).environment) == precision


def test_a_server_in_another_precision_is_not_measured() -> None:
    int8 = server(precision="int8")
    assert int8.about == "/v1/models"
    assert int8.why_wrong(models("int8")) is None
    wrong = int8.why_wrong(models("float32"))
    assert wrong == "it does not compute in int8 (float32: the CPU has no such unit)"
    assert "it does not say in what" in str(int8.why_wrong({"data": [WORD_LIST]}))
    assert server(precision="auto").why_wrong(models("float32")) is None
