"""Command-line flags that set environment variables, which a plain ``max serve`` reads as well."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path

from distilbert_sentiment_arch.classify.interface import FALLBACK_POLICIES
from distilbert_sentiment_arch.lexicon.settings import (
    EMBEDDED,
    FALLBACK,
    LEXICON,
    MODIFIERS,
    NEUTRAL_BAND,
    WORD_LISTS,
)
from distilbert_sentiment_arch.settings.api_keys import DOCUMENTS, DOCUMENTS_POLICIES, KEYS_FILE
from distilbert_sentiment_arch.settings.defaults import MAX_REQUEST_BYTES
from distilbert_sentiment_arch.settings.device import DEVICE_FALLBACK, DEVICE_FALLBACKS
from distilbert_sentiment_arch.settings.limits import Limits, environment_variable
from distilbert_sentiment_arch.settings.page import PAGE
from distilbert_sentiment_arch.settings.precision import (
    DEFAULT_PRECISION,
    PRECISION,
    PRECISION_SETTINGS,
)

MAX_BODY_BYTES = "MAX_SERVE_MAX_REQUEST_BYTES"

# Limits that have no effect in a server without a model.
MODEL_LIMITS = {
    "max_request_tokens",
    "max_passes",
    "max_pending_tokens",
    "deadline_s",
    "max_batch_tokens",
}


def add_flags(parser: argparse.ArgumentParser, *, model: bool) -> None:
    """Adds the flags of a server.

    Args:
        parser: The parser of the command.
        model: The server has a model, not only word lists.
    """
    names = [each.name for each in fields(Limits) if each.name not in MODEL_LIMITS]
    add_limits(parser, names, model=model)
    add_body_and_keys(parser)
    _add(
        parser,
        DOCUMENTS,
        "--documents",
        "whether /docs and /openapi.json need a key where there are keys (default: keyed)",
        choices=DOCUMENTS_POLICIES,
    )
    _add(
        parser,
        PAGE,
        "--no-page",
        "serve no page and no index at / (as with the value off)",
        action="store_const",
        const="off",
    )
    if model:
        add_precision(parser)
    add_word_lists(parser, fallback=model)


def add_limits(parser: argparse.ArgumentParser, names: Collection[str], *, model: bool) -> None:
    """Adds the flags of limits.

    Args:
        parser: The parser of the command.
        names: Limits, fields of ``Limits``.
        model: Add those of a model, too.
    """
    for limit in fields(Limits):
        if limit.name in names or (model and limit.name in MODEL_LIMITS):
            _add(
                parser,
                environment_variable(limit.name),
                f"--{limit.name.replace('_', '-')}",
                limit.metadata["meaning"]
                + ("" if limit.default is None else f" (default: {limit.default})"),
                metavar="N",
            )


def add_body_and_keys(parser: argparse.ArgumentParser) -> None:
    """Adds the flags for the size of a body and for API keys."""
    _add(
        parser,
        MAX_BODY_BYTES,
        "--max-body-bytes",
        f"largest body of a request (default: {MAX_REQUEST_BYTES})",
        metavar="N",
        type=_positive,
    )
    _add(
        parser,
        KEYS_FILE,
        "--api-keys-file",
        "a file with one API key a line, read again when it changes; every request but a probe "
        "needs one",
        metavar="FILE",
    )


def add_word_lists(parser: argparse.ArgumentParser, *, fallback: bool) -> None:
    """Adds the flags of word lists.

    Args:
        parser: The parser of the command.
        fallback: Add the flag for when one answers in place of the model, too.
    """
    if fallback:
        _add(
            parser,
            FALLBACK,
            "--fallback",
            "when a word list answers in place of the model: never; where the queue is full or the "
            "deadline passed; also where the model fails or an input is too long (default: off)",
            choices=FALLBACK_POLICIES,
        )
        _add(
            parser,
            DEVICE_FALLBACK,
            "--device-fallback",
            "what serves where the device fails, at the start or in service: nothing; the CPU; and "
            "where that fails, the word list (default: cpu with --devices auto, else off)",
            choices=DEVICE_FALLBACKS,
        )
    _add(
        parser,
        LEXICON,
        "--lexicon",
        f"the word list that answers in place of the model (default: {EMBEDDED[0]})",
        metavar="NAME",
    )
    _add(
        parser,
        WORD_LISTS,
        "--word-list",
        "a word list of your own; may be given several times",
        metavar="FILE",
        action="append",
        type=lambda text: str(Path(text).resolve()),
    )
    _add(
        parser,
        NEUTRAL_BAND,
        "--neutral-band",
        "means this close to 0 are NEUTRAL (default: 0)",
        metavar="VALENCE",
    )
    _add(
        parser,
        MODIFIERS,
        "--modifiers",
        "whether English negators and boosters change the scores of words (default: off)",
        choices=("off", "on"),
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Adds the flag for the precision of a model."""
    _add(
        parser,
        PRECISION,
        "--precision",
        "what the model is computed in on a CPU; auto takes the fastest that the processor has "
        f"units for and that keeps the checkpoint's accuracy (default: {DEFAULT_PRECISION})",
        choices=PRECISION_SETTINGS,
    )


def settings_of(options: argparse.Namespace) -> dict[str, str]:
    """Returns the environment variables that the given flags set."""
    found = {}
    for name, value in vars(options).items():
        if name.startswith("MAX_") and value is not None:
            found[name] = os.pathsep.join(value) if isinstance(value, list) else str(value)
    return found


def _add(
    parser: argparse.ArgumentParser, variable: str, flag: str, meaning: str, **more: object
) -> None:
    options: dict[str, object] = {"help": f"{meaning} [{variable}]", "dest": variable, **more}
    parser.add_argument(flag, **options)  # type: ignore[arg-type]


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:  # MAX interprets 0 as no limit
        raise ValueError
    return value
