"""Pieces of texts: together they have the tokens of the whole, for every kind of tokenizer."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest
from linear_time import check_linear
from small_tokenizers import REFERENCE, TEXTS
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.normalizers import (
    NFC,
    NFKD,
    BertNormalizer,
    Lowercase,
    Normalizer,
    Replace,
    Sequence,
    Strip,
    StripAccents,
)
from tokenizers.pre_tokenizers import ByteLevel, Metaspace, PreTokenizer, Punctuation
from tokenizers.pre_tokenizers import Sequence as Splitters

from distilbert_sentiment_arch.engine.text_pieces import Cutter


def saved(
    name: str,
    normalizer: Normalizer | None = None,
    splitter: PreTokenizer | None = None,
    added: tuple[AddedToken, ...] = (),
) -> Tokenizer:
    """Returns one of the small tokenizers, with other components where given."""
    tokenizer = Tokenizer.from_file(str(REFERENCE / "tokenizers" / name / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if splitter is not None:
        tokenizer.pre_tokenizer = splitter
    tokenizer.add_tokens(list(added))
    return tokenizer


SPACES = Replace(Regex(r"\s{2,}|[\n\r\t]"), " ")

KINDS: dict[str, Callable[[], Tokenizer]] = {
    "BERT": lambda: saved("wordpiece-cased"),
    "BERT, uncased": lambda: saved("wordpiece-cased", BertNormalizer(lowercase=True)),
    "BERT, ideographs in words": lambda: saved(
        "wordpiece-cased", BertNormalizer(handle_chinese_chars=False)
    ),
    "BERT, another normalizer": lambda: saved("wordpiece-cased", Sequence([NFC(), Lowercase()])),
    "BERT, a word of its own": lambda: saved("wordpiece-cased", added=(AddedToken("<brand>"),)),
    "RoBERTa": lambda: saved("byte-level-bpe"),
    "RoBERTa, space in front": lambda: saved("byte-level-bpe", None, ByteLevel()),
    "ModernBERT": lambda: saved(
        "byte-level-bpe",
        NFC(),
        added=tuple(AddedToken(" " * size, normalized=False) for size in range(2, 25)),
    ),
    "XLM-R": lambda: saved("unigram"),
    "CamemBERT": lambda: saved("unigram", Sequence([SPACES, Strip(left=False)]), Metaspace()),
    "DeBERTa": lambda: saved(
        "unigram",
        Sequence([SPACES, NFC(), Strip(left=False)]),
        Splitters([Punctuation("isolated"), Metaspace()]),
    ),
    "ALBERT": lambda: saved(
        "unigram",
        Sequence(
            [Replace("``", '"'), Replace("''", '"'), NFKD(), StripAccents(), Lowercase(), SPACES]
        ),
    ),
}

UNCUT: dict[str, Callable[[], Tokenizer]] = {
    "a normalizer that drops spaces in front": lambda: saved("unigram", Strip(), Metaspace()),
    "an added token with a space": lambda: saved("unigram", added=(AddedToken("a b"),)),
    "an added token that takes spaces": lambda: saved(
        "unigram", added=(AddedToken("a", rstrip=True),)
    ),
}

# White space of all kinds, what normalizers join, drop or turn into spaces, marks of tokenizers.
ODD = [
    *(" ", "  ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2028", "\x1c", "\x85", "\u1680"),
    *("\u200b", "\u200d", "\u00ad", "\ufeff", "\u0301", "\u0308", "\u0338", "\u0600", "\u0d4e"),
    *(
        "'s",
        "'",
        "``",
        "''",
        "...",
        "!",
        "=",
        "a",
        "Z",
        "9",
        "\u00bd",
        "\ufdfa",
        "\ufe70",
        "\u037a",
    ),
    *("\u754c", "\u0e44", "\u093e", "\uff21", "\u3006", "\U0001f600", "<mask>", "[SEP]", "<brand>"),
    *("\u2581", "\u0120", "a b"),
]


def mixtures(count: int) -> list[str]:
    """Returns texts of odd characters between parts of ordinary texts."""
    choose = random.Random(7)
    ordinary = [text for text in TEXTS if isinstance(text, str)]

    def part() -> str:
        if choose.random() < 0.6:
            return choose.choice(ODD)
        return choose.choice(ordinary)[: choose.randrange(1, 30)]

    return ["".join(part() for _ in range(choose.randrange(2, 12))) for _ in range(count)]


def encoded(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_have_the_tokens_of_the_whole(kind: str) -> None:
    tokenizer = KINDS[kind]()
    cutter = Cutter(tokenizer)
    cutter.size = 5
    cuts = 0
    for text in mixtures(1000):
        pieces = list(cutter.pieces(text))
        assert "".join(pieces) == text
        found = [token for piece in pieces for token in encoded(tokenizer, piece)]
        assert found == encoded(tokenizer, text), pieces
        cuts += len(pieces) - 1
    assert cuts > 1000


@pytest.mark.parametrize("kind", UNCUT)
def test_a_tokenizer_that_joins_words_gets_texts_whole(kind: str) -> None:
    cutter = Cutter(UNCUT[kind]())
    cutter.size = 5
    assert list(cutter.pieces("good film, a b c d e f")) == ["good film, a b c d e f"]


@pytest.mark.parametrize("kind", ["BERT", "RoBERTa", "XLM-R"])
def test_pieces_are_short_where_there_are_words(kind: str) -> None:
    cutter = Cutter(KINDS[kind]())
    pieces = list(cutter.pieces("A fine film, and then some. " * 20_000))
    assert max(map(len, pieces)) < cutter.size + 10
    assert not any(map(cutter.may_overflow, pieces))


def test_one_word_may_overflow_unless_it_is_one_token() -> None:
    word = "a" * 200_000
    for kind, overflows in (("BERT", False), ("RoBERTa", True), ("XLM-R", True)):
        cutter = Cutter(KINDS[kind]())
        (piece,) = cutter.pieces(word)
        assert cutter.may_overflow(piece) is overflows


@pytest.mark.parametrize("unit", ["a", " ", "a ", "\u0600 ", "\u3000"])
@pytest.mark.parametrize("kind", ["BERT", "RoBERTa"])
def test_time_is_linear(kind: str, unit: str) -> None:
    cutter = Cutter(KINDS[kind]())

    def cut(text: str) -> None:
        for _ in cutter.pieces(text):
            pass

    check_linear(lambda size: partial(cut, unit * size))
