"""Flags of ``max-sentiment doctor``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.cli.probe_flags import add_probe

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_doctor(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    doctor = commands.add_parser(
        "doctor",
        help="say what runs on this machine, and what to do about the rest",
        description=(
            "Looks at what a server depends on and says what it found, what that means and what to "
            "do. Exit status: 0 fit, 2 fit with warnings, 3 unfit."
        ),
        allow_abbrev=False,
    )
    add_probe(doctor)
    return doctor
