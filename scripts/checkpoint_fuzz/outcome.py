"""Outcome of the command line for a checkpoint: accepted, refused in one line, or a problem."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from distilbert_sentiment_arch.cli.main import main

LONGEST_LINE = 500


@dataclass(frozen=True)
class Outcome:
    """Reaction of the command line to one checkpoint.

    Attributes:
        accepted: The checkpoint would be served.
        message: Output on stderr.
        problem: What is wrong with the reaction; empty if it is correct.
    """

    accepted: bool
    message: str
    problem: str = ""


def outcome_of(directory: Path) -> Outcome:
    """Runs ``max-sentiment serve --dry-run`` in this process; never raises."""
    with _file() as out, _file() as err:
        with _captured(out, err):
            try:
                status = main(["serve", "--dry-run", "--model", str(directory)])
            except BaseException:  # main must return a status and never raise
                status = -1
                traceback.print_exc()
        answer, message = _read(out), _read(err)
    # For an accepted checkpoint, stderr contains one line that states the device.
    if status == 0 and answer and re.fullmatch(r"max-sentiment: computing on .+\n", message):
        return Outcome(True, "")
    problem = ""
    if status != 1:
        problem = f"exit status {status}"
    elif message.count("\n") != 1 or not message.endswith("\n") or not message[:-1].isprintable():
        problem = "not one printable line"
    elif len(message) >= LONGEST_LINE:
        problem = f"a line of {len(message)} characters"
    return Outcome(False, message, problem)


def loaded_outcome_of(directory: Path) -> Outcome:
    """Like ``outcome_of``, but transformers also has to load an accepted checkpoint, as in MAX."""
    outcome = outcome_of(directory)
    if not outcome.accepted:
        return outcome
    from transformers import AutoConfig, AutoTokenizer

    try:
        AutoConfig.from_pretrained(directory)
        tokenizer = AutoTokenizer.from_pretrained(directory)
        ids = tokenizer("")["input_ids"]
    except BaseException as error:
        return Outcome(True, traceback.format_exc(), f"transformers: {type(error).__name__}")
    if ids != [tokenizer.cls_token_id, tokenizer.sep_token_id]:
        return Outcome(True, "", f"transformers encodes an empty text as {ids}")
    return outcome


def _file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape", newline="")


@contextmanager
def _captured(out: IO[str], err: IO[str]) -> Iterator[None]:
    """Redirects stdout and stderr of Python and of native libraries to files."""
    streams = sys.stdout, sys.stderr
    for stream in streams:
        stream.flush()
    kept = os.dup(1), os.dup(2)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = streams
        for place, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, place)
            os.close(descriptor)


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
