"""SentencePiece models: the pieces that the library itself reads, and damaged files."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
import sentencepiece
from small_tokenizers import REFERENCE

from distilbert_sentiment_arch.checkpoint.sentencepiece_model import read_pieces
from distilbert_sentiment_arch.errors import VocabularyError

MODEL = REFERENCE / "tokenizers" / "unigram" / "sentencepiece.bpe.model"


def field(number: int, content: bytes) -> bytes:
    """Returns a field of bytes; both lengths fit into seven bits."""
    return bytes([number << 3 | 2, len(content)]) + content


def piece(text: str, score: float = 0.0) -> bytes:
    return field(1, field(1, text.encode()) + bytes([2 << 3 | 5]) + struct.pack("<f", score))


def test_the_pieces_of_the_library() -> None:
    library = sentencepiece.SentencePieceProcessor(model_file=str(MODEL))
    expected = [
        (library.id_to_piece(place), library.get_score(place))
        for place in range(library.get_piece_size())
    ]
    assert read_pieces(MODEL) == expected


def test_unknown_fields_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "spm.model"
    fixed = bytes([9 << 3 | 5, 1, 2, 3, 4]) + bytes([10 << 3 | 1, *range(8)]) + bytes([11 << 3, 7])
    path.write_bytes(fixed + piece("good", -1.5) + field(15, b"later"))
    assert read_pieces(path) == [("good", -1.5)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has no piece"),
        (b"\x0a", "cut short"),
        (b"\x0a\x7fabc", "cut short"),
        (b"\x80" * 20, "more than 64 bits"),
        (b"\x0b", "a field of type 3"),
        (field(1, b""), "no text with a score"),
        (field(1, field(1, b"\xff")), "no SentencePiece model"),
        (piece("good", float("nan")), "not finite"),
        (piece("good") + field(2, bytes([3 << 3, 2])), "another algorithm than Unigram"),
        (b'{"model": {}}', "no SentencePiece model"),
    ],
)
def test_a_file_that_is_no_unigram_model(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "spm.model"
    path.write_bytes(content)
    with pytest.raises(VocabularyError, match=message) as refused:
        read_pieces(path)
    assert str(refused.value).startswith(str(path))


def test_a_damaged_model_is_read_or_refused(tmp_path: Path) -> None:
    content = MODEL.read_bytes()[:4000]
    choose = random.Random(3)
    path = tmp_path / "spm.model"
    outcomes = set()
    for _ in range(300):
        damaged = bytearray(content[: choose.randrange(1, len(content))])
        damaged[choose.randrange(len(damaged))] = choose.randrange(256)
        path.write_bytes(damaged)
        try:
            outcomes.add(bool(read_pieces(path)))
        except VocabularyError:
            outcomes.add(False)
    assert outcomes == {True, False}
