"""Kinds of tokenizers: the classes of transformers, their files and special tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_BERT = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_ROBERTA = {
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "mask_token": "<mask>",
}

TOKEN_NAMES = tuple(_BERT)
"""Settings that name a special token."""


@dataclass(frozen=True)
class TokenizerKind:
    """What a tokenizer class of transformers reads.

    Attributes:
        model: Its algorithm, as tokenizer.json spells it; None where tokenizer.json says it.
        files: The files that are read where there is no tokenizer.json; none for a class that needs
            one.
        tokens: Its special tokens where the settings name no others.
        between: Separators between the texts of a pair.
    """

    model: str | None
    files: tuple[str, ...]
    tokens: Mapping[str, str]
    between: int = 1


_WORDPIECE = TokenizerKind("WordPiece", ("vocab.txt",), _BERT)
_GENERIC = TokenizerKind(None, (), {})

_KINDS = {
    "AlbertTokenizer": TokenizerKind(
        "Unigram", ("spiece.model",), _BERT | {"unk_token": "<unk>", "pad_token": "<pad>"}
    ),
    "BertTokenizer": _WORDPIECE,
    "CamembertTokenizer": TokenizerKind("Unigram", ("sentencepiece.bpe.model",), _ROBERTA, 2),
    "DebertaV2Tokenizer": TokenizerKind("Unigram", ("spm.model",), _BERT),
    "DistilBertTokenizer": _WORDPIECE,
    "ElectraTokenizer": _WORDPIECE,
    "MPNetTokenizer": TokenizerKind(
        "WordPiece", ("vocab.txt",), _ROBERTA | {"unk_token": "[UNK]"}, 2
    ),
    "RobertaTokenizer": TokenizerKind("BPE", ("vocab.json", "merges.txt"), _ROBERTA, 2),
    "XLMRobertaTokenizer": TokenizerKind("Unigram", ("sentencepiece.bpe.model",), _ROBERTA, 2),
}

_GENERIC_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")

CLASSES = tuple(name + end for name in _KINDS for end in ("", "Fast")) + _GENERIC_CLASSES
"""The classes that tokenizer_config.json may name."""

NAMES = (*_KINDS, *_GENERIC_CLASSES)
"""The same without ``Fast`` at their ends, for messages."""

_OF_MODEL_TYPES = {
    "albert": "AlbertTokenizer",
    "camembert": "CamembertTokenizer",
    "deberta-v2": "DebertaV2Tokenizer",
    "modernbert": "TokenizersBackend",
    "mpnet": "MPNetTokenizer",
    "roberta": "RobertaTokenizer",
    "xlm-roberta": "XLMRobertaTokenizer",
}

OLDER_FILES = tuple(sorted({file for kind in _KINDS.values() for file in kind.files}))
"""Vocabularies of checkpoints that were saved without a tokenizer.json."""


def class_name(named: str | None, model_type: object) -> str:
    """Returns the class that transformers takes, without ``Fast`` at its end.

    Args:
        named: The class that the settings name, one of ``CLASSES``; None if they name none.
        model_type: ``model_type`` in config.json.
    """
    default = _OF_MODEL_TYPES.get(str(model_type), "BertTokenizer")
    # transformers trusts no published class of ModernBERT.
    if named is None or default in _GENERIC_CLASSES:
        return default
    return named if named in _GENERIC_CLASSES else named.removesuffix("Fast")


def kind_of(name: str) -> TokenizerKind:
    """Returns what a class reads.

    Args:
        name: One of those that ``class_name`` returns.
    """
    return _KINDS.get(name, _GENERIC)
