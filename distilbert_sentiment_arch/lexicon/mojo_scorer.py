"""Python interface of ``scorer.mojo``: tables of a word list, and its results as ``Score``."""

from __future__ import annotations

import ctypes
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Any, overload

from distilbert_sentiment_arch.lexicon.scorer import (
    BOOSTERS,
    DAMPENERS,
    NEGATION,
    NEGATORS,
    STRONGER,
    WEAKER,
    Match,
    Score,
)
from distilbert_sentiment_arch.lexicon.word_list import Node, WordList
from distilbert_sentiment_arch.lexicon.words import WORD, normalise

_CODE_POINTS, _PLANE = 0x110000, 0x10000
_SPACES = re.compile(r"\s+")

# The same constants as in scorer.mojo.
_WORD, _SPACE, _APOSTROPHE, _HYPHEN = 1, 2, 3, 4
_JOINERS = {None: 0, " ": _SPACE, "'": _APOSTROPHE, "-": _HYPHEN}
_NEGATOR, _BOOSTER, _DAMPENER, _T = 1, 2, 4, 8
_ABSENT = -1

_CHARACTERS_PER_MATCH = 32
"""Assumed by the size of the result arrays; texts with more matches, which are rare, are scored
twice."""


class MojoScorer:
    """Scorer with the same results as ``scorer.score``; threads may share it.

    Args:
        word_list: The list. Later changes to its tree have no effect.
        library: The result of ``mojo_library.load``.
    """

    def __init__(self, word_list: WordList, library: ctypes.CDLL) -> None:
        self._tables = _Tables(word_list)
        self._lexicon = _Lexicon(**self._tables.fields())
        self._score_ascii = _scoring_function(library, "score_ascii", ctypes.c_char_p)
        # wchar_t has 32 bits on every platform that Mojo supports.
        self._score_unicode = _scoring_function(library, "score_unicode", ctypes.c_wchar_p)
        library.index_words.argtypes = [ctypes.POINTER(_Lexicon)]
        library.index_words.restype = None
        library.index_words(self._lexicon)

    def score_many(self, texts: Sequence[str], *, modifiers: bool = False) -> list[Score]:
        """Scores texts, in time linear in their length.

        ``Score.matches`` creates its ``Match`` objects on access.

        Args:
            texts: Any texts.
            modifiers: See ``scorer.score``.
        """
        text = "".join(texts)
        if text.isascii():
            found = self._run(self._score_ascii, text.lower().encode(), texts, modifiers)
        else:
            normal, offsets = zip(*map(normalise, texts), strict=True)
            found = self._run(self._score_unicode, "".join(normal), normal, modifiers)
            found.move_to(offsets)
        return found.scored()

    def _run(
        self,
        score: Callable[..., int],
        text: str | bytes,
        texts: Sequence[str],
        modifiers: bool,
    ) -> _ResultArrays:
        ends = array("q", accumulate(map(len, texts)))
        capacity = len(texts) + len(text) // _CHARACTERS_PER_MATCH
        while True:
            found = _ResultArrays(self._tables.terms, len(texts), capacity)
            matches = score(
                self._lexicon, text, _address(ends), len(texts), modifiers, found.results()
            )
            if matches <= capacity:
                return found
            capacity = matches


class _Lexicon(ctypes.Structure):
    """The struct ``Lexicon`` of scorer.mojo."""

    _fields_ = (
        ("classes", ctypes.c_char_p),
        ("slots", ctypes.c_void_p),
        ("slot_mask", ctypes.c_int64),
        ("words", ctypes.c_int64),
        ("letters", ctypes.c_wchar_p),
        ("letter_starts", ctypes.c_void_p),
        ("roles", ctypes.c_void_p),
        ("roots", ctypes.c_void_p),
        ("edge_starts", ctypes.c_void_p),
        ("edge_keys", ctypes.c_void_p),
        ("edge_nodes", ctypes.c_void_p),
        ("is_term", ctypes.c_void_p),
        ("scores", ctypes.c_void_p),
        ("factors", ctypes.c_void_p),
    )


class _Results(ctypes.Structure):
    """The struct ``Results`` of scorer.mojo."""

    _fields_ = (
        ("word_counts", ctypes.c_void_p),
        ("match_ends", ctypes.c_void_p),
        ("capacity", ctypes.c_int64),
        ("scores", ctypes.c_void_p),
        ("nodes", ctypes.c_void_p),
        ("starts", ctypes.c_void_p),
        ("ends", ctypes.c_void_p),
    )


