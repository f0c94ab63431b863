"""Word lists: reader of their files, and the tree in which their terms are searched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from distilbert_sentiment_arch.errors import WordListError
from distilbert_sentiment_arch.lexicon.words import Words, split

DIRECTORY = Path(__file__).resolve().parent / "word_lists"

LOWEST, HIGHEST = -5.0, 5.0

MAX_NAME_LENGTH = 200
"""Maximum characters of a list's name, which appears in responses and headers."""

_METADATA = re.compile(r"#\s*(name|language):\s*(\S.*)")


@dataclass
class Node:
    """A node in the tree of terms.

    Attributes:
        score: Score of the term that ends here; None if no term does.
        children: Nodes of longer terms, by the next word and the joiner before it.
    """

    score: float | None = None
    children: dict[tuple[str | None, str], Node] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class WordList:
    """A word list. Compared by identity, so that it can be the key of a cache.

    Attributes:
        name: Model name in requests.
        language: Language, a BCP 47 tag.
        terms: Score of each term, in lower case.
        tree: The same terms as a tree, by their first word.
    """

    name: str
    language: str
    terms: dict[str, float]
    tree: dict[str, Node]


def read_word_list(path: Path) -> WordList:
    """Reads a file in the format that ``word_lists/README.md`` describes.

    Raises:
        WordListError: The file cannot be read, or a line is not a valid entry; the message contains
            the number of the line.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WordListError(f"{path}: not readable as UTF-8 text ({error}).") from None
    metadata = {"name": path.stem, "language": "en"}
    terms: dict[str, float] = {}
    tree: dict[str, Node] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        if line.startswith("#"):
            if match := _METADATA.fullmatch(line.rstrip()):
                metadata[match[1]] = match[2]
        elif line.strip():
            words, score = _entry(line, f"{path}, line {number}")
            term = spelled(words, 0, len(words.words) - 1)
            if term in terms:
                raise WordListError(f"{path}, line {number}: '{term}' is listed twice. Keep one.")
            terms[term] = score
            _insert(tree, words, score)
    for key, value in metadata.items():
        if not value.isprintable() or len(value) > MAX_NAME_LENGTH:
            raise WordListError(
                f"{path}: the {key} {value[:50]!a} is longer than {MAX_NAME_LENGTH} characters or "
                f"holds some that cannot be printed. Give another in a line '# {key}: ...'."
            )
    if not terms:
        raise WordListError(f"{path}: holds no entry. An entry is a term, a tab and a score.")
    return WordList(**metadata, terms=terms, tree=tree)


@cache
def embedded_word_list(name: str) -> WordList:
    """Returns a list that is part of the package: ``afinn-111`` or ``mvp-29``."""
    return read_word_list(DIRECTORY / f"{name}.txt")


def spelled(words: Words, first: int, last: int) -> str:
    """Returns consecutive words with their joiners, spelled as in a list."""
    term = words.words[first]
    for index in range(first + 1, last + 1):
        term += f"{words.joiner(index)}{words.words[index]}"
    return term


def _entry(line: str, where: str) -> tuple[Words, float]:
    text, tab, number = line.rpartition("\t")
    if not tab:
        raise WordListError(f"{where}: no tab between term and score: {line[:50]!r}.")
    try:
        score = float(number)
    except ValueError:
        raise WordListError(f"{where}: {number.strip()[:50]!r} is not a number.") from None
    if not LOWEST <= score <= HIGHEST:
        raise WordListError(f"{where}: {score:g} is outside {LOWEST:g} to {HIGHEST:g}.")
    words = split(text.strip())
    joined = all(words.joiner(index) for index in range(1, len(words.words)))
    if not words.words or not joined or words.gaps[0] or words.gaps[-1]:
        raise WordListError(
            f"{where}: '{text.strip()[:50]}' is not words with spaces, apostrophes or hyphens "
            "between them."
        )
    return words, score


def _insert(tree: dict[str, Node], words: Words, score: float) -> None:
    node = tree.setdefault(words.words[0], Node())
    for index in range(1, len(words.words)):
        step = (words.joiner(index), words.words[index])
        node = node.children.setdefault(step, Node())
    node.score = score
