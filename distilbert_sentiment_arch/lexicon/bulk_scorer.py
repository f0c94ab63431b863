"""Many texts, or long ones: in Mojo from when it is ready, in Python until then and without it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from distilbert_sentiment_arch.lexicon import scorer
from distilbert_sentiment_arch.lexicon.scorer import Score
from distilbert_sentiment_arch.lexicon.word_list import WordList

if TYPE_CHECKING:
    from distilbert_sentiment_arch.lexicon.mojo_scorer import MojoScorer

FEWEST_CHARACTERS = 200
"""In all texts of a call; for fewer, crossing to Mojo takes longer than scoring in Python."""

_scorers: WeakKeyDictionary[WordList, MojoScorer | None] = WeakKeyDictionary()
_lock = threading.Lock()


def score_many(
    texts: Sequence[str], word_list: WordList, *, modifiers: bool = False
) -> list[Score]:
    """Scores texts; the results are those of ``scorer.score_many``.

    Never waits for a compiler: the first call that is worth it has the library compiled or loaded
    in a thread, and until that has ended, texts are scored in Python.

    Args:
        texts: Any texts.
        word_list: The list.
        modifiers: As for ``scorer.score``.
    """
    if sum(map(len, texts)) >= FEWEST_CHARACTERS:
        with _lock:
            known = word_list in _scorers
            mojo = _scorers.setdefault(word_list, None)
        if mojo:
            return mojo.score_many(texts, modifiers=modifiers)
        if not known:
            threading.Thread(target=prepare, args=(word_list,), name="prepare Mojo").start()
    return scorer.score_many(texts, word_list, modifiers=modifiers)


def prepare(word_list: WordList) -> bool:
    """Waits until a word list is ready to be scored with Mojo; returns whether it will be."""
    # Not imported until there is something to gain: ctypes and logging take time and memory.
    from distilbert_sentiment_arch.lexicon.mojo_library import load
    from distilbert_sentiment_arch.lexicon.mojo_scorer import MojoScorer

    library = load()
    mojo = MojoScorer(word_list, library) if library else None
    with _lock:
        _scorers[word_list] = mojo
    return mojo is not None
