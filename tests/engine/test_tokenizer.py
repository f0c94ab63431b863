"""The tokenizer, compared with Hugging Face's, and its intended differences."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from linear_time import check_linear
from transformers import AutoTokenizer

from distilbert_sentiment_arch.classify.interface import TextPair
from distilbert_sentiment_arch.errors import InputError, TooManyTokensInRequest
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
    from distilbert_sentiment_arch.classify.preparation import SequenceTokenizer

TEXTS = (Path(__file__).parents[1] / "reference" / "texts.txt").read_text(encoding="utf-8")


pytestmark = pytest.mark.slow


@pytest.fixture
def tokenizer(embedded: ModelClassifier) -> SequenceTokenizer:
    return embedded.tokenizer


def test_same_ids_as_hugging_face(tokenizer: SequenceTokenizer) -> None:
    texts = TEXTS.splitlines()
    expected = AutoTokenizer.from_pretrained(DEFAULT_DIRECTORY)(texts)["input_ids"]
    assert [each.ids.tolist() for each in tokenizer.tokenize(texts)] == expected


@pytest.mark.parametrize("special", ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"])
def test_special_tokens_in_a_text_are_text(tokenizer: SequenceTokenizer, special: str) -> None:
    (sequence,) = tokenizer.tokenize([f"good {special} film"])
    ids = sequence.ids
    assert ids[0] == 101
    assert ids[-1] == 102
    assert not {0, 100, 101, 102, 103} & set(ids[1:-1].tolist())


def test_nothing_is_truncated_or_padded(tokenizer: SequenceTokenizer) -> None:
    short, long = tokenizer.tokenize(["good", "good " * 5000])
    assert (len(short), len(long)) == (3, 5002)


@pytest.mark.parametrize("ids", [[], [-1], [30522], [101, 2**63, 102], [-(2**70)]])
def test_ids_without_an_embedding(tokenizer: SequenceTokenizer, ids: list[int]) -> None:
    with pytest.raises(InputError):
        tokenizer.check_ids(ids)


def test_every_id_with_an_embedding(tokenizer: SequenceTokenizer) -> None:
    assert tokenizer.check_ids([0, 30521]).tolist() == [0, 30521]


@pytest.mark.parametrize(
    "piece",
    [
        "A fine film, and then some. ",
        "!",
        "\u6620\u753b\u306f\u7d20\u6674",
        "word",
        "na\u0131\u0308ve-",
        "\U0001f600 ",
    ],
)
def test_a_long_text_in_pieces_is_the_same_text(tokenizer: SequenceTokenizer, piece: str) -> None:
    from tokenizers import Tokenizer

    whole = Tokenizer.from_file(str(DEFAULT_DIRECTORY / "tokenizer.json"))
    text = piece * (300_000 // len(piece))
    (sequence,) = tokenizer.tokenize([text])
    assert sequence.ids.tolist() == whole.encode(text).ids
    assert sequence.first_segment == len(sequence)


@pytest.mark.parametrize("add_special_tokens", [True, False])
def test_a_long_pair_in_pieces_is_the_same_pair(
    tokenizer: SequenceTokenizer, add_special_tokens: bool
) -> None:
    from tokenizers import Tokenizer

    whole = Tokenizer.from_file(str(DEFAULT_DIRECTORY / "tokenizer.json"))
    first, second = "A fine film. " * 10_000, "word! " * 20_000
    expected = whole.encode(first, second, add_special_tokens=add_special_tokens)
    (sequence,) = tokenizer.tokenize([TextPair(first, second)], add_special_tokens)
    assert sequence.ids.tolist() == expected.ids
    assert sequence.first_segment == expected.type_ids.count(0)


def test_tokenizing_stops_when_the_request_is_cancelled(tokenizer: SequenceTokenizer) -> None:
    pair = TextPair("!" * 2_000_000, "!" * 2_000_000)
    for texts in (["! " * 4_000_000], ["good"] * 100_000, [pair]):
        with pytest.raises(TooManyTokensInRequest, match="more than 1000 tokens"):
            tokenizer.tokenize(texts, max_tokens=1000)
    assert len(tokenizer.tokenize(["good " * 998], max_tokens=1000)[0]) == 1000


ADVERSARIAL = {
    "marks of two classes": "\u0301\u0323",
    "runs of marks": "a" + "\u0323\u0301" * 40,
    "jamo": "\u1100\u1161\u11a8",
    "hangul": "\ud55c",
    "ligatures": "\ufdfa",
    "quotation marks": "\u2019",
    "one word": "word",
    "removed": "\u200b\u0000\ufffd",
    "growing": "\u0130",
    "emoji": "\U0001f600\u200d",
    "ideographs": "\u6620",
    "long words": "a" * 101 + " ",
    "words of 100": "a" * 100 + " ",
    "white space": " \u3000",
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_time_is_linear_in_the_length_of_a_text(tokenizer: SequenceTokenizer, name: str) -> None:
    unit = ADVERSARIAL[name]
    check_linear(lambda size: partial(tokenizer.tokenize, [unit * (size // len(unit.encode()))]))
