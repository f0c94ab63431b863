"""Flags of ``max-sentiment mcp``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_mcp(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    return commands.add_parser(
        "mcp",
        help="offer the classifier to agents over the Model Context Protocol",
        description=(
            "Serves tools of the Model Context Protocol, over standard input and output or HTTP."
        ),
        allow_abbrev=False,
    )
