"""The tokenizer against Hugging Face's, and where it differs on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from transformers import AutoTokenizer

from distilbert_sentiment_arch.checkpoint.source import DEFAULT_DIRECTORY
from distilbert_sentiment_arch.errors import InputError

if TYPE_CHECKING:
    from distilbert_sentiment_arch.tokenizer import DistilBertTokenizer

TEXTS = (Path(__file__).parent / "reference" / "texts.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tokenizer() -> DistilBertTokenizer:
    from distilbert_sentiment_arch.tokenizer import DistilBertTokenizer

    return DistilBertTokenizer(str(DEFAULT_DIRECTORY), None, max_length=512)  # type: ignore[arg-type]


def test_same_ids_as_hugging_face(tokenizer: DistilBertTokenizer) -> None:
    texts = TEXTS.splitlines()
    expected = AutoTokenizer.from_pretrained(DEFAULT_DIRECTORY)(texts)["input_ids"]
    assert [ids.tolist() for ids in tokenizer.tokenize(texts)] == expected


@pytest.mark.parametrize("special", ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"])
def test_special_tokens_in_a_text_are_text(tokenizer: DistilBertTokenizer, special: str) -> None:
    (ids,) = tokenizer.tokenize([f"good {special} film"])
    assert ids[0] == 101
    assert ids[-1] == 102
    assert not {0, 100, 101, 102, 103} & set(ids[1:-1].tolist())


def test_nothing_is_cut_or_padded(tokenizer: DistilBertTokenizer) -> None:
    short, long = tokenizer.tokenize(["good", "good " * 5000])
    assert (len(short), len(long)) == (3, 5002)


@pytest.mark.parametrize("ids", [[], [-1], [30522], [101, 2**63, 102], [-(2**70)]])
def test_ids_without_an_embedding(tokenizer: DistilBertTokenizer, ids: list[int]) -> None:
    with pytest.raises(InputError):
        tokenizer.check_ids(ids)


def test_every_id_with_an_embedding(tokenizer: DistilBertTokenizer) -> None:
    assert tokenizer.check_ids([0, 30521]).tolist() == [0, 30521]
