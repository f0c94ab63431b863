"""Special tokens among the pieces of a Unigram vocabulary, kept from matching a text."""

from __future__ import annotations

import json
from secrets import token_hex
from typing import Any


def keep_from_texts(tokenizer: Any) -> None:
    """Makes Unigram read a typed "<pad>" or "</s>" as the pieces that are left without it.

    SentencePiece never finds its control pieces in a text. The ``tokenizers`` library knows no such
    kind of piece and does, whatever ``encode_special_tokens`` says. The ids of all tokens remain.

    Args:
        tokenizer: A ``tokenizers.Tokenizer``; one of another algorithm is left as it is.
    """
    from tokenizers import models

    if not isinstance(tokenizer.model, models.Unigram):
        return
    added = tokenizer.get_added_tokens_decoder().values()
    special = {token.content for token in added if token.special}
    # What it pickles is the only way to its pieces and their scores: the same as in tokenizer.json.
    state = json.loads(tokenizer.model.__getstate__())
    vocab = [tuple(piece) for piece in state["vocab"]]
    places = [place for place, (piece, _) in enumerate(vocab) if piece in special]
    if not places:
        return
    # A name that nobody can type, because nobody knows it: of any fixed one, some normalizer or
    # some vocabulary might make it of a text.
    secret = token_hex(16)
    for place in places:
        piece, score = vocab[place]
        vocab[place] = (f"{piece} {secret}", score)
    tokenizer.model = models.Unigram(vocab, state["unk_id"], state["byte_fallback"])
