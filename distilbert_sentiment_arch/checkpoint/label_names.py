"""Names of labels: they reach terminals, logs and every answer."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from distilbert_sentiment_arch.messages import shown

MOST_LABELS = 10_000
"""Every answer lists them all: a hundred answers with so many labels have 30 MB."""

LONGEST_NAME = 256
"""Characters."""

# Control characters, surrogates, and separators of lines and paragraphs.
_REFUSED_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")

# The invisible characters that join what is written together, in Persian, Hindi or emoji.
_JOINERS = "\u200c\u200d"


class LabelNameError(ValueError):
    """Names that cannot be those of labels."""


def check_label_names(names: Sequence[object]) -> tuple[str, ...]:
    """Returns the names of a classifier's rows once they are known to be names.

    Raises:
        LabelNameError: Too many, one that is no text, blank, too long or given twice, or one with
            characters that are not text: they would end up in a terminal.
    """
    if len(names) > MOST_LABELS:
        raise LabelNameError(
            f"names {len(names)} labels, and at most {MOST_LABELS} are served. Correct it."
        )
    checked: list[str] = []
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise LabelNameError(f"holds {shown(name)}; every label is a non-empty string.")
        if len(name) > LONGEST_NAME:
            raise LabelNameError(
                f"holds {shown(name)}, a name of {len(name)} characters. Shorten it to "
                f"{LONGEST_NAME}."
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
