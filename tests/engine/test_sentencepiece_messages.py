"""The import by which transformers reads SentencePiece models."""

from __future__ import annotations

import importlib
import sys

from small_tokenizers import REFERENCE

from distilbert_sentiment_arch.engine.sentencepiece_messages import make_importable


def test_transformers_reads_a_model() -> None:
    make_importable()
    from transformers.convert_slow_tokenizer import SentencePieceExtractor

    path = REFERENCE / "tokenizers" / "unigram" / "sentencepiece.bpe.model"
    extracted = SentencePieceExtractor(str(path))
    assert [piece.piece for piece in extracted.proto.pieces[:3]] == ["<unk>", "<s>", "</s>"]
    assert len(extracted.proto.pieces) == 650


def test_definitions_that_can_be_imported_stay() -> None:
    make_importable()
    before = importlib.import_module("sentencepiece.sentencepiece_model_pb2")
    make_importable()
    assert sys.modules["sentencepiece.sentencepiece_model_pb2"] is before
