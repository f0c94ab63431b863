"""Special tokens that a user types, in vocabularies that hold them as pieces."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest
import sentencepiece
from family_references import reference
from small_tokenizers import REFERENCE, TEXTS
from tokenizers import Tokenizer, models, normalizers

from distilbert_sentiment_arch.engine.special_pieces import keep_from_texts

UNIGRAM = REFERENCE / "tokenizers" / "unigram"

SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 651}

TYPED = [
    *SPECIAL,
    "".join(SPECIAL),
    " ".join(SPECIAL),
    "good <pad> film</s></s>The end<mask>.",
    "<<pad>> <pad <pad>> pad> </ s> <MASK>",
    # The normalizer makes ASCII of these.
    "\uff1cpad\uff1e \uff1c\uff0fs\uff1e",
]


def loaded(*, kept: bool = True) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(UNIGRAM / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    if kept:
        keep_from_texts(tokenizer)
    return tokenizer


def sentencepiece_ids() -> Callable[[str], list[int]]:
    """Returns the ids that the model has for what SentencePiece itself reads in a text."""
    library = sentencepiece.SentencePieceProcessor(
        model_file=str(UNIGRAM / "sentencepiece.bpe.model")
    )
    names = [
        piece for piece, _ in json.loads((UNIGRAM / "tokenizer.json").read_text())["model"]["vocab"]
    ]
    places = {name: place for place, name in enumerate(names)}
    # A character that is unknown is a piece of its own there.
    return lambda text: [
        places["<unk>"] if library.piece_to_id(piece) == library.unk_id() else places[piece]
        for piece in library.encode(text, out_type=str)
    ]


def texts() -> list[str]:
    """Returns texts of many scripts and of random characters, none with a special token."""
    chance = random.Random(16)
    ranges = (range(32, 127), range(32, 0x3000), range(0x3000, 0xD800), range(0xE000, 0x1FFFF))
    made = [
        "".join(chr(chance.choice(chance.choice(ranges))) for _ in range(chance.randrange(1, 40)))
        for _ in range(3000)
    ]
    real = [line for text in TEXTS for line in ([text] if isinstance(text, str) else text)]
    return [text for text in [*real, *made] if not any(token in text for token in SPECIAL)]


@pytest.mark.parametrize("text", TYPED)
def test_a_typed_special_token_is_read_as_sentencepiece_reads_it(text: str) -> None:
    before = loaded(kept=False).encode(text, add_special_tokens=False).ids
    assert set(before) & set(SPECIAL.values())
    found = loaded().encode(text, add_special_tokens=False).ids
    assert found == sentencepiece_ids()(text)
    assert not set(found) & {SPECIAL[name] for name in SPECIAL if name != "<unk>"}


def test_every_other_text_has_the_ids_that_it_had() -> None:
    every = texts()
    assert len(every) > 3000
    expected = [each.ids for each in loaded(kept=False).encode_batch(every)]
    assert [each.ids for each in loaded().encode_batch(every)] == expected


def test_special_tokens_keep_their_names_ids_and_places() -> None:
    tokenizer = loaded()
    assert {name: tokenizer.token_to_id(name) for name in SPECIAL} == SPECIAL
    assert {tokenizer.id_to_token(place): place for place in SPECIAL.values()} == SPECIAL
    assert tokenizer.encode("", "").ids == [0, 2, 2, 2]


def test_the_references_on_file_hold_what_sentencepiece_reads() -> None:
    """``make_family_references.py`` has no SentencePiece where it runs."""
    ids = sentencepiece_ids()
    for text, answer in zip(TEXTS, reference("xlm-roberta"), strict=True):
        first, *second = [ids(line) for line in ([text] if isinstance(text, str) else text)]
        assert answer["ids"] == [0, *first, 2, *(each for line in second for each in (2, *line, 2))]


def with_bytes(*, kept: bool) -> Tokenizer:
    pieces = [("<unk>", 0.0), ("</s>", 0.0), *((f"<0x{byte:02X}>", -20.0) for byte in range(256))]
    pieces += [(letter, -2.0) for letter in "</s>abc"]
    tokenizer = Tokenizer(models.Unigram(pieces, 0, byte_fallback=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(["</s>", "<unk>"])
    tokenizer.encode_special_tokens = True
    if kept:
        keep_from_texts(tokenizer)
    return tokenizer


def test_unknown_characters_remain_bytes() -> None:
    for text in ("abc \u00e9", "\u6620"):
        expected = with_bytes(kept=False).encode(text).tokens
        assert "<0xC3>" in expected or "<0xE6>" in expected
        assert with_bytes(kept=True).encode(text).tokens == expected
    assert with_bytes(kept=False).encode("a</s>").tokens == ["a", "</s>"]
    assert with_bytes(kept=True).encode("a</s>").tokens == ["a", "<", "/", "s", ">"]


@pytest.mark.parametrize("directory", ["wordpiece-cased", "byte-level-bpe"])
def test_other_algorithms_are_left_as_they_are(directory: str) -> None:
    tokenizer = Tokenizer.from_file(str(REFERENCE / "tokenizers" / directory / "tokenizer.json"))
    before = tokenizer.to_str()
    keep_from_texts(tokenizer)
    assert tokenizer.to_str() == before
