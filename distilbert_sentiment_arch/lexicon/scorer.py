"""Score of a text: its matches with a word list, their sum and their mean.

A score is the sum or the mean of the valences that people gave to words. It is not a probability
and is not converted to one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from distilbert_sentiment_arch.lexicon.word_list import Node, WordList, spelled
from distilbert_sentiment_arch.lexicon.words import Words, split

Label = Literal["NEGATIVE", "NEUTRAL", "POSITIVE"]

NEGATION = -0.74
"""Factor of a negated score: it gets weaker and changes its sign (the constant of VADER)."""
NEGATION_REACH = 3
"""Number of words before a term among which a negator negates it."""
STRONGER, WEAKER = 1.25, 0.75
"""Factors of a booster and of a dampener directly before a term."""

NEGATORS = frozenset(
    """
    no not never none nobody nothing neither nor nowhere cannot without hardly scarcely barely
    cant dont doesnt didnt wont wouldnt isnt wasnt arent werent aint
    """.split()
)
BOOSTERS = frozenset(
    """
    very really so extremely absolutely incredibly totally utterly highly deeply truly
    """.split()
)
DAMPENERS = frozenset("slightly somewhat fairly rather partly almost kinda sorta".split())


@dataclass(frozen=True)
class Match:
    """A term of the list in a text.

    Attributes:
        term: The term, spelled as in the list.
        score: Its score, changed by modifiers if they are on.
        start: Position of its first character in the original text.
        end: Position after its last character.
    """

    term: str
    score: float
    start: int
    end: int


@dataclass(frozen=True)
class Score:
    """Score of a text and the matches that it comes from.

    Attributes:
        words: Number of words of the text; "don't" and "self-made" are one word each.
        sum: Sum of the matches' scores.
        mean: ``sum / words``; 0 for a text without words.
        matches: The matches, in the order of the text.
    """

    words: int
    sum: float
    mean: float
    matches: Sequence[Match]

    def label(self, neutral_band: float = 0.0) -> Label:
        """Returns the label of the mean's sign.

        Args:
            neutral_band: Means from ``-neutral_band`` to ``neutral_band`` are NEUTRAL.
        """
        if self.mean > neutral_band:
            return "POSITIVE"
        return "NEGATIVE" if self.mean < -neutral_band else "NEUTRAL"


def score(text: str, word_list: WordList, *, modifiers: bool = False) -> Score:
    """Scores a text, in time linear in its length.

    Only whole words match. If several terms begin at a word, the longest one counts, and its words
    do not count again. Case, Unicode composition, and typographic forms of apostrophes and hyphens
    are ignored; the words of a phrase may be separated by any white space.

    Args:
        text: Any text.
        word_list: The list.
        modifiers: English negators, boosters and dampeners before a term change its score. The
            original definition of AFINN has none.
    """
    words = split(text)
    tree = word_list.tree
    starts = [index for index, word in enumerate(words.words) if word in tree]
    matches = _matches(words, starts, tree, modifiers=modifiers)
    if not matches:
        return Score(words.count, 0.0, 0.0, ())
    total = sum(match.score for match in matches)
    return Score(words.count, total, total / words.count, matches)


def score_many(
    texts: Sequence[str], word_list: WordList, *, modifiers: bool = False
) -> list[Score]:
    """Scores texts one by one; see ``score``. ``bulk_scorer`` is faster."""
    return [score(text, word_list, modifiers=modifiers) for text in texts]


def _matches(
    words: Words, starts: Sequence[int], tree: dict[str, Node], *, modifiers: bool
) -> list[Match]:
    found: list[Match] = []
    free = 0  # index of the first word after the last match
    for first in starts:
        if first < free:
            continue
        value, last = _longest(words, first, tree[words.words[first]])
        if value is None:
            continue
        if modifiers:
            value *= _factor(words.words, first)
        start, end = words.span(first, last)
        found.append(Match(spelled(words, first, last), value, start, end))
        free = last + 1
    return found


def _longest(words: Words, first: int, node: Node) -> tuple[float | None, int]:
    """Returns score and index of the last word of the longest term that begins at a word."""
    value, last = node.score, first
    index = first
    while node.children and index + 1 < len(words.words):
        index += 1
        child = node.children.get((words.joiner(index), words.words[index]))
        if child is None:
            break
        node = child
        if node.score is not None:
            value, last = node.score, index
    return value, last


def _factor(words: Sequence[str], index: int) -> float:
    """Returns the factor by which the words before a term change its score."""
    factor = 1.0
    if index and words[index - 1] in BOOSTERS:
        factor = STRONGER
    elif index and words[index - 1] in DAMPENERS:
        factor = WEAKER
    before = words[max(0, index - NEGATION_REACH - 1) : index]
    negated = any(
        # "don't" is split into the words "don" and "t".
        word in NEGATORS or (word == "t" and place > 0 and before[place - 1].endswith("n"))
        for place, word in enumerate(before)
        if len(before) - place <= NEGATION_REACH
    )
    return factor * NEGATION if negated else factor
