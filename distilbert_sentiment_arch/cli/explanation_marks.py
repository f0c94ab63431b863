"""Marks of an explanation: which parts of a text speak for a label or against it, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from distilbert_sentiment_arch.explain.explanation import Explanation, Unit

LEVELS = (1 / 10, 1 / 3, 2 / 3)
"""Shares of the strongest change in a text from which a mark has one, two or three signs."""


_VISIBLE = (
    {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
    # They change the direction of what follows.
    | dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
)


@dataclass(frozen=True)
class Part:
    """A unit of a text, or what stands between two of them.

    Attributes:
        text: Its characters.
        unit: The unit; None for what stands between.
        level: -3 to 3: the sign and the strength of its mark, 0 for none.
    """

    text: str
    unit: Unit | None
    level: int

    @property
    def signs(self) -> str:
        """The mark, up to three plus or minus signs."""
        return "+" * self.level or "-" * -self.level


def marked_label(explanation: Explanation) -> int:
    """Returns the index of the label that marks are about.

    It is the answer; or the last label, where nothing in the text changes the answer's logit, as it
    is with the NEUTRAL of a word list.
    """
    answer = explanation.classification
    names = answer.labels.names
    if answer.label in names:
        index = names.index(answer.label)
        if any(unit.logits[index] for unit in explanation.units):
            return index
    return len(names) - 1


def parts_of(text: str, explanation: Explanation) -> Iterator[Part]:
    """Yields a text in parts, the units of its explanation with their marks among them."""
    label = marked_label(explanation)
    strongest = max((abs(unit.logits[label]) for unit in explanation.units), default=0.0)
    end = 0
    for unit in explanation.units:
        if unit.start > end:
            yield Part(text[end : unit.start], None, 0)
        yield Part(unit.text, unit, _level(unit.logits[label], strongest))
        end = unit.end
    if end < len(text):
        yield Part(text[end:], None, 0)


def _level(change: float, strongest: float) -> int:
    if not strongest:
        return 0
    level = sum(abs(change) >= share * strongest for share in LEVELS)
    return level if change > 0 else -level


def read_note(explanation: Explanation) -> str:
    """Returns how a text was read if it was not read whole at once, else an empty string."""
    answer = explanation.classification
    if answer.windows > 1:
        return f"read in {answer.windows} windows"
    if answer.tokens_read < answer.tokens:
        return f"read {answer.tokens_read} of {answer.tokens} tokens"
    return ""


def visible(text: str) -> str:
    """Returns a text with pictures of its control characters, which a terminal would obey."""
    return text.translate(_VISIBLE)


def counted(count: int, noun: str) -> str:
    """Returns a number and what it counts."""
    plural = "es" if noun.endswith("s") else "s"
    return f"{count} {noun}{'' if count == 1 else plural}"
