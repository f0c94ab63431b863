"""Flags of ``max-sentiment score``, and the job that they ask for."""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from distilbert_sentiment_arch.bulk.options import (
    INPUT_FORMATS,
    ON_ERROR,
    OUTPUT_FORMATS,
    PART_ROWS,
    InputOptions,
    JobOptions,
    ModelOptions,
)
from distilbert_sentiment_arch.classify.interface import Truncation
from distilbert_sentiment_arch.cli.explain_flags import (
    add_method_flags,
    add_truncation,
    method_options,
)
from distilbert_sentiment_arch.cli.settings import add_precision
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED
from distilbert_sentiment_arch.settings.precision import requested_precision

ProgressForm = Literal["bar", "jsonl", "none"]
PROGRESS_FORMS: tuple[ProgressForm, ...] = get_args(ProgressForm)

_REPORT_SUFFIXES = (".html", ".png")
_LEAST_MAX_TOKENS = 3
"""Special tokens of a single text, and one of the text."""


def add_score_flags(command: argparse.ArgumentParser) -> None:
    """Adds the flags but those of the model, which other commands have as well."""
    command.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="a file, a glob, a directory, or a URI such as s3://bucket/folder; - reads stdin",
    )
    command.add_argument(
        "--output",
        required=True,
        metavar="DIRECTORY",
        help="directory or URI of the parts; an unfinished job there is continued",
    )
    _add_input_flags(command)
    _add_output_flags(command)
    add_truncation(command)
    command.add_argument(
        "--max-tokens",
        type=int,
        metavar="N",
        help="most tokens read at once, special tokens included (default: the model's limit)",
    )
    add_precision(command)
    command.add_argument(
        "--device",
        help="cpu, gpu, gpu:1, ..., or auto for an accelerator whose probe with this model passed "
        "(doctor --probe; default: cpu; with --ray auto)",
    )
    command.add_argument(
        "--fallback",
        choices=EMBEDDED,
        help="the word list that answers a row for which the model fails (default: none)",
    )
    add_method_flags(command, "add a column with what each word does to the answer, as JSON")


def _add_input_flags(command: argparse.ArgumentParser) -> None:
    flags = command.add_argument_group("input")
    flags.add_argument(
        "--text", default="text", metavar="COLUMN", help="column of the texts (default: text)"
    )
    flags.add_argument(
        "--text-pair", metavar="COLUMN", help="column of the second texts, for models of pairs"
    )
    flags.add_argument("--id", metavar="COLUMN", help="a column that the output must have")
    flags.add_argument(
        "--keep",
        action="append",
        metavar="COLUMN,...",
        help="columns of the input that the output has (default: all); '' for none",
    )
    flags.add_argument(
        "--input-format", choices=INPUT_FORMATS, help="default: by the name of each file"
    )
    flags.add_argument(
        "--encoding",
        default="utf-8",
        help="of CSV, JSON lines and plain text, as Python names it (default: utf-8)",
    )
    flags.add_argument(
        "--delimiter",
        default=",",
        metavar="CHARACTER",
        help="between the cells of CSV; tab for a tab (default: a comma, in .tsv a tab)",
    )
    flags.add_argument(
        "--types",
        action="append",
        metavar="COLUMN=TYPE,...",
        help="Arrow types of columns of CSV, such as stars=int64; other cells stay text",
    )


def _add_output_flags(command: argparse.ArgumentParser) -> None:
    flags = command.add_argument_group("output")
    flags.add_argument(
        "--format", choices=OUTPUT_FORMATS, default=OUTPUT_FORMATS[0], help="default: %(default)s"
    )
    flags.add_argument(
        "--on-error",
        choices=ON_ERROR,
        default=ON_ERROR[0],
        help="what a row does that cannot be scored: its reason is recorded in its column error, "
        "or the job stops (default: %(default)s)",
    )
    flags.add_argument(
        "--part-rows",
        type=int,
        default=PART_ROWS,
        metavar="N",
        help="rows of a part, what an interrupted job loses at most (default: %(default)s)",
    )
    flags.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="run on a Ray cluster: its address, or auto for the one of this machine",
    )
    flags.add_argument(
        "--shard",
        metavar="INDEX/COUNT",
        help="do one of several shares of the job, from 0/4 to 3/4 of four; processes with one "
        "share each write into one output",
    )
    flags.add_argument(
        "--progress",
        choices=PROGRESS_FORMS,
        default=PROGRESS_FORMS[0],
        help="on stderr: a bar (lines where stderr is no terminal), JSON lines, or nothing "
        "(default: %(default)s)",
    )
    flags.add_argument(
        "--report", metavar="FILE", help="write a report of the job, as .html or .png"
    )


