"""Faithfulness and speed of explanations, beside SHAP and Captum on the same checkpoint.

    ./scripts/explanations                           write docs/ from the figures on file
    ./scripts/explanations --check                   write nothing; 1 where they differ
    ./scripts/explanations --faithfulness --data FILE
    ./scripts/explanations --speed [--data FILE]

SHAP and Captum are installed into .venv-benchmark/explain the first time. Run nothing else beside
--speed. Without --data it reads the benchmark's corpus.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.agreement import read_data
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.machine import usable_cores
from scripts.benchmarking.paths import CORPUS, ROOT
from scripts.benchmarking.readme import replace_part
from scripts.explaining.figures import FIGURES, Figures, read_figures
from scripts.explaining.tables import faithfulness_lines, printed, speed_lines

PAGE = ROOT / "docs" / "explanations-measured.md"


def page(figures: Figures) -> str:
    """Returns the new content of the page, its other text unchanged.

    Raises:
        BenchmarkError: The page lacks the comment lines of a part.
    """
    text = PAGE.read_text(encoding="utf-8")
    for name, lines in (
        ("faithfulness", faithfulness_lines(figures)),
        ("speed of explanations", speed_lines(figures.speed)),
    ):
        text = replace_part(text, PAGE.name, name, lines)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        figures = read_figures(options.figures)
        if options.faithfulness or options.speed:
            _measure(options, figures)
            figures.write(options.figures)
        if options.figures != FIGURES:
            return 0
        wanted = page(figures)
    except (BenchmarkError, SentimentError) as error:
        print(f"explanations: {error}", file=sys.stderr)
        return 2
    stale = PAGE.read_text(encoding="utf-8") != wanted
    if stale:
        print(PAGE.relative_to(ROOT))
        if not options.check:
            PAGE.write_text(wanted, encoding="utf-8")
    return 1 if options.check and stale else 0


def _measure(options: argparse.Namespace, figures: Figures) -> None:
    texts = read_data(options.data).texts
    found = find_checkpoint(options.model, FAMILIES, options.revision)
    if options.faithfulness:
        from scripts.explaining.faithfulness import measure_faithfulness

        measured = measure_faithfulness(
            found, texts, options.texts, options.seed, options.threads, _report
        )
        figures.faithfulness[options.data.stem] = measured
        only = Figures(faithfulness={options.data.stem: measured})
        print(printed(faithfulness_lines(only)))
    if options.speed:
        from scripts.explaining.speed import Turns, measure_speed

        turns = Turns(options.rounds, options.seconds, options.threads)
        figures.speed = measure_speed(found, texts, turns, options.seed, _report)
        print(printed(speed_lines(figures.speed)))


def _report(line: str) -> None:
    print(f"explanations: {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="explanations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--faithfulness", action="store_true", help="measure orders of words")
    parser.add_argument("--speed", action="store_true", help="measure explanations a second")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        default=CORPUS,
        help="JSONL with text, or one text a line (default: the benchmark's corpus)",
    )
    parser.add_argument("--model", help="directory or hub id (default: the embedded checkpoint)")
    parser.add_argument("--revision", help="branch, tag or commit of a hub id")
    parser.add_argument(
        "--texts",
        type=int,
        default=100,
        help="of --faithfulness, most texts, a random sample (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument(
        "--rounds", type=int, default=5, help="of --speed, turns of each (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="of --speed, a turn's (default: %(default)s)"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=usable_cores(),
        help="of each explainer in process; on a busy machine those of PyTorch wait for each other "
        "(default: one for each core, %(default)s)",
    )
    parser.add_argument(
        "--figures",
        type=Path,
        default=FIGURES,
        metavar="FILE",
        help="where figures are kept; with another file the page stays as it is",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
