"""Command-line parser and dispatch to the commands, whose modules are imported when they run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from distilbert_sentiment_arch.cli.doctor_flags import add_doctor
from distilbert_sentiment_arch.cli.explain_flags import (
    add_explain_flags,
    add_output_flags,
    explain_options,
)
from distilbert_sentiment_arch.cli.mcp_flags import add_mcp
from distilbert_sentiment_arch.cli.recommend_flags import add_recommend, add_remembered
from distilbert_sentiment_arch.cli.score_flags import add_score_flags, job_options, report_path
from distilbert_sentiment_arch.cli.settings import (
    MAX_BODY_BYTES,
    add_flags,
    add_precision,
    settings_of,
)
from distilbert_sentiment_arch.cli.warm_flags import add_warm
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.defaults import (
    ANY_ADDRESS,
    MAX_REQUEST_BYTES,
    METRICS_PORT,
    VERSION,
)
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.settings.page import page_is_served
from distilbert_sentiment_arch.settings.precision import requested_precision

# Commands that are the function run() of a module of the same name.
_OF_MODULES = ("doctor", "recommend", "warm", "mcp")

_MODEL_HELP = "checkpoint directory or hub id (default: the embedded SST-2 classifier)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the arguments (by default those of this process) and runs a command.

    Returns:
        The exit status: 0, 1 for an error explained on stderr, or 130 after Ctrl-C; ``score`` has
        143 after SIGTERM.
    """
    options, rest = _parser().parse_known_args(arguments)
    try:
        if options.command == "serve":
            return _serve(options, rest)
        if rest:
            _parser().error(f"unrecognized arguments: {' '.join(rest)}")
        if options.command == "lexicon":
            return _lexicon(options)
        if options.command == "ready":
            from distilbert_sentiment_arch.cli.ready import ready

            return ready(options.port, options.wait)
        if options.command == "families":
            from distilbert_sentiment_arch.cli.families import families

            return families(as_json=options.json)
        if options.command == "quantize":
            from distilbert_sentiment_arch.cli.quantize import quantize

            return quantize(options.model, options.revision, options.output)
        if options.command == "score":
            return _score(options)
        if options.command in _OF_MODULES:
            command = import_module(f"{__package__}.{options.command}")
            return int(command.run(options))
        from distilbert_sentiment_arch.cli.classify import classify

        os.environ.update(settings_of(options))
        requested_precision()
        explaining = explain_options(options)
        return classify(
            options.model,
            options.revision,
            options.texts,
            options.file,
            options.format or ("table" if explaining is None else "text"),
            options.truncation,
            explaining,
            options.output,
        )
    except SentimentError as error:
        print(f"max-sentiment: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _serve(options: argparse.Namespace, flags: Sequence[str]) -> int:
    from distilbert_sentiment_arch.cli.serve import serve

    settings = settings_of(options)
    if options.auto is not None:
        from distilbert_sentiment_arch.cli.auto import Automatic, with_remembered

        given = Automatic(settings, flags, options.cores)
        automatic = with_remembered(
            given, options.auto, options.model, options.revision, os.environ
        )
        settings, flags = dict(automatic.settings), automatic.flags
        options.cores = automatic.cores
    if options.cores is not None:
        from distilbert_sentiment_arch.recommend.cores import chosen_processors, limit_processors

        processors = chosen_processors(options.cores)
        print(f"max-sentiment: on the logical processors {processors}", file=sys.stderr)
        if not options.dry_run:
            limit_processors(processors)
    environment = os.environ | settings
    Limits.from_environment(environment)
    ApiKeys(environment)
    page_is_served(environment)
    requested_precision(environment)
    lexicon = LexiconSettings.from_environment(environment)
    return serve(options.model, options.revision, flags, settings, lexicon, dry_run=options.dry_run)


def _lexicon(options: argparse.Namespace) -> int:
    from distilbert_sentiment_arch.cli.lexicon import lexicon
    from distilbert_sentiment_arch.serving.standalone.listening import ListenOptions

    os.environ.update(settings_of(options))
    listening = ListenOptions(
        options.host,
        options.port,
        options.metrics_port,
        int(os.environ.get(MAX_BODY_BYTES, MAX_REQUEST_BYTES)),
    )
    return lexicon(options.model, options.served_model_name, options.labels, listening)


def _score(options: argparse.Namespace) -> int:
    from distilbert_sentiment_arch.cli.score import ScoreOptions, score

    os.environ.update(settings_of(options))
    return score(
        ScoreOptions(
            job_options(options),
            options.device,
            options.ray,
            options.shard,
            options.id,
            options.progress,
            report_path(options),
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="max-sentiment",
        description="DistilBERT text classifiers on Modular MAX.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(dest="command", required=True)

    serve = commands.add_parser(
        "serve",
        help="serve over HTTP",
        description=(
            "Assembles a `max serve` command line with good defaults and becomes it. Any other "
            "flag of `max serve` is passed on and wins over the default of the same name. What a "
            "flag names in brackets is its environment variable."
        ),
        allow_abbrev=False,
    )
    add_flags(serve, model=True)
    add_remembered(serve)
    serve.add_argument("--dry-run", action="store_true", help="print the command line and exit")

    lexicon = commands.add_parser(
        "lexicon",
        help="serve word lists over HTTP, without MAX and without a model",
        description=(
            "Answers in the dialects of `serve` from word lists alone, within half a second of its "
            "start: the backup of a model server behind one address."
        ),
        allow_abbrev=False,
    )
    add_flags(lexicon, model=False)
    lexicon.add_argument("--host", default=ANY_ADDRESS, help="default: %(default)s")
    lexicon.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    lexicon.add_argument(
        "--metrics-port",
        type=int,
        default=int(os.environ.get(METRICS_PORT, "8001")),
        help=f"port for Prometheus, 0 for none (default: %(default)s) [{METRICS_PORT}]",
    )
    lexicon.add_argument(
        "--served-model-name",
        metavar="NAME",
        help="what clients call the model",
    )
    lexicon.add_argument(
        "--labels",
        help="labels of the model, commas between them (default: those of its config.json; for a "
        "hub id NEGATIVE,POSITIVE)",
    )

    classify = commands.add_parser(
        "classify",
        help="classify texts without a server",
        description="Prints a label and its probabilities for each text.",
        allow_abbrev=False,
    )
    classify.add_argument("texts", nargs="*", metavar="TEXT", help="a text; - reads stdin")
    classify.add_argument("--file", help="a file with one text a line")
    add_output_flags(classify)
    add_explain_flags(classify)
    add_precision(classify)

    score = commands.add_parser(
        "score",
        help="classify the rows of files",
        description=(
            "Reads the rows of Parquet, CSV, JSON lines, Arrow and text files and writes them with "
            "a label, scores and tokens each. Run again, it continues; every row is in the output "
            "exactly once, whatever happens. Exit status: 0 done, 1 failed, 2 wrong flags, 130 and "
            "143 interrupted by SIGINT and SIGTERM."
        ),
        allow_abbrev=False,
    )
    add_score_flags(score)

    quantize = commands.add_parser(
        "quantize",
        help="quantise a checkpoint ahead",
        description=(
            "Writes a checkpoint whose linear layers and word embedding are int8, a quarter of its "
            "size in float32. It is served like any other."
        ),
        allow_abbrev=False,
    )
    quantize.add_argument("model", metavar="MODEL", help="checkpoint directory or hub id")
    quantize.add_argument("output", metavar="OUTPUT", help="directory to make")

    families = commands.add_parser(
        "families",
        help="list what can be served",
        description="Lists the model families whose sequence classifiers are served.",
        allow_abbrev=False,
    )
    families.add_argument("--json", action="store_true", help="print a JSON object")

    ready = commands.add_parser(
        "ready",
        help="ask a server on this machine whether it is ready",
        description="Exits with 0 if /ready answers 200, with 1 if not: a health check.",
        allow_abbrev=False,
    )
    ready.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    ready.add_argument(
        "--wait",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how long to wait for it to become ready (default: ask once)",
    )
    doctor, recommend, warm = add_doctor(commands), add_recommend(commands), add_warm(commands)
    mcp = add_mcp(commands)
    for command in (serve, lexicon, classify, score, doctor, recommend, warm, mcp):
        command.add_argument("--model", "--model-path", help=_MODEL_HELP)
    for command in (serve, classify, score, quantize, doctor, recommend, warm, mcp):
        command.add_argument(
            "--revision",
            "--huggingface-model-revision",
            help="branch, tag or commit of a hub id (default: the pinned one, else main)",
        )
    return parser
