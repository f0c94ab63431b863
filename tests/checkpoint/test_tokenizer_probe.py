"""Checks of a tokenizer's output on sample texts, whether we or transformers built it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
from small_tokenizers import REFERENCE
from tokenizers import Regex, Tokenizer
from tokenizers.normalizers import Replace
from tokenizers.processors import BertProcessing, RobertaProcessing, TemplateProcessing

from distilbert_sentiment_arch.checkpoint.tokenizer_probe import call_checked, check_encodings
from distilbert_sentiment_arch.classify.token_sequence import SpecialTokens
from distilbert_sentiment_arch.errors import VocabularyError
from scripts.checkpoint_fuzz.base import valid_checkpoint
from scripts.checkpoint_fuzz.cases import write

ROWS = 59


@pytest.fixture
def tokenizer(tmp_path: Path) -> Tokenizer:
    write(valid_checkpoint("tokenizer.json", 1), tmp_path)
    return Tokenizer.from_file(str(tmp_path / "tokenizer.json"))


def test_a_bert_tokenizer_fits(tokenizer: Tokenizer) -> None:
    check_encodings(tokenizer, 2, 3, 1, ROWS, "here")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ((None, 3, 1), r"\[CLS\] within the 59 rows.*there is none"),
        ((2, 59, 1), r"\[SEP\] within the 59 rows.*its id is 59"),
        ((2, 3, 3), "have the ids 2, 3, 3; they must differ"),
        ((4, 3, 1), r"makes \[2, 3\] of an empty text"),
    ],
)
def test_special_tokens(
    tokenizer: Tokenizer, ids: tuple[int | None, int, int], message: str
) -> None:
    with pytest.raises(VocabularyError, match=message):
        check_encodings(tokenizer, *ids, ROWS, "here")


@pytest.mark.parametrize(
    "post_processor",
    [
        BertProcessing(("[CLS]", 2), ("[SEP]", 3)),
        TemplateProcessing(single="$A", pair="$A $B", special_tokens=[]),
        TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 2)]),
    ],
)
def test_other_templates(tokenizer: Tokenizer, post_processor: Any) -> None:
    tokenizer.post_processor = post_processor
    with pytest.raises(VocabularyError, match="of an empty text"):
        check_encodings(tokenizer, 2, 3, 1, ROWS, "here")


def test_two_separators_between_the_texts_of_a_pair_fit(tokenizer: Tokenizer) -> None:
    tokenizer.post_processor = RobertaProcessing(("[SEP]", 3), ("[CLS]", 2))
    check_encodings(tokenizer, 2, 3, 1, ROWS, "here")


def small(name: str) -> Tokenizer:
    return Tokenizer.from_file(str(REFERENCE / "tokenizers" / name / "tokenizer.json"))


def test_byte_pairs_need_no_unknown_token() -> None:
    check_encodings(small("byte-level-bpe"), 0, 2, None, 650, "here")
    with pytest.raises(VocabularyError, match=r"needs a token for \[UNK\]"):
        check_encodings(small("unigram"), 0, 2, None, 652, "here")


@pytest.mark.parametrize(("name", "unk"), [("byte-level-bpe", 3), ("unigram", 3)])
def test_a_vocabulary_whose_words_are_not_found(name: str, unk: int) -> None:
    tokenizer = small(name)
    check_encodings(tokenizer, 0, 2, unk, 652, "here")
    tokenizer.normalizer = Replace(Regex("[a-z]"), "#")
    with pytest.raises(VocabularyError, match="words of its vocabulary, of which it finds 0"):
        check_encodings(tokenizer, 0, 2, unk, 652, "here")


def test_a_panic_of_the_library_is_an_error_with_its_file() -> None:
    class PanicException(BaseException):
        """The exception that a Rust panic becomes; pyo3 gives it this name."""

    def panic() -> NoReturn:
        raise PanicException("called `Option::unwrap()` on a `None` value")

    with pytest.raises(VocabularyError, match=r"^tokenizer\.json: .*PanicException: called"):
        call_checked("tokenizer.json", panic)


@pytest.mark.slow
def test_a_tokenizer_built_by_transformers_is_checked_too(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from distilbert_sentiment_arch.engine.tokenizer import _checked_tokenizer

    checkpoint = valid_checkpoint("generic", 1)
    write(checkpoint, tmp_path)
    delegate = AutoTokenizer.from_pretrained(tmp_path)
    rust, special = _checked_tokenizer(delegate, ROWS, "here")
    assert rust.encode("good").ids == [2, 57, 3]
    assert special == SpecialTokens(first=2, last=3, between=1, typed=False)
    delegate.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A", pair="$A $B", special_tokens=[]
    )
    with pytest.raises(VocabularyError, match=r"makes \[\] of an empty text"):
        _checked_tokenizer(delegate, ROWS, "here")
    with pytest.raises(VocabularyError, match="knows 59 tokens and the embedding has 58 rows"):
        _checked_tokenizer(delegate, 58, "here")
