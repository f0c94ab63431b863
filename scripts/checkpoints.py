"""Random checkpoints of every family: configuration, tensors and tokenizer files."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.families.registry import FAMILIES

DISTILBERT = "DistilBertForSequenceClassification"
BERT = "BertForSequenceClassification"
ROBERTA = "RobertaForSequenceClassification"
XLM_ROBERTA = "XLMRobertaForSequenceClassification"
CAMEMBERT = "CamembertForSequenceClassification"
MPNET = "MPNetForSequenceClassification"
ELECTRA = "ElectraForSequenceClassification"
ALBERT = "AlbertForSequenceClassification"
DEBERTA_V2 = "DebertaV2ForSequenceClassification"
MODERNBERT = "ModernBertForSequenceClassification"

_STANDARD: dict[str, Any] = {
    "hidden_act": "gelu",
    "hidden_size": 32,
    "intermediate_size": 64,
    "layer_norm_eps": 1e-12,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "type_vocab_size": 2,
}

_AFTER_PADDING: dict[str, Any] = _STANDARD | {
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "type_vocab_size": 1,
}
"""Positions are numbered from ``pad_token_id`` + 1."""

_FAMILY_CONFIG: dict[str, dict[str, Any]] = {
    DISTILBERT: {
        "activation": "gelu",
        "dim": 32,
        "hidden_dim": 64,
        "model_type": "distilbert",
        "n_heads": 4,
        "n_layers": 2,
        "sinusoidal_pos_embds": False,
    },
    BERT: _STANDARD | {"model_type": "bert"},
    ROBERTA: _AFTER_PADDING | {"model_type": "roberta"},
    XLM_ROBERTA: _AFTER_PADDING | {"model_type": "xlm-roberta"},
    CAMEMBERT: _AFTER_PADDING | {"model_type": "camembert"},
    MPNET: _AFTER_PADDING | {"model_type": "mpnet", "relative_attention_num_buckets": 32},
    ELECTRA: _STANDARD | {"embedding_size": 16, "model_type": "electra"},
    ALBERT: _STANDARD
    | {
        "embedding_size": 16,
        "hidden_act": "gelu_new",
        "inner_group_num": 1,
        "model_type": "albert",
        "num_hidden_groups": 1,
        "num_hidden_layers": 3,
    },
    DEBERTA_V2: _STANDARD
    | {
        "layer_norm_eps": 1e-7,
        "max_relative_positions": -1,
        "model_type": "deberta-v2",
        "norm_rel_ebd": "layer_norm",
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "position_buckets": 16,
        "relative_attention": True,
        "share_att_key": True,
        "type_vocab_size": 0,
    },
    MODERNBERT: {
        "classifier_pooling": "cls",
        "global_attn_every_n_layers": 3,
        "hidden_activation": "gelu",
        "hidden_size": 32,
        "intermediate_size": 48,
        "local_attention": 8,
        "model_type": "modernbert",
        "num_attention_heads": 4,
        "num_hidden_layers": 4,
    },
}

Tensors = dict[str, npt.NDArray[Any]]

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def random_config(architecture: str = DISTILBERT, **changes: Any) -> dict[str, Any]:
    """Returns the config.json of a tiny classifier of a family, with the given keys changed."""
    config: dict[str, Any] = {
        "architectures": [architecture],
        "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
        "max_position_embeddings": 40,
        "pad_token_id": 0,
        "vocab_size": 99,
    }
    return config | _FAMILY_CONFIG[architecture] | changes


def labels(count: int) -> dict[str, str]:
    """Returns an id2label with ``count`` labels."""
    return {str(index): f"label-{index}" for index in range(count)}


def random_tensors(config: Mapping[str, Any], seed: int = 0) -> Tensors:
    """Returns random float32 tensors with the names and shapes of a published checkpoint.

    Tensors that a checkpoint may omit are omitted. Weights are scaled so that a product has the
    magnitude of its input: with larger weights, the float32 rounding of the network itself would
    exceed the tolerances of the tests.
    """
    found = read_config(ConfigJson(config, "config.json"), FAMILIES)
    generator = np.random.default_rng(seed)
    return {
        name: _random_tensor(name, spec.shape, generator)
        for name, spec in found.family.tensor_specs(found.encoder).items()
        if spec.compute is None
    }


def _random_tensor(
    name: str, shape: tuple[int, ...], generator: np.random.Generator
) -> npt.NDArray[np.float32]:
    if len(shape) > 1:
        tensor = generator.normal(0, math.prod(shape[1:]) ** -0.5, shape)
    else:
        is_scale = "norm" in name.lower() and name.endswith(".weight")
        tensor = generator.normal(1 if is_scale else 0, 0.1, shape)
    return tensor.astype(np.float32)


def save_safetensors(
    path: Path, tensors: Tensors, dtype: str = "F32", *, aligned: bool = True
) -> None:
    """Writes float32 tensors as F32, F16 or BF16, in the published layout.

    The format allows a header of any length; the safetensors library pads it (``aligned``) so that
    tensors are aligned.
    """
    header: dict[str, Any] = {}
    data = bytearray()
    for name, tensor in tensors.items():
        blob = _encode(tensor, dtype)
        header[name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(blob)],
        }
        data += blob
    head = json.dumps(header).encode()
    if aligned:
        head += b" " * (-len(head) % 8)
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)


def _encode(tensor: npt.NDArray[Any], dtype: str) -> bytes:
    if dtype == "F32":
        return tensor.astype("<f4").tobytes()
    if dtype == "F16":
        return tensor.astype("<f2").tobytes()
    # bfloat16 is the upper half of a float32.
    return (tensor.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def save_shards(directory: Path, tensors: Tensors, shards: int, dtype: str = "F32") -> None:
    """Writes tensors as a sharded checkpoint with its index."""
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = dict(list(tensors.items())[shard::shards])
        save_safetensors(directory / file, part, dtype)
        weight_map |= dict.fromkeys(part, file)
    index = json.dumps({"metadata": {}, "weight_map": weight_map})
    (directory / "model.safetensors.index.json").write_text(index, encoding="utf-8")


def vocabulary(size: int) -> list[str]:
    """Returns ``size`` word pieces: the special tokens, letters, then made-up words."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*SPECIAL_TOKENS, *letters, *(f"##{letter}" for letter in letters), "[", "]"]
    return (pieces + [f"word{index}" for index in range(size)])[:size]


def write_checkpoint(
    directory: Path,
    config: Mapping[str, Any],
    tensors: Tensors | None = None,
    tokenizer: Path | None = None,
) -> Path:
    """Writes a checkpoint directory in Hugging Face's layout.

    Args:
        directory: Where.
        config: Its ``config.json``.
        tensors: None: random ones.
        tokenizer: A directory with the files of its tokenizer; None: a vocab.txt of word pieces.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if tokenizer is not None:
        shutil.copytree(tokenizer, directory, dirs_exist_ok=True)
    else:
        (directory / "vocab.txt").write_text(
            "".join(f"{piece}\n" for piece in vocabulary(config["vocab_size"])), encoding="utf-8"
        )
        (directory / "tokenizer_config.json").write_text(
            json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"}),
            encoding="utf-8",
        )
    save_safetensors(directory / "model.safetensors", tensors or random_tensors(config))
    return directory
