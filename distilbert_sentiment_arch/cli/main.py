"""Arguments to commands; a command imports what it needs when it runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from distilbert_sentiment_arch import __version__
from distilbert_sentiment_arch.errors import SentimentError

_MODEL_HELP = "checkpoint directory or hub id (default: the embedded SST-2 classifier)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit status: 0, or 1 for an error that was explained on stderr.
    """
    options, rest = _parser().parse_known_args(arguments)
    try:
        if options.command == "serve":
            from distilbert_sentiment_arch.cli.serve import serve

            return serve(options.model, options.revision, rest, dry_run=options.dry_run)
        if rest:
            _parser().error(f"unrecognized arguments: {' '.join(rest)}")
        from distilbert_sentiment_arch.cli.classify import classify

        return classify(
            options.model, options.revision, options.texts, options.file, options.format
        )
    except SentimentError as error:
        print(f"max-sentiment: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="max-sentiment",
        description="DistilBERT text classifiers on Modular MAX.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)

    serve = commands.add_parser(
        "serve",
        help="serve over HTTP",
        description=(
            "Assembles a `max serve` command line with good defaults and becomes it. Any other "
            "flag of `max serve` is passed on and wins over the default of the same name."
        ),
        allow_abbrev=False,
    )
    serve.add_argument("--dry-run", action="store_true", help="print the command line and exit")

    classify = commands.add_parser(
        "classify",
        help="classify texts without a server",
        description="Prints a label and its probabilities for each text.",
        allow_abbrev=False,
    )
    classify.add_argument("texts", nargs="*", metavar="TEXT", help="a text; - reads stdin")
    classify.add_argument("--file", help="a file with one text a line")
    classify.add_argument(
        "--format", choices=("table", "jsonl"), default="table", help="default: %(default)s"
    )
    for command in (serve, classify):
        command.add_argument("--model", "--model-path", help=_MODEL_HELP)
        command.add_argument(
            "--revision",
            "--huggingface-model-revision",
            help="branch, tag or commit of a hub id (default: the pinned one, else main)",
        )
    return parser
