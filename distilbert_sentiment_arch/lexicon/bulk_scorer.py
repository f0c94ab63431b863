"""Many texts, or long ones: in Mojo once it is ready, in Python until then and without it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from distilbert_sentiment_arch.lexicon import scorer
from distilbert_sentiment_arch.lexicon.scorer import Score
from distilbert_sentiment_arch.lexicon.word_list import WordList

if TYPE_CHECKING:
    from distilbert_sentiment_arch.lexicon.mojo_scorer import MojoScorer

FEWEST_CHARACTERS = 200
"""In all texts of a call; for fewer, crossing to Mojo takes longer than scoring in Python."""

_scorers: WeakKeyDictionary[WordList, MojoScorer] = WeakKeyDictionary()


def score_many(
    texts: Sequence[str], word_list: WordList, *, modifiers: bool = False
) -> list[Score]:
    """Scores texts; the results are those of ``scorer.score_many``, and nobody waits for Mojo.

    Args:
        texts: Any texts.
        word_list: The list; scored in Mojo only once it has been prepared.
        modifiers: As for ``scorer.score``.
    """
    mojo = _scorers.get(word_list)
    if mojo and sum(map(len, texts)) >= FEWEST_CHARACTERS:
        return mojo.score_many(texts, modifiers=modifiers)
    return scorer.score_many(texts, word_list, modifiers=modifiers)


def prepare(word_lists: Iterable[WordList], *, compiling: bool) -> bool:
    """Makes word lists ready to be scored in Mojo, and returns whether they are.

    Args:
        word_lists: The lists.
        compiling: Compile the kernel where it has not been; otherwise it is used where it is there.
    """
    # Not imported until there is something to gain: ctypes and logging take time and memory.
    from distilbert_sentiment_arch.lexicon.mojo_library import load
    from distilbert_sentiment_arch.lexicon.mojo_scorer import MojoScorer

    library = load(compiling=compiling)
    if library is None:
        return False
    for word_list in word_lists:
        _scorers[word_list] = MojoScorer(word_list, library)
    return True


def prepare_later(word_lists: Iterable[WordList], *, compiling: bool, seconds: float = 0.0) -> None:
    """Prepares word lists in a thread, so many seconds from now; see ``prepare``."""
    timer = threading.Timer(seconds, prepare, (list(word_lists),), {"compiling": compiling})
    timer.daemon = True
    timer.name = "prepare Mojo"
    timer.start()
