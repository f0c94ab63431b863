"""Explanations in a terminal."""

from __future__ import annotations

import io
import re

import pytest
from explained_texts import by_list, with_changes
from rich.console import Console

from distilbert_sentiment_arch.cli.explanation_text import console_of, show
from distilbert_sentiment_arch.explain.explanation import Explanation

TEXT = "A good film with a terrible ending, which is bad."


def in_terminal(text: str, found: Explanation) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", soft_wrap=True)
    show(console, text, found)
    return file.getvalue()


def plain(text: str, found: Explanation) -> str:
    file = io.StringIO()
    show(console_of(file), text, found)
    return file.getvalue()


def test_words_have_their_signs_without_colour() -> None:
    answer, words, note, *_ = plain(TEXT, by_list(TEXT)).splitlines()
    assert answer.split() == "NEGATIVE NEGATIVE 0.3533 NEUTRAL 0.3333 POSITIVE 0.3133".split()
    assert words == "A good[---] film with a terrible[+++] ending, which is bad.[+++]"
    assert note == "marks are of NEGATIVE, the strongest -0.3 of its logit; sums; 10 words; 1 pass"


def test_colour_is_added_to_the_signs_and_replaces_none() -> None:
    found = by_list(TEXT)
    coloured = in_terminal(TEXT, found)
    assert "\x1b[1;4;32mterrible" in coloured
    assert "\x1b[1;4;31mgood" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain(TEXT, found)


def test_no_colour_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = in_terminal(TEXT, by_list(TEXT))
    assert not re.search(r"\x1b\[[\d;]*3[0-7]m", coloured)


def test_a_text_cannot_write_to_the_terminal() -> None:
    text = "good\x1b]0;title\x07 \x1b[2J\x9b31m [bold]bad[/bold]"
    shown = in_terminal(text, with_changes(text, [1.0] * len(text.split())))
    assert "\x1b]" not in shown
    assert "\x1b[2J" not in shown
    assert not set(shown) & {"\x07", "\x9b"}
    assert "[bold]bad[/bold]" in shown


def test_a_long_text_is_not_broken_into_lines() -> None:
    text = "good film " * 100 + "end"
    lines = plain(text, by_list(text)).splitlines()
    assert lines[1].count("good[+++]") == 100