class _Tables:
    """Arrays that ``_Lexicon`` points to, and the term of each node."""

    def __init__(self, word_list: WordList) -> None:
        self.terms = list(word_list.tree)
        self._ids: dict[str, int] = {}
        self._is_term, self._scores = array("q"), array("d")
        self._edge_starts, self._edge_keys = array("q", [0]), array("q")
        self._edge_nodes = array("q")
        self._enter(list(word_list.tree.values()))
        roots = {word: node for node, word in enumerate(word_list.tree)}
        for word in (*roots, *NEGATORS, *BOOSTERS, *DAMPENERS, "t"):
            self._id(word)
        self._roots = array("q", [roots.get(word, _ABSENT) for word in self._ids])
        self._roles = array("q", map(_roles, self._ids))
        self._letter_starts = array("q", accumulate(map(len, self._ids), initial=0))
        self._slots = array("q", [_ABSENT]) * (1 << (2 * len(self._ids)).bit_length())
        plain = [1.0, STRONGER, WEAKER]
        self._factors = array("d", [*plain, *(factor * NEGATION for factor in plain)])

    def fields(self) -> dict[str, object]:
        """Returns the fields of ``_Lexicon``; their addresses are valid while this object lives."""
        return {
            "classes": character_classes(),
            "slots": _address(self._slots),
            "slot_mask": len(self._slots) - 1,
            "words": len(self._ids),
            "letters": "".join(self._ids),
            "letter_starts": _address(self._letter_starts),
            "roles": _address(self._roles),
            "roots": _address(self._roots),
            "edge_starts": _address(self._edge_starts),
            "edge_keys": _address(self._edge_keys),
            "edge_nodes": _address(self._edge_nodes),
            "is_term": _address(self._is_term),
            "scores": _address(self._scores),
            "factors": _address(self._factors),
        }

    def _enter(self, nodes: list[Node]) -> None:
        """Numbers the nodes of the tree; ``nodes`` are those of first words."""
        for number, node in enumerate(nodes):  # the loop appends their children
            self._is_term.append(node.score is not None)
            self._scores.append(0.0 if node.score is None else node.score)
            edges: list[tuple[int, int]] = []
            for (joiner, word), child in node.children.items():
                if joiner in _JOINERS:
                    edges.append((8 * self._id(word) + _JOINERS[joiner], len(nodes)))
                    nodes.append(child)
                    self.terms.append(f"{self.terms[number]}{joiner}{word}")
            for key, child_number in sorted(edges):
                self._edge_keys.append(key)
                self._edge_nodes.append(child_number)
            self._edge_starts.append(len(self._edge_keys))

    def _id(self, word: str) -> int:
        return self._ids.setdefault(word, len(self._ids))


class _ResultArrays:
    """Arrays of ``_Results``, filled by the kernel for the texts of one call."""

    def __init__(self, terms: Sequence[str], texts: int, capacity: int) -> None:
        self._terms = terms
        self._word_counts, self._match_ends = (array("q", [0]) * texts for _ in range(2))
        self._scores = array("d", [0.0]) * capacity
        self._nodes, self._starts, self._ends = (array("q", [0]) * capacity for _ in range(3))

    def results(self) -> _Results:
        """Returns the addresses of the arrays; they are valid while this object lives."""
        return _Results(
            word_counts=_address(self._word_counts),
            match_ends=_address(self._match_ends),
            capacity=len(self._scores),
            scores=_address(self._scores),
            nodes=_address(self._nodes),
            starts=_address(self._starts),
            ends=_address(self._ends),
        )

    def move_to(self, offsets: Sequence[Sequence[int] | None]) -> None:
        """Converts positions of matches in normalised texts to positions in the original texts."""
        first = 0
        for last, original in zip(self._match_ends, offsets, strict=True):
            if original is not None:
                for place in range(first, last):
                    self._starts[place] = original[self._starts[place]]
                    self._ends[place] = original[self._ends[place]]
            first = last

    def scored(self) -> list[Score]:
        """Returns the score of each text."""
        answers = []
        first = 0
        for words, last in zip(self._word_counts, self._match_ends, strict=True):
            if first == last:
                answers.append(Score(words, 0.0, 0.0, ()))
            else:
                total = sum(self._scores[first:last])
                matches = _Matches(self, first, last)
                answers.append(Score(words, total, total / words, matches))
                first = last
        return answers

    def matches(self, first: int, last: int) -> Iterator[Match]:
        """Creates the matches from ``first`` to ``last``, which is not included."""
        return map(
            Match,
            map(self._terms.__getitem__, self._nodes[first:last]),
            self._scores[first:last],
            self._starts[first:last],
            self._ends[first:last],
        )


class _Matches(Sequence[Match]):
    """The matches of one text, equal to any sequence of equal matches."""

    __slots__ = ("_first", "_found", "_last")

    def __init__(self, found: _ResultArrays, first: int, last: int) -> None:
        self._found = found
        self._first = first
        self._last = last

    def __len__(self) -> int:
        return self._last - self._first

    @overload
    def __getitem__(self, index: int) -> Match: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Match]: ...
    def __getitem__(self, index: int | slice) -> Match | Sequence[Match]:
        if isinstance(index, slice):
            return list(self)[index]
        place = range(self._first, self._last)[index]
        return next(self._found.matches(place, place + 1))

    def __iter__(self) -> Iterator[Match]:
        return self._found.matches(self._first, self._last)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


@cache
def character_classes() -> bytes:
    """Returns the character class of every code point, one byte each, as in ``scorer.mojo``."""
    classes = bytearray(_CODE_POINTS)
    for first in range(0, _CODE_POINTS, _PLANE):  # all at once would take 13 MB
        codes = array("I", range(first, first + _PLANE))
        characters = codes.tobytes().decode("utf-32", "surrogatepass")
        for pattern, number in ((WORD, _WORD), (_SPACES, _SPACE)):
            for run in pattern.finditer(characters):
                classes[first + run.start() : first + run.end()] = bytes([number]) * len(run[0])
    classes[ord("'")], classes[ord("-")] = _APOSTROPHE, _HYPHEN
    return bytes(classes)


def _roles(word: str) -> int:
    return (
        (word in NEGATORS) * _NEGATOR
        + (word in BOOSTERS) * _BOOSTER
        + (word in DAMPENERS) * _DAMPENER
        + (word == "t") * _T
    )


def _scoring_function(library: ctypes.CDLL, name: str, text: Any) -> Callable[..., int]:
    function = library[name]
    function.argtypes = [
        ctypes.POINTER(_Lexicon),
        text,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.POINTER(_Results),
    ]
    function.restype = ctypes.c_int64
    return function


def _address(items: array[int] | array[float]) -> int:
    return items.buffer_info()[0]
