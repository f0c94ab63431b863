"""Checks of input texts that hold for every classifier."""

from __future__ import annotations

from collections.abc import Sequence

from distilbert_sentiment_arch.classify.interface import Input, TextPair
from distilbert_sentiment_arch.errors import BlankInput, InputError


def check_inputs(inputs: Sequence[Input], *, blank: bool = False) -> None:
    """Checks that there are inputs and that each text among them is one.

    Args:
        inputs: The inputs.
        blank: Blank texts are allowed.

    Raises:
        BlankInput: There is no input, or nothing in one.
        InputError: NUL in a text, or one that is not valid Unicode.
    """
    if not inputs:
        raise BlankInput("There is nothing to classify: the list of inputs is empty.")
    for index, item in enumerate(inputs):
        if isinstance(item, str):
            _check(index, item, blank)
        elif isinstance(item, TextPair):
            _check(index, item.first, blank)
            _check(index, item.second, blank)


def _check(index: int, text: str, blank: bool) -> None:
    if not blank and not text.strip():
        raise BlankInput(f"Input {index} is blank. Send text to classify.")
    if "\0" in text:
        raise InputError(f"Input {index} contains NUL (U+0000), which no text does. Remove it.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"Input {index} has a lone surrogate at character {error.start}, so it is not valid "
            "Unicode. Escape characters outside the basic plane as a pair."
        ) from None
