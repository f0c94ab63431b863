"""Reader of tokenizer_config.json and its older companion files, with transformers' defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.checkpoint.files import CONFIG_LIMIT, is_present, read_json
from distilbert_sentiment_arch.checkpoint.tokenizer_kinds import (
    CLASSES,
    NAMES,
    TOKEN_NAMES,
    class_name,
    kind_of,
)
from distilbert_sentiment_arch.checkpoint.tokenizer_probe import REMEDY
from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.messages import shown

# Settings that name other files or code, which transformers would load.
_REFUSED = (
    "_spm_precompiled_charsmap",
    "auto_map",
    "fast_tokenizer_files",
    "gguf_file",
    "init_inputs",
    "merges",
    "merges_file",
    "post_processor",
    "tokenizer_file",
    "tokenizer_object",
    "vocab",
    "vocab_file",
)

_NEEDED = ("cls_token", "sep_token")

# Keys of a token that is written as an object.
_TOKEN_KEYS = ("__type", "content", "id")
_ATTRIBUTES = ("lstrip", "normalized", "rstrip", "single_word", "special")

_BOOLEANS = (
    "add_prefix_space",
    "do_lower_case",
    "keep_accents",
    "split_by_punct",
    "split_special_tokens",
    "strip_accents",
    "tokenize_chinese_chars",
    "trim_offsets",
)
_SIDES = ("padding_side", "truncation_side")

# Maximum characters of a token: the time to add one grows with the cube of its length.
_MAX_TOKEN_LENGTH = 256


def read_settings(directory: Path) -> dict[str, Any]:
    """Reads tokenizer_config.json and adds the defaults of transformers.

    Returns:
        The settings by name. Special tokens are strings; ``class`` is the tokenizer class that
        transformers takes, without ``Fast``; ``added`` maps the texts of added tokens to their ids,
        None if no id is stated.

    Raises:
        VocabularyError: A file cannot be read, or a setting cannot be used by transformers or
            makes it load other files.
    """
    path = directory / "tokenizer_config.json"
    settings = read_json(path, CONFIG_LIMIT, VocabularyError) if is_present(path) else {}
    _check_settings(settings, path)
    chosen = _class(directory, settings, path)
    kind = kind_of(chosen)
    added: dict[str, int | None] = {}
    decoder = settings.get("added_tokens_decoder")
    if decoder is None:
        legacy = directory / "special_tokens_map.json"
        for name, value in _legacy(directory, legacy.name).items():
            settings[name] = token_text(value, name, legacy) if isinstance(value, dict) else value
        _check_settings(settings, legacy)
        legacy = directory / "added_tokens.json"
        for text, place in _legacy(directory, legacy.name).items():
            added[token_text(text, "a key", legacy)] = _place(place, legacy)
    elif isinstance(decoder, dict):
        for place, each in decoder.items():
            number = int(place) if place.isascii() and place.isdigit() and len(place) < 10 else None
            added[token_text(each, "added_tokens_decoder", path)] = _place(number, path)
    else:
        raise no_token(decoder, "added_tokens_decoder", path)
    for each in TOKEN_NAMES:
        token: object = settings.get(each, kind.tokens.get(each))
        if token is None and each in _NEEDED:
            example = kind.tokens.get(each, f"[{each[:3].upper()}]")
            raise VocabularyError(
                f"{path}: {each} is missing or null. Name the token: "
                f'"{each}": {json.dumps(example)}.'
            )
        if token is not None:
            settings[each] = token_text(token, each, path, typed=True)
    for token in _named(settings, path):
        added.setdefault(token, None)
    return settings | {"added": added, "class": chosen}


def _class(directory: Path, settings: Mapping[str, Any], path: Path) -> str:
    """Returns the tokenizer class that transformers takes.

    Raises:
        VocabularyError: It is none that is served, or needs a tokenizer.json that is not there.
    """
    of_model = directory / "config.json"
    config = read_json(of_model, CONFIG_LIMIT, VocabularyError) if is_present(of_model) else {}
    chosen = settings.get("tokenizer_class")
    if chosen is None and config.get("tokenizer_class") is not None:
        chosen, path = config["tokenizer_class"], of_model
    if chosen is not None and chosen not in CLASSES:
        raise VocabularyError(
            f"{path}: tokenizer_class is {shown(chosen)}; supported are "
            f"{', '.join(NAMES)}. {REMEDY}"
        )
    name = class_name(chosen, config.get("model_type"))
    if not kind_of(name).files and not is_present(directory / "tokenizer.json"):
        raise VocabularyError(
            f"{path}: tokenizer_class is {shown(chosen or name)}, which needs a tokenizer.json, "
            "and there is none. Save the tokenizer beside the weights."
        )
    return name


def _legacy(directory: Path, name: str) -> dict[str, Any]:
    path = directory / name
    return read_json(path, CONFIG_LIMIT, VocabularyError) if is_present(path) else {}


def _check_settings(settings: Mapping[str, Any], path: Path) -> None:
    for name in _REFUSED:
        if settings.get(name) not in (None, [], ()):
            raise VocabularyError(
                f"{path}: {name} is {shown(settings[name])}, which leads away from the files of "
                "the checkpoint. Remove it."
            )
    for name in _BOOLEANS:
        if not isinstance(settings.get(name), bool | None):
            raise VocabularyError(
                f"{path}: {name} is {shown(settings[name])}, not true or false. Correct it."
            )
    for name in _SIDES:
        if settings.get(name, "right") not in ("left", "right"):
            raise VocabularyError(
                f"{path}: {name} is {shown(settings[name])}, not left or right. Correct it."
            )


def _named(settings: Mapping[str, Any], path: Path) -> Iterator[str]:
    """Yields the tokens that transformers adds if the vocabulary does not contain them."""
    for name, token in settings.items():
        if name in ("bos_token", "eos_token") and token is not None:
            yield token_text(token, name, path, typed=True)
        elif name.endswith("_token") and isinstance(token, str):
            yield token_text(token, name, path)
    for name in ("extra_special_tokens", "additional_special_tokens"):
        tokens = settings.get(name) or []
        if not isinstance(tokens, list | dict):
            raise no_token(tokens, name, path)
        for token in tokens.values() if isinstance(tokens, dict) else tokens:
            yield token_text(token, name, path, typed=True)


def token_text(token: object, name: str, path: Path, *, typed: bool = False) -> str:
    """Returns the text of a token, which is written as a string or as an object.

    Args:
        token: The value in the file.
        name: Its key, for messages.
        path: The file, for messages.
        typed: An object has to contain ``"__type": "AddedToken"``; otherwise it must not.

    Raises:
        VocabularyError: The value is not a token, or too long.
    """
    content = token
    if isinstance(token, dict):
        content = token.get("content")
        attributes = {key: value for key, value in token.items() if key not in _TOKEN_KEYS}
        if (
            token.get("__type") != ("AddedToken" if typed else None)
            or not attributes.keys() <= set(_ATTRIBUTES)
            or not all(isinstance(value, bool) for value in attributes.values())
        ):
            raise no_token(token, name, path)
    if not isinstance(content, str) or not content or not _is_encodable(content):
        raise no_token(token, name, path)
    if len(content) > _MAX_TOKEN_LENGTH:
        raise VocabularyError(
            f"{path}: {name} holds a token of {len(content)} characters, and at most "
            f"{_MAX_TOKEN_LENGTH} are read. {REMEDY}"
        )
    return content


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def no_token(token: object, name: str, path: Path) -> VocabularyError:
    """Returns the error for a value that is not a token."""
    return VocabularyError(f"{path}: {name} holds {shown(token)}, which is no token. {REMEDY}")


def _place(place: object, path: Path) -> int:
    if not isinstance(place, int) or isinstance(place, bool) or place < 0:
        raise VocabularyError(f"{path}: an added token has an id that is no number. {REMEDY}")
    return place
