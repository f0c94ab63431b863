"""Checks of a checkpoint's tokenizer files, before MAX or transformers are imported.

transformers builds BERT's tokenizer from the vocabulary in tokenizer.json (or vocab.txt) and the
settings in tokenizer_config.json. tokenizer.json also describes a complete tokenizer. The two have
to agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.checkpoint.files import (
    VOCABULARY_LIMIT,
    is_present,
    read_bytes,
    read_json,
)
from distilbert_sentiment_arch.checkpoint.tokenizer_probe import (
    REMEDY,
    call_checked,
    check_encodings,
)
from distilbert_sentiment_arch.checkpoint.tokenizer_settings import (
    GENERIC,
    NEEDED,
    no_token,
    read_settings,
    token_text,
)
from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.messages import shown

# Files that transformers takes for the vocabulary if there is no tokenizer.json.
_OTHER_VOCABULARIES = ("tekken.json", "tiktoken.model", "tokenizer.model")

# Components of BERT's tokenizers. Long texts are split where BertPreTokenizer splits.
_PARTS: dict[str, tuple[str | None, ...]] = {
    "model": ("WordPiece",),
    "pre_tokenizer": ("BertPreTokenizer",),
    "normalizer": ("BertNormalizer", "Sequence", None),
    "post_processor": ("TemplateProcessing", "BertProcessing"),
}
_NORMALIZERS = ("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents")

# Every text is searched for added tokens, so their number is limited.
_MAX_ADDED_TOKENS = 10_000

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
    path = directory / "tokenizer.json"
    if is_present(path):
        tokenizer = _read_tokenizer(path, settings, rows)
    else:
        path = directory / "vocab.txt"
        if not is_present(path):
            raise VocabularyError(
                f"{directory}: no tokenizer.json and no vocab.txt. Save the tokenizer beside the "
                "weights."
            )
        for name in _OTHER_VOCABULARIES:
            if is_present(directory / name):
                raise VocabularyError(
                    f"{directory / name}: transformers would read it in place of vocab.txt. "
                    "Remove it."
                )
        tokenizer = _read_vocabulary(path, settings, rows)
    size = _add_tokens(tokenizer, settings, path)
    if not 0 <= rows - size < _ROUNDING:
        raise _other_size(path, size, rows)
    cls, sep, unk = (tokenizer.token_to_id(settings[name]) for name in NEEDED)
    check_encodings(tokenizer, cls, sep, unk, rows, path)


def _other_size(path: Path, size: int, rows: int) -> VocabularyError:
    return VocabularyError(
        f"{path}: the tokenizer knows {size} tokens and the embedding of the checkpoint has {rows} "
        f"rows. {REMEDY}"
    )


def _read_tokenizer(path: Path, settings: Mapping[str, Any], rows: int) -> Any:
    content = read_json(path, VOCABULARY_LIMIT, VocabularyError)
    for part, types in _PARTS.items():
        value = content.get(part)
        found = value.get("type") if isinstance(value, dict) else value
        if found not in types:
            raise VocabularyError(
                f"{path}: its {part} is {shown(found)}, and a BERT tokenizer has "
                f"{' or '.join(map(str, types))}. {REMEDY}"
            )
    model, normalizer = content["model"], content.get("normalizer") or {}
    for each in _sequence(normalizer):
        if not isinstance(each, dict) or each.get("type") not in _NORMALIZERS:
            raise VocabularyError(f"{path}: its normalizer holds {shown(each)}. {REMEDY}")
    _check_template(content["post_processor"], path)
    _check_vocabulary(model.get("vocab"), path, rows)
    if model.get("unk_token") != settings["unk_token"]:
        raise VocabularyError(
            f"{path}: the unknown token is {shown(model.get('unk_token'))} here and "
            f"{shown(settings['unk_token'])} in tokenizer_config.json. Make them agree."
        )
    lower = normalizer.get("lowercase")
    configured = settings.get("do_lower_case", True)
    if settings.get("tokenizer_class") not in GENERIC and lower not in (None, configured):
        raise VocabularyError(
            f"{path}: lowercase is {shown(lower)} and do_lower_case {shown(configured)} in "
            "tokenizer_config.json (true where it is left out). Make them agree."
        )
    from tokenizers import Tokenizer

    added = content.get("added_tokens")
    if not isinstance(added, list):
        raise no_token(added, "added_tokens", path)
    _check_count(added, path)
    texts = [token_text(token, "added_tokens", path) for token in added]
    tokenizer = call_checked(path, Tokenizer.from_str, json.dumps(content))
    for token, text in zip(added, texts, strict=True):
        if tokenizer.token_to_id(text) != token.get("id"):
            raise VocabularyError(
                f"{path}: the added token {shown(text)} has the id {shown(token.get('id'))} there, "
                f"and {tokenizer.token_to_id(text)} once it is loaded. {REMEDY}"
            )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _check_count(added: Sized, path: Path) -> None:
    if len(added) > _MAX_ADDED_TOKENS:
        raise VocabularyError(
            f"{path}: {len(added)} tokens are added to the vocabulary, and at most "
            f"{_MAX_ADDED_TOKENS} are read. {REMEDY}"
        )


def _sequence(normalizer: Mapping[str, Any]) -> list[Any]:
    if normalizer.get("type") != "Sequence":
        return []
    parts = normalizer.get("normalizers")
    return parts if isinstance(parts, list) else [parts]


def _check_template(processor: Mapping[str, Any], path: Path) -> None:
    """Checks properties of a template that the tokenizers library assumes, and panics without."""
    if processor["type"] != "TemplateProcessing":
        return
    special = processor.get("special_tokens")
    known = special if isinstance(special, dict) else {}
    for token in known.values():
        if not isinstance(token, dict) or any(
            not isinstance(token.get(name), list) or len(token[name]) != 1
            for name in ("ids", "tokens")
        ):
            raise VocabularyError(
                f"{path}: its post_processor has the special token {shown(token)}, and a BERT "
                f"tokenizer has one id and one token for each. {REMEDY}"
            )
    for template in ("single", "pair"):
        pieces = processor.get(template)
        for piece in pieces if isinstance(pieces, list) else [pieces]:
            inner = piece.get("SpecialToken", {}) if isinstance(piece, dict) else None
            name = inner.get("id") if isinstance(inner, dict) else None
            if inner != {} and (not isinstance(name, str) or name not in known):
                raise VocabularyError(
                    f"{path}: its post_processor holds {shown(piece)}, which is none of its "
                    f"special tokens. {REMEDY}"
                )


def _check_vocabulary(vocabulary: object, path: Path, rows: int) -> None:
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise VocabularyError(f"{path}: its model has no vocabulary. {REMEDY}")
    if len(vocabulary) > rows:
        raise _other_size(path, len(vocabulary), rows)
    if not all(type(token) is int and 0 <= token < 2**31 for token in vocabulary.values()):
        raise VocabularyError(f"{path}: its vocabulary holds an id that is no id. {REMEDY}")
    if len(set(vocabulary.values())) < len(vocabulary):
        raise VocabularyError(f"{path}: its vocabulary gives one id to two tokens. {REMEDY}")


def _read_vocabulary(path: Path, settings: Mapping[str, Any], rows: int) -> Any:
    """Builds the tokenizer that transformers would build from a vocab.txt."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    blob = read_bytes(path, VOCABULARY_LIMIT, VocabularyError)
    try:
        text = blob.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VocabularyError(f"{path}: not text in UTF-8 ({error}). {REMEDY}") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    if len(lines) > rows:
        raise _other_size(path, len(lines), rows)
    vocabulary = {line: place for place, line in enumerate(lines)}
    for name in NEEDED:
        times = lines.count(settings[name])
        if times != 1:
            raise VocabularyError(
                f"{path}: {shown(settings[name])}, the {name}, is {times} of its lines, and has to "
                f"be one. {REMEDY}"
            )
    tokenizer = Tokenizer(
        call_checked(path, lambda: models.WordPiece(vocabulary, unk_token=settings["unk_token"]))
    )
    tokenizer.normalizer = normalizers.BertNormalizer(
        handle_chinese_chars=settings.get("tokenize_chinese_chars") is not False,
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case") is not False,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cls, sep = settings["cls_token"], settings["sep_token"]
    tokenizer.post_processor = call_checked(
        path,
        processors.BertProcessing,
        (sep, vocabulary[sep]),
        (cls, vocabulary[cls]),
    )
    return tokenizer


def _add_tokens(tokenizer: Any, settings: Mapping[str, Any], path: Path) -> int:
    """Adds the added tokens of the settings; returns the highest id plus 1.

    Raises:
        VocabularyError: A token would get another id than the settings state, and therefore the
            embedding of another token.
    """
    _check_count(settings["added"], path)
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
    return max(call_checked(path, tokenizer.get_vocab).values(), default=-1) + 1
