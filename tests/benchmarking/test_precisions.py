"""The flag that chooses this project's precisions."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.benchmarking.config import check_config, read_config
from scripts.benchmarking.errors import ConfigError
from scripts.benchmarking.precisions import choose_precisions


def chosen(configuration: str, *wanted: str) -> dict[str, Any]:
    values = read_config(configuration).model_dump()
    choose_precisions(values, wanted)
    return check_config(values, "test").model_dump()


def test_only_the_wanted_precisions_of_this_project_stay() -> None:
    before = read_config("full")
    found = chosen("full", "int8")
    ours = {name for name in found["engines"] if name.startswith("max")}
    assert ours == {"max-int8", "max-own-operations"}
    assert {name for name in found["servers"] if name.startswith("max")} == {"max-serve-int8"}
    assert set(before.engines) - set(found["engines"]) == {"max", "max-bfloat16"}
    assert set(before.servers) - set(found["servers"]) == {"max-serve", "max-serve-bfloat16"}


def test_a_precision_that_the_configuration_lacks_is_added() -> None:
    found = chosen("targets", "auto")
    assert found["engines"]["max-auto"]["options"] == {"precision": "auto"}
    assert found["servers"]["max-serve-auto"]["engine"] == "max-auto"
    assert chosen("quick", "float32")["servers"] == {}


def test_an_unknown_precision_is_named() -> None:
    known = "float32, bfloat16x3, bfloat16, int8"
    with pytest.raises(ConfigError, match=f"'int4' is unknown; there are {known}"):
        choose_precisions(read_config("quick").model_dump(), ["int4"])
