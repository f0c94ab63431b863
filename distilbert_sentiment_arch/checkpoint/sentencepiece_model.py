"""Reading of SentencePiece models: the pieces of a Unigram vocabulary and their scores.

The format is Protocol Buffers (https://protobuf.dev/programming-guides/encoding/), and the fields
are those of sentencepiece_model.proto.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.files import VOCABULARY_LIMIT, read_bytes
from distilbert_sentiment_arch.errors import VocabularyError

# Types of a field in Protocol Buffers.
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Fields of a model, of one of its pieces, and of the settings of its training.
_PIECES, _TRAINER = 1, 2
_PIECE, _SCORE = 1, 2
_MODEL_TYPE, _UNIGRAM = 3, 1

_REMEDY = "Put the SentencePiece model of this checkpoint beside it."


def read_pieces(path: Path) -> list[tuple[str, float]]:
    """Returns the pieces of a model and their scores, in the order of their ids.

    Raises:
        VocabularyError: The file cannot be read, is no SentencePiece model, or one of another
            algorithm than Unigram.
    """
    blob = read_bytes(path, VOCABULARY_LIMIT, VocabularyError)
    pieces: list[tuple[str, float]] = []
    algorithm: bytes | int = _UNIGRAM
    try:
        for number, value in _fields(blob):
            if number == _PIECES and isinstance(value, bytes):
                pieces.append(_piece(value))
            elif number == _TRAINER and isinstance(value, bytes):
                algorithm = dict(_fields(value)).get(_MODEL_TYPE, _UNIGRAM)
        if not pieces:
            raise ValueError("it has no piece")
    except ValueError as error:
        raise VocabularyError(f"{path}: no SentencePiece model ({error}). {_REMEDY}") from None
    if algorithm != _UNIGRAM:
        raise VocabularyError(
            f"{path}: a SentencePiece model of another algorithm than Unigram. {_REMEDY}"
        )
    return pieces


def _piece(blob: bytes) -> tuple[str, float]:
    values = dict(_fields(blob))
    text, score = values.get(_PIECE, b""), values.get(_SCORE, bytes(4))
    if not isinstance(text, bytes) or not text or not isinstance(score, bytes) or len(score) != 4:
        raise ValueError("a piece is no text with a score")
    (number,) = struct.unpack("<f", score)
    if not math.isfinite(number):
        raise ValueError("a score is not finite")
    return text.decode("utf-8"), number


def _fields(blob: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yields the number and the value of each field."""
    place = 0
    while place < len(blob):
        key, place = _varint(blob, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(blob, place)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, place = _varint(blob, place)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of type {kind}")
        if size > len(blob) - place:
            raise ValueError("it is cut short")
        yield key >> 3, blob[place : place + size]
        place += size


def _varint(blob: bytes, place: int) -> tuple[int, int]:
    """Returns an integer of seven bits a byte, and the place behind it."""
    if place < len(blob) and blob[place] < 0x80:
        return blob[place], place + 1
    value = 0
    for shift in range(0, 64, 7):
        if place >= len(blob):
            raise ValueError("it is cut short")
        byte = blob[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("an integer of more than 64 bits")
