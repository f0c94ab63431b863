"""Import of the message definitions with which transformers reads SentencePiece models.

The package sentencepiece 0.2.3 has them for protobuf 7, and MAX 26.7 needs protobuf 6: the import
fails. transformers takes this for a file of another format, and refuses every SentencePiece model.
Its own copy of the same definitions works with protobuf 4 and later.
"""

from __future__ import annotations

import importlib
import sys

_NAME = "sentencepiece.sentencepiece_model_pb2"


def make_importable() -> None:
    """Puts the copy of transformers in the place of the definitions that cannot be imported."""
    try:
        importlib.import_module(_NAME)
    except Exception:  # protobuf raises an exception of its own; there may be no sentencepiece
        copy = importlib.import_module("transformers.utils.sentencepiece_model_pb2_new")
        sys.modules[_NAME] = copy
