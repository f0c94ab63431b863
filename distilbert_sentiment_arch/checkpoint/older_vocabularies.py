"""Readers of the vocabularies that were written before tokenizer.json.

They are ``vocab.txt`` (WordPiece), ``vocab.json`` and ``merges.txt`` (byte-level BPE), and
SentencePiece models (Unigram). transformers builds the tokenizer that is served from the same
files; the one that is built here is tried before transformers is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.checkpoint.files import (
    VOCABULARY_LIMIT,
    is_present,
    read_bytes,
    read_json,
)
from distilbert_sentiment_arch.checkpoint.sentencepiece_model import read_pieces
from distilbert_sentiment_arch.checkpoint.tokenizer_json import other_size
from distilbert_sentiment_arch.checkpoint.tokenizer_kinds import TokenizerKind, kind_of
from distilbert_sentiment_arch.checkpoint.tokenizer_probe import REMEDY, call_checked
from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.messages import shown

# Files that transformers takes for the vocabulary if there is no tokenizer.json.
_OTHER_VOCABULARIES = ("tekken.json", "tiktoken.model", "tokenizer.model")

_NEEDED = ("cls_token", "sep_token", "unk_token")


def read_older_files(directory: Path, settings: Mapping[str, Any], rows: int) -> Any:
    """Builds the tokenizer of a checkpoint that has no tokenizer.json.

    Args:
        directory: Directory of the checkpoint.
        settings: Those of the tokenizer.
        rows: Rows of the embedding matrix.

    Raises:
        VocabularyError: A file is missing, damaged or larger than the embedding, or transformers
            would read another.
    """
    kind = kind_of(settings["class"])
    paths = [directory / name for name in kind.files]
    if not all(is_present(path) for path in paths):
        raise VocabularyError(
            f"{directory}: no tokenizer.json and no {' with '.join(kind.files)}. Save the "
            "tokenizer beside the weights."
        )
    for name in _OTHER_VOCABULARIES:
        if is_present(directory / name):
            raise VocabularyError(
                f"{directory / name}: transformers would read it in place of {kind.files[0]}. "
                "Remove it."
            )
    if kind.model == "BPE":
        return _byte_level_bpe(paths[0], paths[1], settings, rows)
    if kind.model == "Unigram":
        return _unigram(paths[0], settings, rows)
    return _wordpiece(paths[0], kind, settings, rows)


def _wordpiece(path: Path, kind: TokenizerKind, settings: Mapping[str, Any], rows: int) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    lines = _lines(path)
    if len(lines) > rows:
        raise other_size(path, len(lines), rows)
    vocabulary = {line: place for place, line in enumerate(lines)}
    for name in _NEEDED:
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
    _add_template(tokenizer, kind, settings, path)
    return tokenizer


def _byte_level_bpe(path: Path, merges_path: Path, settings: Mapping[str, Any], rows: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = read_json(path, VOCABULARY_LIMIT, VocabularyError)
    if len(vocabulary) > rows:
        raise other_size(path, len(vocabulary), rows)
    if not all(type(token) is int and 0 <= token < 2**31 for token in vocabulary.values()):
        raise VocabularyError(f"{path}: it holds an id that is no id. {REMEDY}")
    merges = []
    for number, line in enumerate(_lines(merges_path), start=1):
        if line and not (number == 1 and line.startswith("#version")):
            first, _, second = line.partition(" ")
            if not first or not second or " " in second:
                raise VocabularyError(
                    f"{merges_path}: line {number} is {shown(line)}, not two tokens with a space "
                    f"between them. {REMEDY}"
                )
            merges.append((first, second))
    tokenizer = Tokenizer(call_checked(merges_path, lambda: models.BPE(vocabulary, merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=settings.get("add_prefix_space") is True
    )
    _add_template(tokenizer, kind_of(settings["class"]), settings, path)
    return tokenizer


def _unigram(path: Path, settings: Mapping[str, Any], rows: int) -> Any:
    """Builds a tokenizer that splits words as the one that is served; characters stay as they are.

    transformers adds the tokens of fairseq, which are not in the SentencePiece models of
    XLM-RoBERTa and CamemBERT.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers

    pieces = read_pieces(path)
    kind = kind_of(settings["class"])
    cls, pad, sep, unk, mask = (
        settings.get(name) or kind.tokens[name]
        for name in ("cls_token", "pad_token", "sep_token", "unk_token", "mask_token")
    )
    if settings["class"] == "XLMRobertaTokenizer":
        pieces = [*((name, 0.0) for name in (cls, pad, sep, unk)), *pieces[3:], (mask, 0.0)]
    elif settings["class"] == "CamembertTokenizer":
        first = ("<s>NOTUSED", pad, "</s>NOTUSED", unk, "<unk>NOTUSED")
        pieces = [*((name, 0.0) for name in first), *pieces[1:], (mask, 0.0)]
    if len(pieces) > rows:
        raise other_size(path, len(pieces), rows)
    texts = [text for text, _ in pieces]
    if unk not in texts:
        raise VocabularyError(
            f"{path}: {shown(unk)}, the unk_token, is none of its pieces. {REMEDY}"
        )
    tokenizer = Tokenizer(
        call_checked(path, lambda: models.Unigram(pieces, unk_id=texts.index(unk)))
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    _add_template(tokenizer, kind, settings, path)
    return tokenizer


def _add_template(
    tokenizer: Any, kind: TokenizerKind, settings: Mapping[str, Any], path: Path
) -> None:
    """Puts the special tokens of the kind around a text, and between those of a pair."""
    from tokenizers import processors

    special = [
        (token, tokenizer.token_to_id(token))
        for token in (settings["sep_token"], settings["cls_token"])
    ]
    for token, place in special:
        if place is None:
            raise VocabularyError(
                f"{path}: the special token {shown(token)} is none of its tokens. {REMEDY}"
            )
    processor = processors.BertProcessing if kind.between == 1 else processors.RobertaProcessing
    tokenizer.post_processor = call_checked(path, processor, *special)


def _lines(path: Path) -> list[str]:
    blob = read_bytes(path, VOCABULARY_LIMIT, VocabularyError)
    try:
        text = blob.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VocabularyError(f"{path}: not text in UTF-8 ({error}). {REMEDY}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
