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

PIECE = 65_536
"""Characters of a long text, or of several texts, that are tokenized at a time."""

# White space, ASCII punctuation, CJK punctuation and ideographs: BERT splits at each of them.
_BEHIND_PUNCTUATION = re.compile(r"[\s!-/:-@\[-`{-~\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")

# Letters that Unicode joins to whatever follows, a space as well (Grapheme_Cluster_Break=Prepend).
_JOINING = (
    "\u0d4e\U000111c2\U000111c3\U000113d1\U0001193f\U00011941\U00011a3a\U00011a84-\U00011a89"
    "\U00011d46\U00011f02"
)
_BEFORE_SPACE = re.compile(rf"(?:[^\W_{_JOINING}]|[!-~])(?= )")


def boundary_of(tokenizer: Any) -> re.Pattern[str] | None:
    """Returns what matches where a piece may end, behind the match; None if that is nowhere.

    Args:
        tokenizer: A ``tokenizers.Tokenizer``.
    """
    # Special tokens in a text are text, and no other is searched for.
    added = [each for each in tokenizer.get_added_tokens_decoder().values() if not each.special]
    if type(tokenizer.model).__name__ == "WordPiece" and not added:
        return _BEHIND_PUNCTUATION
    if any(each.rstrip or re.search(r"\S\s", each.content) for each in added):
        return None
    return _BEFORE_SPACE


def pieces(text: str, boundary: re.Pattern[str] | None) -> Iterator[str]:
    """Yields the pieces of a text: about ``PIECE`` characters, or more where none may end.

    Args:
        text: The text.
        boundary: See ``boundary_of``.
    """
    start = 0
    while start < len(text):
        found = boundary.search(text, start + PIECE) if boundary else None
        end = found.end() if found else len(text)
        yield text[start:end]
        start = end
