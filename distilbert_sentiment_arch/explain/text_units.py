"""Words, phrases and sentences of a text in any script, as spans of code points.

The rules know no language and no dictionary:

- A **word** is what stands between white space, with its punctuation. Chinese, Japanese, Thai,
  Lao, Khmer, Burmese and Tibetan are written without spaces: there a word is one Chinese character,
  or up to ``RUN`` characters in a row of one of the other scripts, with the marks and the
  punctuation behind them.
- A **phrase** ends with a comma, a semicolon, a colon, a dash or a closing bracket, with its
  sentence, or after ``PHRASE_WORDS`` words.
- A **sentence** ends with a full stop, an exclamation or a question mark unless a small letter
  follows, with the full stop of another script, with a line, or after ``SENTENCE_WORDS`` words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.explain.explanation import UnitChoice, UnitKind

AUTO_WORDS = 128
"""Most words for which ``auto`` means words."""
RUN = 4
"""Most characters of a word in a script without spaces, Chinese characters aside."""
PHRASE_WORDS = 8
SENTENCE_WORDS = 64

Span = tuple[int, int]
"""Start and end."""
Tree = int | tuple["Tree", ...]
"""Units in their groups: phrases of words, sentences of phrases, or the sentences alone."""

_HAN = r"\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUNS = (
    r"\u3040-\u309f",  # Hiragana
    r"\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f",  # Katakana
    r"\u0e00-\u0e7f",  # Thai
    r"\u0e80-\u0eff",  # Lao
    r"\u0f00-\u0fff",  # Tibetan
    r"\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f",  # Burmese
    r"\u1780-\u17ff",  # Khmer
)
# No letter, digit or white space: punctuation, symbols and marks.
_OTHER = r"[^\w\s]*+"
# A letter and the marks of the same script behind it.
_CLUSTERS = "|".join(rf"(?:(?!\W)[{run}](?:(?!\w)[{run}])*+){{1,{RUN}}}" for run in _RUNS)
_WORD = re.compile(
    rf"{_OTHER}(?:[{_HAN}]|{_CLUSTERS}){_OTHER}|(?:(?!(?!\W)[{_HAN}{''.join(_RUNS)}])\S)++"
)
_CLOSERS = r"[\"'\u2019\u201d\u00bb)\]}\u3001\u300d\u300f\u3009\u300b\u3011\uff09]*"
_STOP = re.compile(rf"[.!?\u2026]{_CLOSERS}\Z")
_STOP_OF_OTHER_SCRIPTS = re.compile(
    rf"[\u3002\uff01\uff1f\uff61\u0964\u0965\u061f\u06d4\u0589\u1362\u104b\u17d4\u0f0d]{_CLOSERS}\Z"
)
_PAUSE = re.compile(
    r"[,;:)\]}\u2013\u2014\u060c\u061b\u3001\uff0c\uff1b\uff1a\uff09\u300d\u300f]\Z"
)
_LINE = re.compile(r"[\n\r\u2028\u2029]")
_LONGEST_END = 16
"""Characters at the end of a word that are looked at."""


@dataclass(frozen=True)
class TextUnits:
    """The units of a text.

    Attributes:
        kind: What they are.
        spans: Start and end of each, in order. Only white space is outside of them.
        tree: Their groups.
    """

    kind: UnitKind
    spans: Sequence[Span]
    tree: Tree


def units_of(text: str, choice: UnitChoice = "auto") -> TextUnits:
    """Returns the units of a text that is not blank, in time linear in its length."""
    words = split_words(text)
    if choice == "word" or (choice == "auto" and len(words) <= AUTO_WORDS):
        groups = [
            tuple(_grouped(text, words, each, _ends_phrase, PHRASE_WORDS))
            for each in _sentences(text, words)
        ]
        return TextUnits("word", words, tuple(groups))
    sentences = [(words[each[0]][0], words[each[-1]][1]) for each in _sentences(text, words)]
    return TextUnits("sentence", sentences, tuple(range(len(sentences))))


def split_words(text: str) -> list[Span]:
    """Returns the words of a text."""
    return [match.span() for match in _WORD.finditer(text)]


def _sentences(text: str, words: Sequence[Span]) -> Iterator[tuple[int, ...]]:
    return _grouped(text, words, range(len(words)), _ends_sentence, SENTENCE_WORDS)


def _grouped(
    text: str,
    words: Sequence[Span],
    among: Sequence[int],
    ends: Callable[[str, Sequence[Span], int], bool],
    most: int,
) -> Iterator[tuple[int, ...]]:
    """Yields neighbouring words in groups of at most so many, each up to a word that ends one."""
    group: list[int] = []
    for index in among:
        group.append(index)
        if len(group) == most or index == among[-1] or ends(text, words, index):
            yield tuple(group)
            group = []


def _ends_phrase(text: str, words: Sequence[Span], index: int) -> bool:
    return _PAUSE.search(_end(text, words[index])) is not None


def _ends_sentence(text: str, words: Sequence[Span], index: int) -> bool:
    end = words[index][1]
    following = words[index + 1][0] if index + 1 < len(words) else len(text)
    if _LINE.search(text, end, following):
        return True
    last = _end(text, words[index])
    if _STOP_OF_OTHER_SCRIPTS.search(last):
        return True
    return _STOP.search(last) is not None and not text[following : following + 1].islower()


def _end(text: str, span: Span) -> str:
    return text[max(span[0], span[1] - _LONGEST_END) : span[1]]
