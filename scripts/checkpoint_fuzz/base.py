"""Valid checkpoints in memory, small enough to be damaged and written thousands of times."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any, Literal

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.families.registry import FAMILIES

Variant = Literal["vocab.txt", "tokenizer.json", "generic"]

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORDS = (
    *_SPECIAL,
    *ascii_lowercase,
    *(f"##{letter}" for letter in ascii_lowercase),
    "good",
    "bad",
)


@dataclass
class Weights:
    """A safetensors file: its header as a document, and the bytes of its tensors."""

    header: dict[str, Any]
    data: bytes
    length: int | None = None
    """Value of the length field; None for the true length of the header."""


@dataclass
class Checkpoint:
    """Content of a checkpoint directory, by file name.

    Attributes:
        documents: JSON files.
        weights: Safetensors files.
        raw: Files as bytes; they replace documents and weights of the same name.
        kinds: Files that are missing or not regular files; they replace all others.
    """

    documents: dict[str, Any]
    weights: dict[str, Weights]
    raw: dict[str, bytes]
    kinds: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Returns the names of all files."""
        return sorted({*self.documents, *self.weights, *self.raw})


def valid_checkpoint(variant: Variant, shards: int) -> Checkpoint:
    """Returns a valid checkpoint, which can be served.

    Args:
        variant: Form of the tokenizer: vocab.txt, tokenizer.json with BERT's class, or
            tokenizer.json with the generic class.
        shards: Number of weight files.
    """
    documents: dict[str, Any] = {"config.json": _config()}
    config = read_config(ConfigJson(documents["config.json"], "config.json"), FAMILIES)
    specs = config.family.tensor_specs(config.encoder)
    names = list(specs)
    weights: dict[str, Weights] = {}
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {name: specs[name].shape for name in names[shard::shards]}
        weights[file if shards > 1 else "model.safetensors"] = _weights(part)
        weight_map |= dict.fromkeys(part, file)
    if shards > 1:
        documents["model.safetensors.index.json"] = {"metadata": {}, "weight_map": weight_map}
    raw: dict[str, bytes] = {}
    if variant == "vocab.txt":
        raw["vocab.txt"] = "".join(f"{word}\n" for word in _WORDS).encode()
    else:
        documents["tokenizer.json"] = _tokenizer()
    documents["tokenizer_config.json"] = {
        "cls_token": "[CLS]",
        "do_lower_case": True,
        "sep_token": {"__type": "AddedToken", "content": "[SEP]", "lstrip": False},
        "tokenizer_class": "PreTrainedTokenizerFast" if variant == "generic" else "BertTokenizer",
        "unk_token": "[UNK]",
    }
    if variant == "vocab.txt":
        documents["special_tokens_map.json"] = {"pad_token": "[PAD]", "mask_token": "[MASK]"}
        documents["added_tokens.json"] = {"[MASK]": 4}
    else:
        documents["tokenizer_config.json"]["added_tokens_decoder"] = {
            "0": {"content": "[PAD]", "special": True}
        }
    return Checkpoint(documents, weights, raw)


def _config() -> dict[str, Any]:
    return {
        "activation": "gelu",
        "architectures": ["DistilBertForSequenceClassification"],
        "dim": 4,
        "dropout": 0.1,
        "hidden_dim": 8,
        "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
        "initializer_range": 0.02,
        "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
        "max_position_embeddings": 16,
        "model_type": "distilbert",
        "n_heads": 2,
        "n_layers": 1,
        "pad_token_id": 0,
        "problem_type": "single_label_classification",
        "sinusoidal_pos_embds": False,
        "tie_word_embeddings": True,
        "vocab_size": len(_WORDS),
    }


def _weights(shapes: dict[str, tuple[int, ...]]) -> Weights:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start = end
        end += 4 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}
    return Weights(header, bytes(end))


def _tokenizer() -> dict[str, Any]:
    vocabulary = {word: place for place, word in enumerate(_WORDS)}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    cls, sep = ({"SpecialToken": {"id": token, "type_id": 0}} for token in ("[CLS]", "[SEP]"))
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in ("A", "B"))
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": vocabulary[token], "content": token, **flags, "special": True}
            for token in _SPECIAL
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [cls, first, sep],
            "pair": [cls, first, sep, second, sep],
            "special_tokens": {
                token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]}
                for token in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }
    # Copied, so that no part is shared: each is damaged separately.
    copied: dict[str, Any] = json.loads(json.dumps(document))
    return copied
