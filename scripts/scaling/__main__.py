"""Measures passes on one core and on two, what sharing work costs and a server's processes.

    .venv/bin/python -m scripts.scaling [--precision int8] [--output FILE]

Prints Markdown: the figures, the efficiency of a pass on up to 32 cores as a model computes it from
them, and where the API process becomes the bound of a server. docs/scaling.md explains the model.
Run nothing else on the machine at the same time.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.config import EMBEDDED, parse_shape
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.machine import describe_machine
from scripts.benchmarking.models import find_model
from scripts.scaling.costs import measure_costs
from scripts.scaling.figures import CostFigures, Figures, read_figures
from scripts.scaling.measure import measure_passes, measure_server
from scripts.scaling.report import report
from scripts.scaling.structure import FLOAT_COST

SHAPES = ("1x8", "1x32", "1x128", "1x512", "8x32", "32x32")
CALLERS, TOKENS = 16, 32
PRECISION = "MAX_SENTIMENT_PRECISION"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, or reads what was measured, and prints it.

    Returns:
        The exit status: 0, or 2 for an error explained on stderr.
    """
    options = _parser().parse_args(arguments)
    try:
        figures = read_figures(options.read) if options.read else measured(options)
        if options.output:
            figures.write(options.output)
        print("\n".join(report(figures)))
    except BenchmarkError as error:
        print(f"scaling: {error}", file=sys.stderr)
        return 2
    return 0


def measured(options: argparse.Namespace) -> Figures:
    """Measures everything that the options ask for.

    Raises:
        BenchmarkError: Something cannot be measured here.
    """
    for shape in options.shapes:
        parse_shape(shape)
    os.environ[PRECISION] = options.precision
    model = find_model(options.model)
    encoder = find_checkpoint(str(model.directory), FAMILIES).checkpoint.config.encoder
    shapes, server = options.shapes, None
    if not options.passes_only:
        _say("a server under load")
        server = measure_server(model, callers=CALLERS, tokens=TOKENS, seconds=options.seconds * 3)
        shapes = list(dict.fromkeys([*shapes, server.lone, server.shape]))
    _say("what sharing work costs")
    costs = CostFigures(**asdict(measure_costs()))
    _say("passes on one core")
    one = measure_passes(model, options.precision, shapes, 1, options.seconds)
    _say("passes on two cores")
    two = measure_passes(model, options.precision, shapes, 2, options.seconds)
    return Figures(
        machine=describe_machine(),
        model=model.name,
        precision=options.precision,
        encoder=encoder,
        costs=costs,
        passes={shape: (one[shape], two[shape]) for shape in shapes},
        server=server,
    )


def _say(what: str) -> None:
    print(f"measuring {what}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", default=EMBEDDED, metavar="NAME", help="default: %(default)s")
    parser.add_argument(
        "--precision", choices=FLOAT_COST, default="float32", help="default: %(default)s"
    )
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), metavar="SHAPE")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="of each shape (default: %(default)g)"
    )
    parser.add_argument("--passes-only", action="store_true", help="measure no server")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the figures, as JSON")
    parser.add_argument("--read", type=Path, metavar="FILE", help="print these, measure nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
