"""Which precisions of this project a run measures: the flag ``--precision``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distilbert_sentiment_arch.settings.precision import PRECISION_SETTINGS
from scripts.benchmarking.errors import ConfigError

OURS = {"engines": ("max_graph", "max"), "servers": ("max_serve", "max-serve")}
"""Module of this project's engines and servers, and the name that a precision is added to."""


def choose_precisions(values: dict[str, Any], wanted: Sequence[str]) -> None:
    """Keeps of this project's engines and servers those of some precisions, and adds the missing.

    MAX's own operations, which are no precision, stay.

    Args:
        values: The tables of a configuration, changed in place.
        wanted: Precision settings.

    Raises:
        ConfigError: A precision is unknown.
    """
    for precision in wanted:
        if precision not in PRECISION_SETTINGS:
            known = ", ".join(PRECISION_SETTINGS)
            raise ConfigError(f"--precision: {precision!r} is unknown; there are {known}.")
    for kind, (module, name) in OURS.items():
        ours = {
            each: _precision(table)
            for each, table in values[kind].items()
            if table["module"] == module and table["options"].get("kernels", True)
        }
        if not ours:
            continue
        values[kind] = {
            each: table
            for each, table in values[kind].items()
            if each not in ours or ours[each] in wanted
        }
        for precision in wanted:
            if precision not in ours.values():
                added: dict[str, Any] = {"module": module, "options": {"precision": precision}}
                if kind == "servers":
                    added["engine"] = f"max-{precision}"
                values[kind][f"{name}-{precision}"] = added


def _precision(table: Mapping[str, Any]) -> str:
    return str(table["options"].get("precision", "float32"))
