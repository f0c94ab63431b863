"""Scoring of many or long texts, in Mojo once its library is loaded and in Python otherwise."""

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

MIN_CHARACTERS_FOR_MOJO = 200
"""Minimum characters, in all texts of a call, for the Mojo scorer; for fewer, calling it takes
longer than scoring in Python."""

_scorers: WeakKeyDictionary[WordList, MojoScorer] = WeakKeyDictionary()


def score_many(
    texts: Sequence[str], word_list: WordList, *, modifiers: bool = False
) -> list[Score]:
    """Scores texts with the same results as ``scorer.score_many``; never waits for a compiler.

    Args:
        texts: Any texts.
        word_list: The list; Mojo is used only after ``prepare`` has succeeded for it.
        modifiers: See ``scorer.score``.
    """
    mojo = _scorers.get(word_list)
    if mojo and sum(map(len, texts)) >= MIN_CHARACTERS_FOR_MOJO:
        return mojo.score_many(texts, modifiers=modifiers)
    return scorer.score_many(texts, word_list, modifiers=modifiers)


def prepare(word_lists: Iterable[WordList], *, compiling: bool) -> bool:
    """Prepares word lists for scoring in Mojo; returns False if Mojo cannot be used.

    Args:
        word_lists: The lists.
        compiling: Compile the library if it is not in the cache.
    """
    # Imported here because ctypes and logging take time and memory, which a start without Mojo
    # does not need.
    from distilbert_sentiment_arch.lexicon.mojo_library import load
    from distilbert_sentiment_arch.lexicon.mojo_scorer import MojoScorer

    library = load(compiling=compiling)
    if library is None:
        return False
    for word_list in word_lists:
        _scorers[word_list] = MojoScorer(word_list, library)
    return True


def prepare_later(word_lists: Iterable[WordList], *, compiling: bool, seconds: float = 0.0) -> None:
    """Prepares word lists in a thread, ``seconds`` from now; see ``prepare``."""
    timer = threading.Timer(seconds, prepare, (list(word_lists),), {"compiling": compiling})
    timer.daemon = True
    timer.name = "prepare Mojo"
    timer.start()
