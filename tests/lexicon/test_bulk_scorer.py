"""Who scores what, and who waits for whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run_python

from distilbert_sentiment_arch.lexicon import bulk_scorer, scorer
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

TEXTS = ["I can\u2019t stand this, not a happy day"] * 50

FIRST_CALL = """
import sys, time
from distilbert_sentiment_arch.lexicon import bulk_scorer, scorer, word_list
afinn = word_list.embedded_word_list("afinn-111")
texts = ["I can't stand this, not a happy day"] * 50
assert not bulk_scorer.prepare([afinn], compiling=False), "nothing has been compiled"
start = time.perf_counter()
bulk_scorer.prepare_later([afinn], compiling=True)
first = bulk_scorer.score_many(texts, afinn)
answered = time.perf_counter()
assert bulk_scorer.prepare([afinn], compiling=True)
ready = time.perf_counter()
assert answered - start < (ready - answered) / 2, "the first call has waited"
assert bulk_scorer.score_many(texts, afinn) == first == scorer.score_many(texts, afinn)
"""


@pytest.mark.parametrize("modifiers", [False, True])
@pytest.mark.parametrize("texts", [[], ["happy"], TEXTS], ids=["none", "short", "bulk"])
def test_the_results_are_those_of_the_scorer(texts: list[str], modifiers: bool) -> None:
    word_list = embedded_word_list("afinn-111")
    plain = scorer.score_many(texts, word_list, modifiers=modifiers)
    assert bulk_scorer.score_many(texts, word_list, modifiers=modifiers) == plain
    assert bulk_scorer.prepare([word_list], compiling=True)
    assert bulk_scorer.score_many(texts, word_list, modifiers=modifiers) == plain


@pytest.mark.slow
def test_nothing_waits_for_the_compiler(tmp_path: Path) -> None:
    ended = run_python("-c", FIRST_CALL, environment={"MODULAR_CACHE_DIR": str(tmp_path)})
    assert ended.returncode == 0, ended.stderr


def test_importing_it_loads_neither_max_nor_numpy_nor_mojo() -> None:
    code = (
        "import sys, distilbert_sentiment_arch.lexicon.bulk_scorer;"
        "assert not {'max', 'numpy', 'mojo', 'ctypes', 'logging'} & set(sys.modules)"
    )
    ended = run_python("-c", code)
    assert ended.returncode == 0, ended.stderr
