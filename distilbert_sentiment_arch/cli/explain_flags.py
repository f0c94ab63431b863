"""Flags that say what ``max-sentiment classify`` prints, and how answers are explained."""

from __future__ import annotations

import argparse

from distilbert_sentiment_arch.classify.interface import TRUNCATION_MODES
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.explain.explanation import (
    DEFAULT_PASSES,
    METHODS,
    MOST_SEED,
    UNIT_CHOICES,
    ExplainOptions,
)

_FORMATS = ("table", "jsonl")
_FORMATS_OF_EXPLANATIONS = ("text", "jsonl", "html")


def add_output_flags(command: argparse.ArgumentParser) -> None:
    """Adds the flags of any classification."""
    command.add_argument(
        "--format",
        choices=dict.fromkeys((*_FORMATS, *_FORMATS_OF_EXPLANATIONS)),
        help="table or jsonl; with --explain text, jsonl or html (default: the first of them)",
    )
    add_truncation(command)


def add_truncation(command: argparse.ArgumentParser) -> None:
    """Adds the flag for texts over the model's limit."""
    command.add_argument(
        "--truncation",
        choices=TRUNCATION_MODES,
        default="end",
        help="what to do with a text over the model's limit: cut off its start or its end, or read "
        "all of it in windows (default: %(default)s)",
    )


def add_explain_flags(command: argparse.ArgumentParser) -> None:
    """Adds the flags of explanations that are printed."""
    flags = add_method_flags(command, "mark what each word does to the answer")
    flags.add_argument("--output", metavar="FILE", help="write there in place of stdout")


def add_method_flags(command: argparse.ArgumentParser, meaning: str) -> argparse._ArgumentGroup:
    """Adds ``--explain`` and how to explain; returns their group.

    Args:
        command: The parser of the command.
        meaning: What the flag ``--explain`` does.
    """
    flags = command.add_argument_group("explanations")
    flags.add_argument("--explain", action="store_true", help=meaning)
    flags.add_argument(
        "--method",
        choices=METHODS,
        help=f"what a word is compared with: the rest of the text, or parts of it (default: "
        f"{METHODS[0]})",
    )
    flags.add_argument(
        "--units",
        choices=UNIT_CHOICES,
        help=f"words or sentences; auto takes sentences where there are many words (default: "
        f"{UNIT_CHOICES[0]})",
    )
    flags.add_argument(
        "--passes",
        type=int,
        help=f"most passes of owen over a text (default: {DEFAULT_PASSES}, or what the words take)",
    )
    flags.add_argument("--seed", type=int, help="seed of the samples of owen (default: 0)")
    return flags


def explain_options(options: argparse.Namespace) -> ExplainOptions | None:
    """Returns how to explain what is printed; None without ``--explain``.

    Raises:
        InputError: Flags do not fit together, or a number is outside its range.
    """
    found = method_options(options)
    if found is None:
        if options.output is not None:
            raise InputError("--output is of explanations. Add --explain, or leave it out.")
        _check_format(options.format, _FORMATS, "without --explain")
        return None
    _check_format(options.format, _FORMATS_OF_EXPLANATIONS, "with --explain")
    return found


def method_options(options: argparse.Namespace) -> ExplainOptions | None:
    """Returns how to explain; None without ``--explain``.

    Raises:
        InputError: Flags do not fit together, or a number is outside its range.
    """
    given = {
        name: value
        for name in ("method", "units", "passes", "seed")
        if (value := getattr(options, name)) is not None
    }
    if not options.explain:
        if given:
            flag = next(iter(given))
            raise InputError(f"--{flag} is of explanations. Add --explain, or leave it out.")
        return None
    if not 0 <= given.get("seed", 0) <= MOST_SEED:
        raise InputError(f"--seed is {options.seed}, not from 0 to {MOST_SEED}. Correct it.")
    if given.get("passes", 2) < 2:
        raise InputError(f"--passes is {options.passes}, and the least is 2. Correct it.")
    for name in ("passes", "seed"):
        if name in given and given.get("method") != "owen":
            raise InputError(f"--{name} is of --method owen. Add that, or leave it out.")
    return ExplainOptions(**given)


def _check_format(found: str | None, known: tuple[str, ...], when: str) -> None:
    if found is not None and found not in known:
        raise InputError(
            f"--format {found} is not possible {when}, but {' and '.join(known)} are. Take one of "
            "them."
        )
