"""Checks of a checkpoint's tokenizer files, before MAX or transformers are imported.

transformers builds most tokenizers from the vocabulary in tokenizer.json (or in an older file) and
the settings in tokenizer_config.json. tokenizer.json also describes a complete tokenizer. The two
have to agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.checkpoint.files import is_present
from distilbert_sentiment_arch.checkpoint.older_vocabularies import read_older_files
from distilbert_sentiment_arch.checkpoint.tokenizer_json import (
    check_count,
    other_size,
    read_tokenizer_json,
)
from distilbert_sentiment_arch.checkpoint.tokenizer_kinds import kind_of
from distilbert_sentiment_arch.checkpoint.tokenizer_probe import (
    REMEDY,
    call_checked,
    check_encodings,
)
from distilbert_sentiment_arch.checkpoint.tokenizer_settings import read_settings
from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.messages import shown

# Training frameworks pad the embedding to a multiple of at most this many rows.
_ROUNDING = 1024


def check_tokenizer(directory: Path, rows: int) -> None:
    """Checks that the tokenizer of a checkpoint encodes texts as its model expects.

    Args:
        directory: Directory of the checkpoint.
        rows: Rows of its embedding matrix.

    Raises:
        VocabularyError: The files are missing or damaged, belong to another kind of tokenizer, do
            not agree with each other or with the embedding, or see ``check_encodings``.
    """
    settings = read_settings(directory)
    kind = kind_of(settings["class"])
    path = directory / "tokenizer.json"
    if is_present(path):
        tokenizer = read_tokenizer_json(path, settings, rows)
    else:
        path = directory / kind.files[0]
        tokenizer = read_older_files(directory, settings, rows)
    size = _add_tokens(tokenizer, settings, path)
    if not 0 <= rows - size < _ROUNDING:
        raise other_size(path, size, rows)
    cls, sep, unk = (
        tokenizer.token_to_id(settings[name]) if name in settings else None
        for name in ("cls_token", "sep_token", "unk_token")
    )
    check_encodings(tokenizer, cls, sep, unk, rows, path)


def _add_tokens(tokenizer: Any, settings: Mapping[str, Any], path: Path) -> int:
    """Adds the added tokens of the settings; returns the highest id plus 1.

    Raises:
        VocabularyError: A token would get another id than the settings state, and therefore the
            embedding of another token.
    """
    check_count(settings["added"], path)
    added = sorted(settings["added"].items(), key=lambda item: (item[1] is None, item[1] or 0))
    # In one call, because each call rebuilds the search for added tokens.
    call_checked(path, tokenizer.add_tokens, [content for content, _ in added])
    for content, stated in added:
        found = tokenizer.token_to_id(content)
        if stated is not None and found != stated:
            raise VocabularyError(
                f"{path}: the added token {shown(content)} gets the id {found}, and "
                f"tokenizer_config.json says {stated}. {REMEDY}"
            )
    if type(tokenizer.model).__name__ == "Unigram":  # its ids are places
        return int(tokenizer.get_vocab_size())
    return max(call_checked(path, tokenizer.get_vocab).values(), default=-1) + 1