def job_options(options: argparse.Namespace) -> JobOptions:
    """Returns the job that the flags ask for.

    Raises:
        ConfigError: The setting of the precision is not valid.
        InputError: A value is outside its range, or flags do not fit together.
    """
    if options.part_rows < 1:
        raise InputError(f"--part-rows is {options.part_rows}, and the least is 1. Correct it.")
    if options.max_tokens is not None and options.max_tokens < _LEAST_MAX_TOKENS:
        raise InputError(
            f"--max-tokens is {options.max_tokens}, and the least is {_LEAST_MAX_TOKENS}: a text "
            "has special tokens around it. Correct it."
        )
    if options.ray is not None and options.shard is not None:
        raise InputError("--ray and --shard both divide the job. Leave one of them out.")
    report_path(options)
    return JobOptions(
        inputs=tuple(options.inputs),
        output=options.output,
        input=InputOptions(
            text=options.text,
            text_pair=options.text_pair,
            keep=_kept(options.keep, options.id),
            format=options.input_format,
            encoding=_encoding(options.encoding),
            delimiter=_delimiter(options.delimiter),
            types=dict(_types(options.types or [])),
        ),
        model=ModelOptions(
            model=options.model,
            revision=options.revision,
            precision=requested_precision(),
            truncation=Truncation(options.truncation, options.max_tokens),
            explain=method_options(options),
            fallback=options.fallback,
        ),
        format=options.format,
        on_error=options.on_error,
        part_rows=options.part_rows,
    )


def report_path(options: argparse.Namespace) -> Path | None:
    """Returns the file of the report; None where none is asked for.

    Raises:
        InputError: Its name says no format that there is, or it cannot be written.
    """
    if options.report is None:
        return None
    path = Path(options.report)
    if path.suffix.lower() not in _REPORT_SUFFIXES:
        raise InputError(
            f"--report {options.report}: the name does not say the format. Let it end in "
            f"{' or '.join(_REPORT_SUFFIXES)}."
        )
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(
            f"--report {options.report}: not writable (it is a directory, or is in none). Name a "
            "file in a directory that exists."
        )
    return path


def _kept(given: list[str] | None, identifier: str | None) -> tuple[str, ...] | None:
    """Returns the columns of the output, that of ``--id`` among them; None for all."""
    if given is None:
        return None
    # The reader of CSV knows quoted names with commas in them.
    names = [name.strip() for row in csv.reader(given, skipinitialspace=True) for name in row]
    if identifier is not None and identifier not in names:
        names.insert(0, identifier)
    return tuple(dict.fromkeys(name for name in names if name))


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise InputError(
            f"--encoding is {name!r}, which Python does not know. Take one such as utf-8, "
            "latin-1, cp1252 or utf-16."
        ) from None
    return name


def _delimiter(given: str) -> str:
    found = {"tab": "\t", "\\t": "\t"}.get(given, given)
    if len(found) != 1 or found in '"\r\n':
        raise InputError(
            f"--delimiter is {given!r}, not one character that can stand between cells. Take one "
            "such as ',', ';', '|' or tab."
        )
    return found


def _types(given: list[str]) -> Iterator[tuple[str, str]]:
    for entry in (entry for text in given for entry in _outside_brackets(text)):
        column, equals, kind = entry.rpartition("=")
        if not (column.strip() and equals and kind.strip()):
            raise InputError(
                f"--types has {entry!r}, which is not COLUMN=TYPE. Write it like stars=int64."
            )
        yield column.strip(), kind.strip()


def _outside_brackets(text: str) -> list[str]:
    """Splits at commas, but not at those of a type such as ``decimal128(10,2)``."""
    return re.split(r",(?![^(\[]*[)\]])", text)
