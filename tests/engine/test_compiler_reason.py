"""The telling line of what a compiler says."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.engine.compiler_reason import reason_of


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("first\nsecond", "first"),
        ("a.mojo:3:1: note: called\n/b/a.mojo:4:2: error: none\nnote", "a.mojo:4:2: error: none"),
        ("error: function instantiation failed\nelse", "error: function instantiation failed"),
        ("", "ValueError"),
        ("\n  \n  indented  \n", "indented"),
    ],
)
def test_the_telling_line_of_an_error(words: str, line: str) -> None:
    assert reason_of(ValueError(words)) == line


def test_the_words_of_a_compiler_are_those_of_the_cause() -> None:
    outer, inner = RuntimeError("Failed to compile the model."), RuntimeError("no such product")
    outer.__cause__ = inner
    assert reason_of(outer) == "no such product"


def test_a_long_line_is_cut() -> None:
    assert 100 < len(reason_of(ValueError("x" * 9000))) <= 240
