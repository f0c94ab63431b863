"""``./scripts/benchmark``: speed and accuracy of this project beside those of the alternatives."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from distilbert_sentiment_arch.settings.precision import PRECISION_SETTINGS
from scripts.benchmarking.config import Config, configurations, read_config
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.precisions import choose_precisions
from scripts.benchmarking.results import Results
from scripts.benchmarking.session import Parts, run_session

EXAMPLES = """\
  ./scripts/benchmark --quick --output /tmp/quick
  ./scripts/benchmark --config published --output /tmp/published
  ./scripts/benchmark --full --output /tmp/full
  ./scripts/benchmark --config my.toml --engines max,onnxruntime-fp32 --only in-process
  ./scripts/benchmark --quick --precision float32,int8
  ./scripts/benchmark --quick --corpus /path/to/reviews.jsonl
  ./scripts/benchmark --config targets --output /tmp/targets   (which targets are met)
  ./scripts/benchmark compare before.json after.json
  ./scripts/benchmark readme results.json        (writes the figures of README.md and docs/)
  ./scripts/benchmark capacity --texts-per-second 1000 --utilisation 0.6
  ./scripts/benchmark capacity --rows 1e6 --tokens 60 --hours 0.5
  ./scripts/benchmark bulk --quick               (a dataset, beside transformers and ONNX Runtime)
  ./scripts/benchmark recommend                  (what is recommended, and whether it comes true)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given[:1] == ["compare"]:
            from scripts.benchmarking.compare import compare_command

            return compare_command(given[1:])
        if given[:1] == ["readme"]:
            from scripts.benchmarking.readme import readme_command

            return readme_command(given[1:])
        if given[:1] == ["capacity"]:
            from scripts.benchmarking.capacity_command import capacity_command

            return capacity_command(given[1:])
        if given[:1] == ["bulk"]:
            from scripts.benchmarking.bulk import bulk_command

            return bulk_command(given[1:])
        if given[:1] == ["recommend"]:
            from scripts.benchmarking.recommended import recommend_command

            return recommend_command(given[1:])
        return _run(given)
    except BenchmarkError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2


def _run(arguments: Sequence[str]) -> int:
    from scripts.benchmarking.reports import print_report, write_reports

    options = _parser().parse_args(arguments)
    config = _narrowed(read_config(options.config), options)
    parts = Parts(
        in_process=options.only in (None, "in-process"),
        servers=options.only in (None, "servers"),
        profile=options.profile,
    )
    command = shlex.join(["./scripts/benchmark", *arguments])

    def save(results: Results) -> None:
        if options.output is not None:
            write_reports(results, options.output)

    results = run_session(config, parts, command, save)
    console = Console(width=None if sys.stdout.isatty() else 200)
    print_report(results, console)
    if options.output is not None:
        written = write_reports(results, options.output)
        if not options.no_plots:
            from scripts.benchmarking.plots import draw

            written += draw(options.output)
        for path in written:
            print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmark",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--quick",
        dest="config",
        action="store_const",
        const="quick",
        help="a small, honest subset in under three minutes (the default)",
    )
    which.add_argument(
        "--full",
        dest="config",
        action="store_const",
        const="full",
        help="everything, in about thirty minutes on two cores",
    )
    which.add_argument(
        "--config",
        metavar="NAME",
        help=f"{', '.join(configurations())}, or a TOML file of yours",
    )
    parser.set_defaults(config="quick")
    parser.add_argument("--output", type=Path, metavar="DIRECTORY", help="where to write reports")
    parser.add_argument("--only", choices=("in-process", "servers"), help="run one part")
    parser.add_argument("--profile", action="store_true", help="say where time goes, too")
    parser.add_argument("--no-plots", action="store_true", help="draw nothing")
    parser.add_argument(
        "--precision",
        metavar="NAMES",
        type=lambda text: text.split(","),
        help="of this project only these precisions, with commas between: "
        f"{', '.join(PRECISION_SETTINGS)}",
    )
    for name in ("models", "engines", "servers", "shapes"):
        parser.add_argument(
            f"--{name}",
            metavar="NAMES",
            type=lambda text: text.split(","),
            help=f"of the configuration's {name} only these, with commas between"
            if name in ("engines", "servers")
            else f"in place of the configuration's {name}, with commas between",
        )
    parser.add_argument("--rounds", type=int, help="in place of the configuration's")
    parser.add_argument("--threads", type=int, help="in place of the configuration's")
    parser.add_argument(
        "--corpus", metavar="FILE", help="labelled texts (.jsonl or .tsv), beside those configured"
    )
    return parser


def _narrowed(config: Config, options: argparse.Namespace) -> Config:
    """Returns the configuration with the changes of the command line, validated again."""
    from scripts.benchmarking.config import check_config

    values = config.model_dump()
    for name in ("models", "shapes", "threads"):
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    if options.models is not None:
        values["server_models"] = options.models
    if options.rounds is not None:
        values["repetitions"]["rounds"] = options.rounds
        values["load"]["rounds"] = options.rounds
    if options.corpus is not None:
        values["corpora"][Path(options.corpus).stem] = {"path": options.corpus}
    if options.precision is not None:
        choose_precisions(values, options.precision)
    for kind, baseline in (("engines", "baseline"), ("servers", "server_baseline")):
        wanted = getattr(options, kind)
        if wanted is None:
            continue
        unknown = [name for name in wanted if name not in values[kind]]
        if unknown:
            known = ", ".join(values[kind]) or "none"
            raise BenchmarkError(
                f"--{kind}: {unknown[0]!r} is not in the configuration; there are {known}."
            )
        values[kind] = {name: values[kind][name] for name in wanted}
        if values[baseline] not in wanted:
            values[baseline] = wanted[0]
    return check_config(values, "the command line")
