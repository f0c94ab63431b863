"""Flags of ``max-sentiment warm``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_warm(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    return commands.add_parser(
        "warm",
        help="compile a model for this machine ahead",
        description=("Compiles a model into the cache and exits, so that a server finds it there."),
        allow_abbrev=False,
    )
