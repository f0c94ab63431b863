"""Flags of ``max-sentiment warm``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.cli.settings import add_precision

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_warm(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    warm = commands.add_parser(
        "warm",
        help="compile a model ahead, so that a start does not",
        description=(
            "Compiles a model for the processor of this machine into the cache, computes the "
            "verdict of the precision's self-check, and exits. What is there already is left as "
            "it is. A start with the same model, precision and version then compiles nothing. "
            "Exit status: 0 the cache is complete, 1 it is not, or an error."
        ),
        allow_abbrev=False,
    )
    add_precision(warm)
    warm.add_argument(
        "--target-cpu",
        metavar="CPU",
        help="compile for another processor, in LLVM's name of it: x86-64-v3, sapphirerapids; the "
        "error of an unknown one lists them",
    )
    warm.add_argument(
        "--check",
        action="store_true",
        help="compile and write nothing; exit with 1 if a start would",
    )
    warm.add_argument("--json", action="store_true", help="print a JSON object")
    return warm
