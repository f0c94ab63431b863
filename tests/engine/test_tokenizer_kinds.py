"""The tokenizers of all families: the ids of Hugging Face, from whichever files there are."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

import pytest
import sentencepiece
from hostile import ATTACKS, body_of
from linear_time import check_linear
from small_tokenizers import ROWS, SAVED, TEXTS, served_tokenizer
from transformers import AutoTokenizer

from distilbert_sentiment_arch.classify.batching import Batcher
from distilbert_sentiment_arch.classify.interface import ClassifyRequest, TextPair
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.engine.in_process import InProcessModel, InProcessTransport
from distilbert_sentiment_arch.errors import BlankInput, InputError, TooManyTokensInRequest
from distilbert_sentiment_arch.settings.limits import MIB, Limits

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer

    Load = Callable[[str], EncoderTokenizer]

pytestmark = [
    pytest.mark.slow,
    # transformers passes the paths of older files to the library.
    pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning"),
]

SPECIAL = "<s> [SEP] <mask> [CLS] </s> [PAD] <pad> [UNK] <unk> [MASK]".split()

LONG = ["WordPiece, vocab.txt", "RoBERTa, older files", "XLM-R, SentencePiece"]
"""One of each algorithm."""


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Loads each tokenizer once."""

    @cache
    def loaded(name: str) -> EncoderTokenizer:
        return served_tokenizer(tmp_path_factory.mktemp("checkpoint"), SAVED[name])

    return loaded


def compared_texts(name: str) -> list[str | list[str]]:
    """Returns those that transformers 5 reads as the server does.

    It finds a user's special tokens in Unigram's vocabulary: SentencePiece is the reference then.
    """
    typed = SPECIAL if SAVED[name].directory == "unigram" else ()
    texts = [text for text in TEXTS if not any(token in str(text) for token in typed)]
    assert len(texts) >= len(TEXTS) - 4
    return texts


@pytest.mark.parametrize("name", SAVED)
def test_same_ids_and_token_types_as_hugging_face(load: Load, name: str) -> None:
    served = load(name)
    reference = AutoTokenizer.from_pretrained(served.model_path, split_special_tokens=True)
    texts = compared_texts(name)
    expected = [
        reference(*([text] if isinstance(text, str) else text), return_token_type_ids=True)
        for text in texts
    ]
    found = served.tokenize([text if isinstance(text, str) else TextPair(*text) for text in texts])
    assert [each.ids.tolist() for each in found] == [each["input_ids"] for each in expected]
    assert [each.first_segment for each in found] == [
        each["token_type_ids"].count(0) for each in expected
    ]


@pytest.mark.parametrize("name", SAVED)
def test_special_tokens_around_texts(load: Load, name: str) -> None:
    served = load(name)
    special = served.special_tokens()
    single, pair = served.tokenize(["a", TextPair("a", "a")])
    (inner,) = served.tokenize(["a"], add_special_tokens=False)
    body = inner.ids.tolist()
    first, last = [special.first], [special.last]
    assert single.ids.tolist() == [*first, *body, *last]
    assert pair.ids.tolist() == [*first, *body, *last * special.between, *body, *last]
    assert special.count(pair=False) == len(single) - len(body)
    assert special.count(pair=True) == len(pair) - 2 * len(body)


@pytest.mark.parametrize(
    ("name", "between"),
    [("WordPiece, vocab.txt", 1), ("RoBERTa, older files", 2), ("XLM-R, SentencePiece", 2)],
)
def test_separators_between_the_texts_of_a_pair(load: Load, name: str, between: int) -> None:
    assert load(name).special_tokens().between == between


@pytest.mark.parametrize("add_special_tokens", [True, False])
@pytest.mark.parametrize("name", [*LONG, "MPNet, vocab.txt", "ALBERT, SentencePiece"])
def test_a_long_pair_in_pieces_is_the_same_pair(
    load: Load, name: str, add_special_tokens: bool
) -> None:
    served = load(name)
    reference = AutoTokenizer.from_pretrained(served.model_path, split_special_tokens=True)
    texts = [text for text in compared_texts(name) if isinstance(text, str)]
    pair = TextPair(" ".join(texts * 30), "\n".join(texts[::-1] * 20))
    expected = reference(
        pair.first,
        pair.second,
        add_special_tokens=add_special_tokens,
        return_token_type_ids=True,
        verbose=False,
    )
    (found,) = served.tokenize([pair], add_special_tokens)
    assert found.ids.tolist() == expected["input_ids"]
    assert found.first_segment == expected["token_type_ids"].count(0)


