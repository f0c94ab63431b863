"""Arguments to commands; a command imports what it needs when it runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields

from distilbert_sentiment_arch import __version__
from distilbert_sentiment_arch.api_keys import ApiKeys
from distilbert_sentiment_arch.defaults import MAX_REQUEST_BYTES
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.limits import Limits, environment_variable

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

            settings = _settings(options)
            environment = os.environ | settings
            Limits.from_environment(environment)
            ApiKeys(environment)
            return serve(options.model, options.revision, rest, settings, dry_run=options.dry_run)
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


def _settings(options: argparse.Namespace) -> dict[str, str]:
    """Returns the environment variables that flags of ``serve`` stand for."""
    given = {
        environment_variable(each.name): getattr(options, each.name) for each in fields(Limits)
    }
    if options.max_body_bytes is not None:
        given["MAX_SERVE_MAX_REQUEST_BYTES"] = str(options.max_body_bytes)
    given["MAX_SENTIMENT_API_KEYS_FILE"] = options.api_keys_file
    return {name: value for name, value in given.items() if value is not None}


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:  # MAX takes 0 for no limit at all
        raise ValueError
    return value


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
    for limit in fields(Limits):
        serve.add_argument(
            f"--{limit.name.replace('_', '-')}",
            metavar="N",
            help=f"{limit.metadata['meaning']} (default: {limit.default}; "
            f"environment: {environment_variable(limit.name)})",
        )
    serve.add_argument(
        "--max-body-bytes",
        type=_positive,
        metavar="N",
        help=f"largest body of a request (default: {MAX_REQUEST_BYTES}; environment: "
        "MAX_SERVE_MAX_REQUEST_BYTES)",
    )
    serve.add_argument(
        "--api-keys-file",
        metavar="FILE",
        help="a file with one API key a line, read again when it changes; every request but a "
        "probe needs one (environment: MAX_SENTIMENT_API_KEYS_FILE, MAX_SENTIMENT_API_KEYS)",
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
