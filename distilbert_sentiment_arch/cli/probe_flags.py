"""Flags of ``max-sentiment doctor --probe``."""

from __future__ import annotations

import argparse
import math

FORMATS = ("text", "json", "markdown")

DEFAULT_TIMEOUT_S = 600.0
"""``probe.ladder.TIMEOUT_S``, which is not imported for each command."""


def add_probe(parser: argparse.ArgumentParser) -> None:
    """Adds the flags to those of ``doctor``."""
    probe = parser.add_argument_group(
        "probe",
        "A ladder of graphs, from a copy to the whole classifier, is compiled, run and held "
        "against NumPy on every device that MAX finds, each in a process of its own.",
    )
    probe.add_argument("--probe", action="store_true", help="climb the ladder")
    probe.add_argument(
        "--probe-timeout-s",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        metavar="SECONDS",
        help="how long a rung may take, compilation included (default: %(default)g)",
    )
    probe.add_argument(
        "--probe-logs",
        metavar="DIR",
        help="where what a rung said is kept if it does not work (default: in the cache)",
    )
    probe.add_argument(
        "--probe-rungs",
        metavar="NAMES",
        help="which rungs, commas between them, for example matmul,classifier (default: all)",
    )
    probe.add_argument(
        "--format",
        choices=FORMATS,
        help="of the probe's result; markdown is for a bug report (default: text, or json with "
        "--json)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return seconds
