"""Flags of ``max-sentiment recommend``, and those of ``serve`` that use what it remembers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.recommend.request import GOALS, LEAST_AGREEMENT, SECONDS
from distilbert_sentiment_arch.settings.precision import PRECISIONS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

LATEST = "latest"
"""Value of ``--auto`` without a goal."""


def add_recommend(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command to those of ``max-sentiment``."""
    parser = commands.add_parser(
        "recommend",
        help="measure which settings suit this machine and texts of yours",
        description=(
            "Measures the settings that make sense on this machine, with a server where they are "
            "good, prints the flags of the best one and what to expect of it, and remembers it for "
            "`serve --auto`. Run nothing else meanwhile."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "--goal",
        required=True,
        choices=GOALS,
        help="latency: a lone request is answered soonest; throughput: most texts a second; cost: "
        "least to pay for a text",
    )
    parser.add_argument(
        "--texts",
        metavar="FILE",
        help="texts as they will come, one a line, or .jsonl with a string or a field text each "
        "(default: built-in sentences)",
    )
    parser.add_argument(
        "--p99-ms",
        type=float,
        metavar="N",
        help="the 99th percentile of the latency stays within N milliseconds; with --goal latency, "
        "the settings with most texts a second of those",
    )
    parser.add_argument(
        "--least-agreement",
        type=float,
        default=LEAST_AGREEMENT,
        metavar="PERCENT",
        help="how many of the texts keep their label of float32 in a lower precision (default: "
        "%(default)g)",
    )
    parser.add_argument(
        "--callers",
        type=int,
        metavar="N",
        help="clients that each wait for an answer before they send again (default: 1 for latency, "
        "16 for others; with --p99-ms as many as keep it)",
    )
    parser.add_argument(
        "--texts-per-request", type=int, default=1, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help="how long to measure; starting what is measured comes on top (default: %(default)g)",
    )
    parser.add_argument(
        "--core-price",
        type=float,
        default=1.0,
        metavar="PRICE",
        help="of an hour of a logical processor, for --goal cost (default: 1, so that the cost is "
        "in core-hours)",
    )
    parser.add_argument(
        "--gb-price",
        type=float,
        default=0.0,
        metavar="PRICE",
        help="of an hour of a gigabyte of memory (default: 0)",
    )
    parser.add_argument(
        "--accelerator-price",
        type=float,
        metavar="PRICE",
        help="of an hour of an accelerator (default: not known, and none is recommended for cost)",
    )
    parser.add_argument(
        "--precisions",
        type=lambda text: tuple(text.split(",")),
        default=PRECISIONS,
        metavar="NAMES",
        help=f"beside float32 try only these, commas between: {', '.join(PRECISIONS)}",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.add_argument(
        "--forget",
        dest="remember",
        action="store_false",
        help="do not keep the result for serve --auto",
    )
    return parser


def add_remembered(serve: argparse.ArgumentParser) -> None:
    """Adds the flags of ``serve`` that a recommendation sets."""
    serve.add_argument(
        "--auto",
        nargs="?",
        const=LATEST,
        choices=(*GOALS, LATEST),
        metavar="GOAL",
        help="use what `max-sentiment recommend` remembers of this model on this machine, for a "
        "goal or the latest; flags and variables that are given win",
    )
    serve.add_argument(
        "--cores",
        type=int,
        metavar="N",
        help="run on N of the logical processors that this process may use; Linux only (default: "
        "all)",
    )
