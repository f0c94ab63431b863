"""The tokenizer files of a checkpoint, read and tried out before MAX or transformers are imported.

transformers builds BERT's tokenizer from the vocabulary of tokenizer.json (or from vocab.txt) and
the settings in tokenizer_config.json; tokenizer.json on its own says how the vocabulary was used.
Both have to come to the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.checkpoint.files import (
    CONFIG_LIMIT,
    VOCABULARY_LIMIT,
    is_present,
    read_bytes,
    read_json,
)
from distilbert_sentiment_arch.checkpoint.tokenizer_probe import REMEDY, called, check_encodings
from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.messages import shown

_BERT = ("BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast")
_GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")

_DEFAULTS = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}

# Settings that name other files or code, which transformers would follow.
_REFUSED = (
    "auto_map",
    "fast_tokenizer_files",
    "gguf_file",
    "init_inputs",
    "merges_file",
    "post_processor",
    "tokenizer_file",
    "tokenizer_object",
    "vocab",
    "vocab_file",
)

_NEEDED = ("cls_token", "sep_token", "unk_token")

# What transformers takes for a vocabulary where there is no tokenizer.json.
_OTHER_VOCABULARIES = ("tekken.json", "tiktoken.model", "tokenizer.model")

# The attributes of a token that is written as an object.
_OF_A_TOKEN = ("__type", "content", "id")
_ATTRIBUTES = ("lstrip", "normalized", "rstrip", "single_word", "special")

_BOOLEANS = ("do_lower_case", "split_special_tokens", "strip_accents", "tokenize_chinese_chars")
_SIDES = ("padding_side", "truncation_side")

# What BERT's tokenizers consist of. Long texts are cut where BertPreTokenizer cuts.
_PARTS: dict[str, tuple[str | None, ...]] = {
    "model": ("WordPiece",),
    "pre_tokenizer": ("BertPreTokenizer",),
    "normalizer": ("BertNormalizer", "Sequence", None),
    "post_processor": ("TemplateProcessing", "BertProcessing"),
}
_NORMALIZERS = ("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents")

# Training frameworks round the embedding up to a multiple of at most this many rows.
_ROUNDING = 1024


def check_tokenizer(directory: Path, rows: int) -> None:
    """Checks that the tokenizer of a checkpoint encodes texts as the model reads them.

    Args:
        directory: The checkpoint.
        rows: Rows of its embedding matrix.

    Raises:
        VocabularyError: The files are missing, damaged, of another family of tokenizers, disagree
            with each other or with the embedding, or see ``check_encodings``.
    """
    settings = _settings(directory)
    path = directory / "tokenizer.json"
    if is_present(path):
        tokenizer = _read_tokenizer(path, settings)
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
        tokenizer = _read_vocabulary(path, settings)
    size = _add_tokens(tokenizer, settings, path)
    if not 0 <= rows - size < _ROUNDING:
        raise VocabularyError(
            f"{path}: the tokenizer knows {size} tokens and the embedding of the checkpoint has "
            f"{rows} rows. {REMEDY}"
        )
    cls, sep, unk = (tokenizer.token_to_id(settings[name]) for name in _NEEDED)
    check_encodings(tokenizer, cls, sep, unk, rows, path)


def _settings(directory: Path) -> dict[str, Any]:
    """Returns tokenizer_config.json as transformers completes it.

    Special tokens are there as texts; ``added`` holds ids of added tokens by their text, the id
    being None where none is stated.
    """
    path = directory / "tokenizer_config.json"
    settings = read_json(path, CONFIG_LIMIT, VocabularyError) if is_present(path) else {}
    _check_settings(settings, path)
    added: dict[str, int | None] = {}
    decoder = settings.get("added_tokens_decoder")
    if decoder is None:
        settings |= _legacy(directory, "special_tokens_map.json")
        _check_settings(settings, directory / "special_tokens_map.json")
        for text, place in _legacy(directory, "added_tokens.json").items():
            added[text] = _place(place, directory / "added_tokens.json")
    elif isinstance(decoder, dict):
        for place, each in decoder.items():
            number = int(place) if place.isascii() and place.isdigit() and len(place) < 10 else None
            added[_content(each, "added_tokens_decoder", path)] = _place(number, path)
    else:
        raise _no_token(decoder, "added_tokens_decoder", path)
    generic = settings.get("tokenizer_class") in _GENERIC
    for name, default in _DEFAULTS.items():
        token: object = settings.get(name, None if generic else default)
        if token is None and name in _NEEDED:
            raise VocabularyError(
                f"{path}: {name} is missing or null. Name the token: "
                f'"{name}": {json.dumps(default)}.'
            )
        if token is not None:
            settings[name] = _content(token, name, path)
    for token in _named(settings, path):
        added.setdefault(token, None)
    return settings | {"added": added}


def _legacy(directory: Path, name: str) -> dict[str, Any]:
    path = directory / name
    return read_json(path, CONFIG_LIMIT, VocabularyError) if is_present(path) else {}


def _check_settings(settings: Mapping[str, Any], path: Path) -> None:
    chosen = settings.get("tokenizer_class")
    if chosen is not None and chosen not in (*_BERT, *_GENERIC):
        raise VocabularyError(
            f"{path}: tokenizer_class is {shown(chosen)}; supported are "
            f"{', '.join((*_BERT, *_GENERIC))}. {REMEDY}"
        )
    if chosen in _GENERIC and not is_present(path.with_name("tokenizer.json")):
        raise VocabularyError(
            f"{path}: tokenizer_class is {shown(chosen)}, which needs a tokenizer.json, and there "
            "is none. Save the tokenizer beside the weights."
        )
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
    """Yields the tokens that transformers adds where the vocabulary has no such token."""
    for name, token in settings.items():
        if name in ("bos_token", "eos_token") and token is not None:
            yield _content(token, name, path)
        elif name.endswith("_token") and isinstance(token, str):
            yield token
    for name in ("extra_special_tokens", "additional_special_tokens"):
        tokens = settings.get(name) or []
        if not isinstance(tokens, list | dict):
            raise _no_token(tokens, name, path)
        for token in tokens.values() if isinstance(tokens, dict) else tokens:
            yield _content(token, name, path)


def _content(token: object, name: str, path: Path) -> str:
    """Returns the text of a token, which is written as a string or as an object."""
    content = token
    if isinstance(token, dict):
        content = token.get("content")
        attributes = {key: value for key, value in token.items() if key not in _OF_A_TOKEN}
        if not attributes.keys() <= set(_ATTRIBUTES) or not all(
            isinstance(value, bool) for value in attributes.values()
        ):
            raise _no_token(token, name, path)
    if not isinstance(content, str) or not content or not _is_encodable(content):
        raise _no_token(token, name, path)
    return content


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _no_token(token: object, name: str, path: Path) -> VocabularyError:
    return VocabularyError(f"{path}: {name} holds {shown(token)}, which is no token. {REMEDY}")


def _place(place: object, path: Path) -> int:
    if not isinstance(place, int) or isinstance(place, bool) or place < 0:
        raise VocabularyError(f"{path}: an added token has an id that is no number. {REMEDY}")
    return place


def _read_tokenizer(path: Path, settings: Mapping[str, Any]) -> Any:
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
    _check_vocabulary(model.get("vocab"), path)
    if model.get("unk_token") != settings["unk_token"]:
        raise VocabularyError(
            f"{path}: the unknown token is {shown(model.get('unk_token'))} here and "
            f"{shown(settings['unk_token'])} in tokenizer_config.json. Make them agree."
        )
    lower = normalizer.get("lowercase")
    configured = settings.get("do_lower_case", True)
    if settings.get("tokenizer_class") not in _GENERIC and lower not in (None, configured):
        raise VocabularyError(
            f"{path}: lowercase is {shown(lower)} and do_lower_case {shown(configured)} in "
            "tokenizer_config.json (true where it is left out). Make them agree."
        )
    from tokenizers import Tokenizer

    tokenizer = called(path, Tokenizer.from_str, json.dumps(content))
    added = content.get("added_tokens")
    if not isinstance(added, list):
        raise _no_token(added, "added_tokens", path)
    for token in added:
        text = _content(token, "added_tokens", path)
        if tokenizer.token_to_id(text) != token.get("id"):
            raise VocabularyError(
                f"{path}: the added token {shown(text)} has the id {shown(token.get('id'))} there, "
                f"and {tokenizer.token_to_id(text)} once it is loaded. {REMEDY}"
            )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _sequence(normalizer: Mapping[str, Any]) -> list[Any]:
    if normalizer.get("type") != "Sequence":
        return []
    parts = normalizer.get("normalizers")
    return parts if isinstance(parts, list) else [parts]


def _check_vocabulary(vocabulary: object, path: Path) -> None:
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise VocabularyError(f"{path}: its model has no vocabulary. {REMEDY}")
    if not all(type(token) is int and 0 <= token < 2**31 for token in vocabulary.values()):
        raise VocabularyError(f"{path}: its vocabulary holds an id that is no id. {REMEDY}")
    if len(set(vocabulary.values())) < len(vocabulary):
        raise VocabularyError(f"{path}: its vocabulary gives one id to two tokens. {REMEDY}")


def _read_vocabulary(path: Path, settings: Mapping[str, Any]) -> Any:
    """Builds what transformers makes of a vocab.txt."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    blob = read_bytes(path, VOCABULARY_LIMIT, VocabularyError)
    try:
        text = blob.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VocabularyError(f"{path}: not text in UTF-8 ({error}). {REMEDY}") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    vocabulary = {line: place for place, line in enumerate(lines)}
    for name in _NEEDED:
        times = lines.count(settings[name])
        if times != 1:
            raise VocabularyError(
                f"{path}: {shown(settings[name])}, the {name}, is {times} of its lines, and has to "
                f"be one. {REMEDY}"
            )
    tokenizer = Tokenizer(
        called(path, lambda: models.WordPiece(vocabulary, unk_token=settings["unk_token"]))
    )
    tokenizer.normalizer = normalizers.BertNormalizer(
        handle_chinese_chars=settings.get("tokenize_chinese_chars") is not False,
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case") is not False,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cls, sep = settings["cls_token"], settings["sep_token"]
    tokenizer.post_processor = called(
        path,
        processors.BertProcessing,
        (sep, vocabulary[sep]),
        (cls, vocabulary[cls]),
    )
    return tokenizer


def _add_tokens(tokenizer: Any, settings: Mapping[str, Any], path: Path) -> int:
    """Adds what the settings add to the vocabulary; returns one more than the highest id.

    Raises:
        VocabularyError: A token would get another id than the settings say, and so the embedding
            of another token.
    """
    for content, stated in sorted(
        settings["added"].items(), key=lambda item: (item[1] is None, item[1] or 0)
    ):
        # One of the five special tokens that nothing states is not used.
        if tokenizer.token_to_id(content) is None:
            called(path, tokenizer.add_tokens, [content])
        found = tokenizer.token_to_id(content)
        if stated is not None and found != stated:
            raise VocabularyError(
                f"{path}: the added token {shown(content)} gets the id {found}, and "
                f"tokenizer_config.json says {stated}. {REMEDY}"
            )
    return max(called(path, tokenizer.get_vocab).values(), default=-1) + 1
