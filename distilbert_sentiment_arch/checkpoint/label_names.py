"""Checks of label names, which appear in responses, logs and terminals."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from distilbert_sentiment_arch.messages import shown

MAX_LABELS = 10_000
"""Maximum labels of a classifier. A response lists all of them for each input: 100 inputs with this
many labels make 30 MB."""

MAX_NAME_LENGTH = 256
"""Maximum characters of a label's name."""

# Control characters, surrogates, and separators of lines and paragraphs.
_REFUSED_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")

# Invisible characters (zero-width joiners) that Persian, Hindi and emoji need.
_JOINERS = "\u200c\u200d"


class LabelNameError(ValueError):
    """Invalid label names; the message continues a sentence such as ``id2label ...``."""


def check_label_names(names: Sequence[object]) -> tuple[str, ...]:
    """Checks the names of a classifier's labels and returns them.

    Raises:
        LabelNameError: There are too many names, or one is not a string, blank, too long, repeated,
            or contains control characters, which could manipulate a terminal.
    """
    if len(names) > MAX_LABELS:
        raise LabelNameError(
            f"names {len(names)} labels, and at most {MAX_LABELS} are served. Correct it."
        )
    checked: list[str] = []
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise LabelNameError(f"holds {shown(name)}; every label is a non-empty string.")
        if len(name) > MAX_NAME_LENGTH:
            raise LabelNameError(
                f"holds {shown(name)}, a name of {len(name)} characters. Shorten it to "
                f"{MAX_NAME_LENGTH}."
            )
        if not all(map(_is_text, name)):
            raise LabelNameError(
                f"holds {shown(name)}, with a character that is no text. Rename the label."
            )
        checked.append(name)
    if len(set(checked)) != len(checked):
        twice, _ = Counter(checked).most_common(1)[0]
        raise LabelNameError(
            f"repeats a name: {shown(twice)}. Answers would be ambiguous: rename one of them."
        )
    return tuple(checked)


def _is_text(character: str) -> bool:
    category = unicodedata.category(character)
    return category not in _REFUSED_CATEGORIES and (category != "Cf" or character in _JOINERS)