HOSTILE = {
    "one word": "a",
    "words": "word ",
    "white space": " ",
    "no-break spaces": "\u00a0\u3000",
    "control characters": "\x01",
    "unknown": "\u6620",
    "marks": "\u0301\u0323",
    "expanding": "\ufdfa",
    "emoji": "\U0001f600\u200d",
    "special tokens": "<mask>",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", LONG[1:])
def test_time_is_linear_and_tokens_are_bounded(load: Load, name: str, unit: str) -> None:
    def tokenize(text: str) -> None:
        try:
            (sequence,) = load(name).tokenize([text], max_tokens=100_000)
        except TooManyTokensInRequest:
            return
        assert len(sequence) <= 100_000

    check_linear(lambda size: partial(tokenize, unit * (size // len(unit.encode()))))


def strings(value: object) -> Iterator[str]:
    """Yields the texts in a JSON value that can be encoded, as long as a server reads them."""
    if isinstance(value, str):
        with suppress(UnicodeEncodeError):
            yield value[: Limits().max_request_characters].encode().decode()
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value[:100]:
            yield from strings(inner)


@cache
def hostile_texts() -> list[str]:
    """Returns the texts of the requests in ``tests/attacks``, of those below a megabyte."""
    found: set[str] = set()
    for path in ATTACKS:
        attack = tomllib.loads(path.read_text(encoding="utf-8"))
        body = body_of(attack) if "body" in attack else b""
        with suppress(ValueError, RecursionError):
            found.update(strings(json.loads(body)) if len(body) < MIB else [])
    return sorted(found)


@pytest.mark.parametrize("name", LONG[1:])
def test_texts_of_attacks_have_tokens_with_an_embedding(load: Load, name: str) -> None:
    served = load(name)
    read = 0
    for text in hostile_texts():
        for item in (text, TextPair("good", text)):
            with suppress(TooManyTokensInRequest):
                (sequence,) = served.tokenize([item], max_tokens=Limits().max_request_tokens)
                assert 0 <= sequence.ids.min() <= sequence.ids.max() < ROWS
                read += 1
    assert read > 40


@pytest.mark.parametrize("name", LONG)
def test_what_the_tokenizer_drops_is_blank(load: Load, name: str) -> None:
    """Zero-width spaces are no white space, and neither WordPiece nor SentencePiece reads them."""
    served = load(name)
    labels = LabelSet(("a", "b"), "single_label_classification")
    transport = InProcessTransport(cast(InProcessModel, None))
    classifier = ModelClassifier("a", served, labels, 40, Batcher(transport, 1, 512))
    for item in ("\u200b", TextPair("\u200b", "\u200b")):
        (sequence,) = served.tokenize([item])
        request = ClassifyRequest([item])
        if len(sequence) > served.special_tokens().count(pair=isinstance(item, TextPair)):
            assert name.startswith("RoBERTa")
            continue
        with pytest.raises(BlankInput, match="no character that the tokenizer reads"):
            asyncio.run(classifier.classify(request))


def test_a_word_of_megabytes_is_refused_before_all_its_tokens_are_in_memory(load: Load) -> None:
    served = load("RoBERTa, older files")
    with pytest.raises(TooManyTokensInRequest, match="more than 1000 tokens"):
        served.tokenize(["\u6620" * 8_000_000], max_tokens=1000)
    assert len(served.tokenize(["\u6620" * 40_000])[0]) > 40_000


@pytest.mark.parametrize("name", SAVED)
def test_special_tokens_in_a_text_are_text(load: Load, name: str) -> None:
    served = load(name)
    known = dict(
        zip(served.delegate.all_special_tokens, served.delegate.all_special_ids, strict=True)
    )
    assert set(known) <= set(SPECIAL)
    # An unknown character is the unknown token, and "[" is unknown to some of them.
    special = set(known.values()) - {served.delegate.unk_token_id}
    assert len(special) >= 2
    typed = [*SPECIAL, " ".join(SPECIAL), "".join(SPECIAL), f"good{SPECIAL[4]}{SPECIAL[4]}film"]
    for text in (*typed, " ".join(SPECIAL * 500)):
        for item in (text, TextPair(text, text)):
            (sequence,) = served.tokenize([item], add_special_tokens=False)
            assert len(sequence) > 0
            assert not special & set(sequence.ids.tolist())


def test_special_tokens_in_a_text_are_what_sentencepiece_reads(load: Load) -> None:
    served = load("XLM-R, SentencePiece")
    model = Path(served.model_path) / "sentencepiece.bpe.model"
    library = sentencepiece.SentencePieceProcessor(model_file=str(model))
    typed = [f"good {token} film{token}" for token in SPECIAL]
    for text, found in zip(typed, served.tokenize(typed, add_special_tokens=False), strict=True):
        # fairseq has four tokens in place of SentencePiece's first three.
        expected = [3 if piece == library.unk_id() else piece + 1 for piece in library.encode(text)]
        assert found.ids.tolist() == expected


def test_a_panic_of_the_library_refuses_the_input(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):
        """The exception that a Rust panic becomes; pyo3 gives it this name."""

    class Panicking:
        def encode(self, *_: object, **__: object) -> NoReturn:
            raise PanicException("called `Option::unwrap()` on a `None` value")

    served = load("RoBERTa, older files")
    monkeypatch.setattr(served, "_rust", Panicking())
    with pytest.raises(InputError, match="The tokenizer cannot read this input"):
        served.tokenize(["good"])


def test_no_file_of_a_checkpoint_is_changed(load: Load) -> None:
    served = load("XLM-R, SentencePiece")
    assert {path.name for path in Path(served.model_path).iterdir()} == {
        "config.json",
        "model.safetensors",
        "sentencepiece.bpe.model",
        "tokenizer_config.json",
    }
