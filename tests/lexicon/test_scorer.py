"""Scores against the author's own package, and what must not change them."""

from __future__ import annotations

import random
import time
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from distilbert_sentiment_arch.lexicon.scorer import NEGATION, STRONGER, WEAKER, score, score_many
from distilbert_sentiment_arch.lexicon.word_list import (
    DIRECTORY,
    WordList,
    embedded_word_list,
    read_word_list,
)

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "texts.txt"
TEXTS = REFERENCE.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def afinn_score() -> Callable[[str], float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # afinn 0.1 has escapes that Python has come to dislike
        from afinn import Afinn

    scorer = Afinn()
    scorer.setup_from_file(str(DIRECTORY / "afinn-111.txt"))
    function: Callable[[str], float] = scorer.score
    return function


@pytest.fixture(scope="module")
def afinn_111() -> WordList:
    return embedded_word_list("afinn-111")


def test_sums_are_those_of_the_authors_package(
    afinn_score: Callable[[str], float], afinn_111: WordList
) -> None:
    generator = random.Random(5)
    terms = list(afinn_111.terms)
    drawn = [" ".join(generator.choices(terms, k=12)) for _ in range(300)]
    spread = ["I can't  stand it", "I can't\n\tstand it", "cover-up", "COOL \u00a0stuff"]
    for text in TEXTS + drawn + spread:
        assert score(text, afinn_111).sum == afinn_score(text), text


@pytest.mark.parametrize(
    ("text", "ours", "theirs", "why"),
    [
        ("I can\u2019t stand it", -3, 0, "a typographic apostrophe is an apostrophe"),
        ("a cover\u2011up", -3, 0, "a non-breaking hyphen is a hyphen"),
        ("nai\u0308ve", -2, 0, "decomposed characters are what they compose to"),
    ],
)
def test_every_class_of_difference(
    afinn_score: Callable[[str], float],
    afinn_111: WordList,
    text: str,
    ours: float,
    theirs: float,
    why: str,
) -> None:
    assert score(text, afinn_111).sum == ours, why
    assert afinn_score(text) == theirs


def test_matches_carry_term_score_and_span(afinn_111: WordList) -> None:
    text = "NOT GOOD: I can\u2019t  stand nai\u0308ve \U0001f600 heroes. Good-natured, though."
    found = score(text, afinn_111)
    assert [(match.term, match.score) for match in found.matches] == [
        ("not good", -2),
        ("can't stand", -3),
        ("naïve", -2),
        ("heroes", 2),
        ("good", 3),
    ]
    spans = [text[match.start : match.end] for match in found.matches]
    assert spans == ["NOT GOOD", "can\u2019t  stand", "nai\u0308ve", "heroes", "Good"]
    assert found.words == 9
    assert found.sum == -2
    assert found.mean == pytest.approx(-2 / 9)


def test_the_longest_phrase_wins_and_its_words_count_once(afinn_111: WordList) -> None:
    assert [match.term for match in score("no fun at all", afinn_111).matches] == ["no fun"]
    assert [match.term for match in score("no funeral", afinn_111).matches] == ["no", "funeral"]
    assert [match.term for match in score("does not work", afinn_111).matches] == ["does not work"]


def test_whole_words_only(afinn_111: WordList) -> None:
    assert score("goods goodly ungood good_ 2good", afinn_111).matches == ()


@pytest.mark.parametrize("text", ["", "   ", "...", "\u200b", "123", "木漏れ日", "some of it"])
def test_nothing_to_score(afinn_111: WordList, text: str) -> None:
    found = score(text, afinn_111)
    assert (found.sum, found.mean, found.label()) == (0, 0, "NEUTRAL")
    assert found.matches == ()


def test_label_and_neutral_band(afinn_111: WordList) -> None:
    found = score("good and four other words", afinn_111)
    assert found.mean == pytest.approx(0.6)
    assert found.label() == "POSITIVE"
    assert found.label(neutral_band=0.6) == "NEUTRAL"
    assert score("bad", afinn_111).label() == "NEGATIVE"


def test_modifiers_are_off_by_default_and_documented(afinn_111: WordList) -> None:
    def modified(text: str) -> float:
        return score(text, afinn_111, modifiers=True).sum

    assert score("not a happy day, very happy", afinn_111).sum == 6
    assert modified("happy") == 3
    assert modified("not a happy day") == pytest.approx(3 * NEGATION)
    assert modified("I don't feel happy") == pytest.approx(3 * NEGATION)
    assert modified("not in any way at all happy") == 3
    assert modified("very happy") == pytest.approx(3 * STRONGER)
    assert modified("slightly happy") == pytest.approx(3 * WEAKER)
    assert modified("not very happy") == pytest.approx(3 * NEGATION * STRONGER)
    assert modified("not good") == -2  # a term of its own


def test_many_texts_are_scored_in_their_order(afinn_111: WordList) -> None:
    scores = score_many(["not a happy day", "", "bad"], afinn_111, modifiers=True)
    assert [each.sum for each in scores] == [pytest.approx(3 * NEGATION), 0, -3]


def test_order_of_sentences_case_punctuation_and_unicode_forms(afinn_111: WordList) -> None:
    generator = random.Random(6)
    for _ in range(200):
        sentences = generator.sample(TEXTS, 5)
        plain = score(". ".join(sentences), afinn_111).sum
        generator.shuffle(sentences)
        assert score(". ".join(sentences), afinn_111).sum == plain
        text = ". ".join(sentences)
        assert score(text.upper(), afinn_111).sum == score(text.upper().lower(), afinn_111).sum
        assert score(f"«{text}»!?", afinn_111).sum == plain
        for form in ("NFC", "NFD"):
            assert score(unicodedata.normalize(form, text), afinn_111).sum == plain


@pytest.mark.parametrize(
    "piece", ["good ", "can't ", "does not ", "a'", "'-", "ﷺ", "i\u0307", "\u0301", "not " * 3, "x"]
)
def test_time_is_linear_in_the_length(afinn_111: WordList, piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()
        score(text, afinn_111, modifiers=True)
        return time.process_time() - start

    small = min(seconds(125_000) for _ in range(3))
    # Once is enough: a quadratic scorer is never that fast, a busy machine seldom.
    assert any(seconds(1_000_000) < max(0.05, 8 * small * 3) for _ in range(3))


def test_a_list_in_another_language(tmp_path: Path) -> None:
    file = tmp_path / "de.txt"
    file.write_text("# name: kurz-de\n# language: de\nschön\t3\nüberhaupt nicht\t-2\nstraße\t0\n")
    word_list = read_word_list(file)
    assert (word_list.name, word_list.language) == ("kurz-de", "de")
    assert score("Das ist ÜBERHAUPT nicht schön.", word_list).sum == 1
