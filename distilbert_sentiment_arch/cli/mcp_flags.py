"""Flags of ``max-sentiment mcp``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.cli.settings import (
    add_body_and_keys,
    add_limits,
    add_precision,
    add_word_lists,
)

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# Those of MODEL_LIMITS come on top.
_LIMITS = (
    "max_inputs",
    "max_request_characters",
    "head_timeout_s",
    "body_timeout_s",
    "max_head_bytes",
    "max_connections",
)


def add_mcp(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    parser = commands.add_parser(
        "mcp",
        help="offer the classifier to agents over the Model Context Protocol",
        description=(
            "Serves tools of the Model Context Protocol, over standard input and output or HTTP. "
            "The model computes in this process. What a flag names in brackets is its environment "
            "variable."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "--http",
        action="store_true",
        help="serve streamable HTTP, at the path /mcp (default: standard input and output)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen at; one that other machines reach needs API keys (default: "
        "%(default)s)",
    )
    parser.add_argument("--port", type=_port, default=8020, help="default: %(default)s")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name by which clients reach this server, with or without a port, beside that of "
        "--host and those of this machine for itself; may be given several times",
    )
    parser.add_argument(
        "--max-sessions",
        type=_positive,
        default=256,
        metavar="N",
        help="most sessions over HTTP at a time (default: %(default)s)",
    )
    add_limits(parser, _LIMITS, model=True)
    add_body_and_keys(parser)
    add_precision(parser)
    add_word_lists(parser, fallback=True)
    return parser


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65_535:
        raise ValueError
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value
