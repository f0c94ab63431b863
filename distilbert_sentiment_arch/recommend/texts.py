"""The texts that settings are measured with."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.errors import RecommendError

MOST_TEXTS = 1000
"""Texts that are measured with; of more, as many are drawn at random."""

_SEED = 19


@dataclass(frozen=True)
class Texts:
    """Texts, in a random order that is the same each time.

    Attributes:
        texts: The texts.
        given: How many there were before a draw.
        built_in: They are this package's, not a user's.
    """

    texts: Sequence[str]
    given: int
    built_in: bool

    @property
    def characters(self) -> float:
        """Average length in characters."""
        return sum(map(len, self.texts)) / len(self.texts)

    def __str__(self) -> str:
        what = f"{self.given} built-in sentences" if self.built_in else f"{self.given} texts"
        drawn = f", of which {len(self.texts)} drawn at random" * (len(self.texts) < self.given)
        return f"{what}{drawn}, {self.characters:.0f} characters on average"


def measured_texts(given: Sequence[str]) -> Texts:
    """Returns the texts to measure with: those that are given, or the built-in ones.

    Raises:
        RecommendError: All that were given are blank.
    """
    texts = [each for each in given if each.strip()]
    if given and not texts:
        raise RecommendError("All texts are blank. Give texts as they will come.")
    built_in = not texts
    texts = texts or list(SENTENCES)
    random.Random(_SEED).shuffle(texts)  # noqa: S311 - an order
    return Texts(texts[:MOST_TEXTS], len(texts), built_in)


def read_texts(path: Path) -> tuple[str, ...]:
    """Reads a file of texts: one a line, or in ``.jsonl`` files a string or ``{"text": ...}`` each.

    Raises:
        RecommendError: The file cannot be read, or has no texts.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecommendError(
            f"--texts {path}: the file cannot be read ({error}). Name a file of UTF-8 text."
        ) from None
    if path.suffix == ".jsonl":
        found = [
            _text_of(path, number, line) for number, line in enumerate(lines, 1) if line.strip()
        ]
    else:
        found = [line for line in lines if line.strip()]
    if not found:
        raise RecommendError(f"--texts {path}: the file has no texts. Give one a line.")
    return tuple(found)


def _text_of(path: Path, number: int, line: str) -> str:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    text = value.get("text") if isinstance(value, dict) else value
    if isinstance(text, str):
        return text
    raise RecommendError(
        f'--texts {path}, line {number}: neither a JSON string nor an object with "text". Correct '
        "the line, or name a file of plain lines .txt."
    )
