"""Places where a long text can be cut so that its pieces have the tokens of the whole.

A piece ends where the tokenizer parts a text anyway. WordPiece parts at white space and
punctuation, and drops the white space. In byte-level BPE and in Unigram a space belongs to the word
behind it, so pieces end before a run of white space, and behind a letter, a digit or ASCII
punctuation: normalizers join neither to a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_PIECE = 65_536
"""Characters of a long text, or of several texts, that are tokenized at a time."""

_EXPANDING_PIECE = 16_384
"""The same for bytes and for normalizers that make up to 18 tokens of one character."""

# White space, ASCII punctuation, CJK punctuation and ideographs: BERT splits at each of them. It
# removes the control characters among the white space, and fullwidth letters are letters.
_BEHIND_PUNCTUATION = re.compile(
    r"[ \t\n\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000!-/:-@\[-`{-~"
    r"\u3001-\u3003\u3008-\u3011\u3014-\u301f\u3400-\u4dbf\u4e00-\u9fff"
    r"\uff01-\uff03\uff05-\uff0a\uff0c-\uff0f\uff1a\uff1b\uff1f\uff20\uff3b-\uff3d\uff5f-\uff65]"
)

# Letters that Unicode joins to whatever follows, a space as well (Grapheme_Cluster_Break=Prepend).
_JOINING = (
    "\u0d4e\U000111c2\U000111c3\U000113d1\U0001193f\U00011941\U00011a3a\U00011a84-\U00011a89"
    "\U00011d46\U00011f02"
)
_BEFORE_SPACE = re.compile(rf"(?:[^\W_{_JOINING}]|[!-~])(?= )")


class Cutter:
    """Cuts texts for one tokenizer.

    Args:
        tokenizer: A ``tokenizers.Tokenizer``.

    Attributes:
        size: Characters of a piece; the last ones may be fewer, and a piece that cannot end is
            longer.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._wordpiece = type(tokenizer.model).__name__ == "WordPiece"
        self.size = _PIECE if self._wordpiece else _EXPANDING_PIECE
        self._boundary = _boundary(tokenizer, self._wordpiece)

    def pieces(self, text: str) -> Iterator[str]:
        """Yields the pieces of a text."""
        start = 0
        while start < len(text):
            found = self._boundary.search(text, start + self.size) if self._boundary else None
            end = found.end() if found else len(text)
            yield text[start:end]
            start = end

    def may_overflow(self, piece: str) -> bool:
        """Whether a piece may have any number of tokens: it is long, for want of a place to end.

        A word of any length is one token in WordPiece.
        """
        return not self._wordpiece and len(piece) > 2 * self.size


def _boundary(tokenizer: Any, wordpiece: bool) -> re.Pattern[str] | None:
    """Returns what matches where a piece may end, behind the match; None if that is nowhere."""
    # Special tokens in a text are text, and no other is searched for.
    added = [each for each in tokenizer.get_added_tokens_decoder().values() if not each.special]
    normalizer = tokenizer.normalizer
    if wordpiece and getattr(normalizer, "handle_chinese_chars", False) and not added:
        return _BEHIND_PUNCTUATION
    if any(each.rstrip or re.search(r"\S\s", each.content) for each in added):
        return None
    if normalizer is not None and normalizer.normalize_str(" a") == normalizer.normalize_str("a"):
        return None
    return _BEFORE_SPACE
