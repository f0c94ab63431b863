"""Flags of ``max-sentiment recommend``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_recommend(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    return commands.add_parser(
        "recommend",
        help="measure which settings suit this machine and texts of yours",
        description=(
            "Measures the settings that make sense on this machine and prints the flags of the "
            "best one."
        ),
        allow_abbrev=False,
    )
