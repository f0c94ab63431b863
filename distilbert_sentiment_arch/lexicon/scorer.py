"""Text to a score: the terms of a word list that stand in it, and what they add up to.

A score is a score. It is the sum and the mean of numbers that people gave to words; it is no
probability, and nothing here turns it into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from distilbert_sentiment_arch.lexicon.word_list import Node, WordList, spelled
from distilbert_sentiment_arch.lexicon.words import Words, split

Label = Literal["NEGATIVE", "NEUTRAL", "POSITIVE"]

NEGATION = -0.74
"""A negated score is multiplied by this: weakened, and of the other sign (VADER's constant)."""
NEGATION_REACH = 3
"""Words before a term in which a negator negates it."""
STRONGER, WEAKER = 1.25, 0.75
"""What a booster or a dampener just before a term multiplies its score by."""

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
        term: As the list has it.
        score: Its score, modified where modifiers were asked for.
        start: Its first character in the original text.
        end: The character behind its last.
    """

    term: str
    score: float
    start: int
    end: int


@dataclass(frozen=True)
class Score:
    """What a word list has to say about a text.

    Attributes:
        words: Words of the text; don't and self-made are one each.
        sum: Sum of the matches' scores.
        mean: ``sum / words``; 0 for a text without words.
        matches: The terms found, in the order of the text.
    """

    words: int
    sum: float
    mean: float
    matches: Sequence[Match]

    def label(self, neutral_band: float = 0.0) -> Label:
        """Returns the sign of the mean.

        Args:
            neutral_band: Means from ``-neutral_band`` to ``neutral_band`` are NEUTRAL.
        """
        if self.mean > neutral_band:
            return "POSITIVE"
        return "NEGATIVE" if self.mean < -neutral_band else "NEUTRAL"


def score(text: str, word_list: WordList, *, modifiers: bool = False) -> Score:
    """Scores a text, in time linear in its length.

    Whole words only; where several terms begin at a word, the longest one counts, and none of its
    words counts again. Upper and lower case, composed and decomposed characters, and typographic
    and plain apostrophes and hyphens are alike; a phrase may be spread over any white space.

    Args:
        text: Any text.
        word_list: The list.
        modifiers: English negators, boosters and dampeners before a term change its score. Off by
            default, as in the original definition of AFINN.
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
    """Scores texts one by one; see ``score``, and ``bulk_scorer`` for what is faster."""
    return [score(text, word_list, modifiers=modifiers) for text in texts]


def _matches(
    words: Words, starts: Sequence[int], tree: dict[str, Node], *, modifiers: bool
) -> list[Match]:
    found: list[Match] = []
    free = 0  # the first word that no match has taken
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
    """Returns score and last word of the longest term that begins at a word."""
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
    """Returns what the words before a term make of its score."""
    factor = 1.0
    if index and words[index - 1] in BOOSTERS:
        factor = STRONGER
    elif index and words[index - 1] in DAMPENERS:
        factor = WEAKER
    before = words[max(0, index - NEGATION_REACH - 1) : index]
    negated = any(
        # n't is two words here: the apostrophe parts them.
        word in NEGATORS or (word == "t" and place > 0 and before[place - 1].endswith("n"))
        for place, word in enumerate(before)
        if len(before) - place <= NEGATION_REACH
    )
    return factor * NEGATION if negated else factor
