"""Reader of tokenizer.json: a complete tokenizer, of components that are known to be safe."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.checkpoint.files import VOCABULARY_LIMIT, read_json
from distilbert_sentiment_arch.checkpoint.tokenizer_kinds import kind_of
from distilbert_sentiment_arch.checkpoint.tokenizer_probe import REMEDY, call_checked
from distilbert_sentiment_arch.checkpoint.tokenizer_settings import no_token, token_text
from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.messages import shown

# Components by algorithm. Long texts are cut where these keep no token together.
_UNICODE = ("Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents")
_NORMALIZERS = {
    "WordPiece": ("BertNormalizer", *_UNICODE),
    "BPE": _UNICODE,
    "Unigram": (*_UNICODE, "Nmt", "Precompiled", "Replace", "Strip"),
}
_SPLITTERS = {
    "WordPiece": ("BertPreTokenizer",),
    "BPE": ("ByteLevel",),
    "Unigram": ("Metaspace", "Punctuation", "WhitespaceSplit"),
}
_TEMPLATES = ("TemplateProcessing", "BertProcessing", "RobertaProcessing")
_TITLES = {"WordPiece": "WordPiece", "BPE": "byte-level BPE", "Unigram": "Unigram"}

# Regular expressions that published normalizers replace; another may take exponential time.
_REPLACED = (" {2,}", r"\s{2,}|[\n\r\t]")

# Every text is searched for added tokens, so their number is limited.
_MAX_ADDED_TOKENS = 10_000

# Objects and arrays in the file: XLM-RoBERTa's vocabulary is 250,002 of them.
_MAX_CONTAINERS = 400_000


def read_tokenizer_json(path: Path, settings: Mapping[str, Any], rows: int) -> Any:
    """Returns the tokenizer that a file describes.

    Args:
        path: The file.
        settings: Those beside it.
        rows: Rows of the embedding matrix.

    Raises:
        VocabularyError: The file is damaged, describes a tokenizer of another kind than the class
            in the settings, or one that is not served.
    """
    content = read_json(path, VOCABULARY_LIMIT, VocabularyError, _MAX_CONTAINERS)
    _check_components(content, settings["class"], path)
    model = content["model"]
    if model["type"] == "Unigram":
        _check_pieces(model, path, rows)
    else:
        _check_vocabulary(model.get("vocab"), path, rows)
    if model["type"] == "WordPiece":
        _check_agreement(content, settings, path)
    if model["type"] == "BPE" and model.get("dropout"):
        raise VocabularyError(
            f"{path}: its model has dropout {shown(model['dropout'])}, which gives a text other "
            "tokens each time. Set it to null."
        )
    from tokenizers import Tokenizer

    added = content.get("added_tokens")
    if not isinstance(added, list):
        raise no_token(added, "added_tokens", path)
    check_count(added, path)
    if wrong := [token for token in added if not isinstance(token, dict)]:
        raise no_token(wrong[0], "added_tokens", path)
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


def check_count(added: Sized, path: Path) -> None:
    """Checks the number of added tokens.

    Raises:
        VocabularyError: There are too many.
    """
    if len(added) > _MAX_ADDED_TOKENS:
        raise VocabularyError(
            f"{path}: {len(added)} tokens are added to the vocabulary, and at most "
            f"{_MAX_ADDED_TOKENS} are read. {REMEDY}"
        )


def other_size(path: Path, size: int, rows: int) -> VocabularyError:
    """Returns the error for a tokenizer whose size is not that of the embedding."""
    return VocabularyError(
        f"{path}: the tokenizer knows {size} tokens and the embedding of the checkpoint has {rows} "
        f"rows. {REMEDY}"
    )


def _check_components(content: Mapping[str, Any], name: str, path: Path) -> None:
    model = content.get("model")
    found = model.get("type") if isinstance(model, dict) else model
    expected = kind_of(name).model
    if not isinstance(found, str) or found not in _TITLES or expected not in (found, None):
        raise VocabularyError(
            f"{path}: its model is {shown(found)}, and a {name} has "
            f"{expected or ', '.join(_TITLES)}. {REMEDY}"
        )
    for part, inner, allowed, required in (
        ("normalizer", "normalizers", _NORMALIZERS[found], False),
        ("pre_tokenizer", "pretokenizers", _SPLITTERS[found], True),
        ("post_processor", "", _TEMPLATES, True),
    ):
        steps = _steps(content.get(part), inner)
        if required and not steps:
            steps = [content.get(part)]
        for step in steps:
            kind = step.get("type") if isinstance(step, dict) else step
            if kind not in allowed:
                raise VocabularyError(
                    f"{path}: its {part} is {shown(kind)}, and a {_TITLES[found]} tokenizer has "
                    f"{' or '.join(allowed)}. {REMEDY}"
                )
            if kind == "Replace":
                _check_replaced(step, path)
            if kind == "ByteLevel" and step.get("use_regex", True) is not True:
                raise VocabularyError(
                    f"{path}: its pre_tokenizer is ByteLevel without use_regex, which joins words. "
                    f"{REMEDY}"
                )
    _check_template(content["post_processor"], path)


def _steps(component: Any, inner: str) -> list[Any]:
    """Returns the steps of a sequence of components, or the only one."""
    if component is None:
        return []
    if inner and isinstance(component, dict) and component.get("type") == "Sequence":
        steps = component.get(inner)
        return steps if isinstance(steps, list) else [steps]
    return [component]


def _check_replaced(step: Mapping[str, Any], path: Path) -> None:
    pattern = step.get("pattern")
    if not isinstance(pattern, dict) or (
        "String" not in pattern and pattern.get("Regex") not in _REPLACED
    ):
        raise VocabularyError(
            f"{path}: its normalizer replaces {shown(pattern)}; supported are strings, and the "
            f"regular expressions {', '.join(_REPLACED)}. {REMEDY}"
        )


def _check_agreement(content: Mapping[str, Any], settings: Mapping[str, Any], path: Path) -> None:
    """Checks that a WordPiece tokenizer is the one that transformers builds."""
    unk = content["model"].get("unk_token")
    if unk != settings.get("unk_token"):
        raise VocabularyError(
            f"{path}: the unknown token is {shown(unk)} here and "
            f"{shown(settings.get('unk_token'))} in tokenizer_config.json. Make them agree."
        )
    lower = (content.get("normalizer") or {}).get("lowercase")
    configured = settings.get("do_lower_case", True)
    if kind_of(settings["class"]).model and lower not in (None, configured):
        raise VocabularyError(
            f"{path}: lowercase is {shown(lower)} and do_lower_case {shown(configured)} in "
            "tokenizer_config.json (true where it is left out). Make them agree."
        )


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
                f"{path}: its post_processor has the special token {shown(token)}, and a tokenizer "
                f"of a classifier has one id and one token for each. {REMEDY}"
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
        raise other_size(path, len(vocabulary), rows)
    if not all(type(token) is int and 0 <= token < 2**31 for token in vocabulary.values()):
        raise VocabularyError(f"{path}: its vocabulary holds an id that is no id. {REMEDY}")
    if len(set(vocabulary.values())) < len(vocabulary):
        raise VocabularyError(f"{path}: its vocabulary gives one id to two tokens. {REMEDY}")


def _check_pieces(model: Mapping[str, Any], path: Path, rows: int) -> None:
    """Checks a vocabulary of pieces and scores, whose places are the ids."""
    vocabulary, unk = model.get("vocab"), model.get("unk_id")
    if not isinstance(vocabulary, list) or not vocabulary:
        raise VocabularyError(f"{path}: its model has no vocabulary. {REMEDY}")
    if len(vocabulary) > rows:
        raise other_size(path, len(vocabulary), rows)
    for entry in vocabulary:
        if (
            not isinstance(entry, list)
            or len(entry) != 2
            or not isinstance(entry[0], str)
            or type(entry[1]) not in (int, float)
            or not math.isfinite(entry[1])
        ):
            raise VocabularyError(
                f"{path}: its vocabulary holds {shown(entry)}, and each entry is a piece and its "
                f"score. {REMEDY}"
            )
    if type(unk) is not int or not 0 <= unk < len(vocabulary):
        raise VocabularyError(
            f"{path}: unk_id is {shown(unk)}, and has to be one of {len(vocabulary)} ids. {REMEDY}"
        )
