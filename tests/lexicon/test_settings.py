"""What an operator sets of the word lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from distilbert_sentiment_arch.classify.interface import Scoring
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import ConfigError, WordListError
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings


def test_defaults() -> None:
    settings = LexiconSettings.from_environment({})
    assert settings.fallback == "off"
    assert list(settings.word_lists) == ["afinn-111", "mvp-29"]
    assert settings.stand_in == "afinn-111"
    assert settings.scoring == Scoring(modifiers=False, neutral_band=0)


def test_lists_of_ones_own(tmp_path: Path) -> None:
    german, plain = tmp_path / "de.txt", tmp_path / "plain.txt"
    german.write_text("# name: kurz-de\n# language: de\nschön\t3\n")
    plain.write_text("good\t1\n")
    settings = LexiconSettings.from_environment(
        {
            "MAX_SENTIMENT_WORD_LISTS": os.pathsep.join([str(german), str(plain)]),
            "MAX_SENTIMENT_LEXICON": "kurz-de",
            "MAX_SENTIMENT_FALLBACK": "overload",
            "MAX_SENTIMENT_NEUTRAL_BAND": "0.1",
            "MAX_SENTIMENT_MODIFIERS": "on",
        }
    )
    names = [each.name for each in settings.classifiers()]
    assert names == ["afinn-111", "mvp-29", "kurz-de", "plain"]
    stand_in = settings.stand_in_for(LabelSet(("NEGATIVE", "POSITIVE"), "regression"))
    assert (stand_in.name, stand_in.word_list.language) == ("kurz-de", "de")
    assert stand_in.scoring == Scoring(modifiers=True, neutral_band=0.1)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MAX_SENTIMENT_FALLBACK", "on", "off, overload, always-available"),
        ("MAX_SENTIMENT_LEXICON", "vader", "afinn-111, mvp-29"),
        ("MAX_SENTIMENT_MODIFIERS", "yes", "off, on"),
        ("MAX_SENTIMENT_NEUTRAL_BAND", "-1", "0 to 5"),
        ("MAX_SENTIMENT_NEUTRAL_BAND", "nan", "0 to 5"),
    ],
)
def test_what_is_not_possible_is_named(variable: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=variable) as caught:
        LexiconSettings.from_environment({variable: value})
    assert message in str(caught.value)


def test_two_lists_of_one_name(tmp_path: Path) -> None:
    file = tmp_path / "afinn-111.txt"
    file.write_text("good\t1\n")
    with pytest.raises(ConfigError, match="afinn-111"):
        LexiconSettings.from_environment({"MAX_SENTIMENT_WORD_LISTS": str(file)})


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(WordListError, match=r"no\.txt"):
        LexiconSettings.from_environment({"MAX_SENTIMENT_WORD_LISTS": str(tmp_path / "no.txt")})
