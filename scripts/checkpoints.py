"""Checkpoints written for a test: a random DistilBERT classifier with its tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Tensors = dict[str, npt.NDArray[Any]]

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def random_config(**changes: Any) -> dict[str, Any]:
    """Returns the config.json of a tiny classifier, with the given keys changed."""
    config: dict[str, Any] = {
        "activation": "gelu",
        "architectures": ["DistilBertForSequenceClassification"],
        "dim": 32,
        "hidden_dim": 64,
        "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
        "max_position_embeddings": 40,
        "model_type": "distilbert",
        "n_heads": 4,
        "n_layers": 2,
        "pad_token_id": 0,
        "sinusoidal_pos_embds": False,
        "vocab_size": 99,
    }
    return config | changes


def labels(count: int) -> dict[str, str]:
    """Returns an id2label of that many labels."""
    return {str(index): f"label-{index}" for index in range(count)}


def random_tensors(config: Mapping[str, Any], seed: int = 0) -> Tensors:
    """Returns float32 tensors of the published names and shapes.

    Products keep the size of what goes in: larger weights make a network whose own float32 rounding
    exceeds the tolerance it is tested to.
    """
    generator = np.random.default_rng(seed)
    dim, hidden_dim = config["dim"], config["hidden_dim"]
    tensors: Tensors = {}

    def matrix(name: str, rows: int, columns: int) -> None:
        tensors[name] = generator.normal(0, columns**-0.5, (rows, columns)).astype(np.float32)

    def linear(name: str, rows: int, columns: int) -> None:
        matrix(f"{name}.weight", rows, columns)
        tensors[f"{name}.bias"] = generator.normal(0, 0.1, rows).astype(np.float32)

    def norm(name: str) -> None:
        tensors[f"{name}.weight"] = generator.normal(1, 0.1, dim).astype(np.float32)
        tensors[f"{name}.bias"] = generator.normal(0, 0.1, dim).astype(np.float32)

    matrix("distilbert.embeddings.word_embeddings.weight", config["vocab_size"], dim)
    if not config["sinusoidal_pos_embds"]:
        matrix(
            "distilbert.embeddings.position_embeddings.weight",
            config["max_position_embeddings"],
            dim,
        )
    norm("distilbert.embeddings.LayerNorm")
    for layer in range(config["n_layers"]):
        block = f"distilbert.transformer.layer.{layer}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            linear(f"{block}.attention.{part}", dim, dim)
        norm(f"{block}.sa_layer_norm")
        linear(f"{block}.ffn.lin1", hidden_dim, dim)
        linear(f"{block}.ffn.lin2", dim, hidden_dim)
        norm(f"{block}.output_layer_norm")
    linear("pre_classifier", dim, dim)
    linear("classifier", len(config["id2label"]), dim)
    return tensors


def save_safetensors(
    path: Path, tensors: Tensors, dtype: str = "F32", *, aligned: bool = True
) -> None:
    """Writes float32 tensors as F32, F16 or BF16, in the published layout.

    The format allows a header of any length; today's library pads it so that tensors are aligned.
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
    """Returns that many word pieces: the special tokens, letters, then made-up words."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*SPECIAL_TOKENS, *letters, *(f"##{letter}" for letter in letters), "[", "]"]
    return (pieces + [f"word{index}" for index in range(size)])[:size]


def write_checkpoint(
    directory: Path, config: Mapping[str, Any], tensors: Tensors | None = None
) -> Path:
    """Writes a checkpoint directory as Hugging Face saves it, with a vocab.txt tokenizer."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (directory / "vocab.txt").write_text(
        "".join(f"{piece}\n" for piece in vocabulary(config["vocab_size"])), encoding="utf-8"
    )
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"}), encoding="utf-8"
    )
    save_safetensors(directory / "model.safetensors", tensors or random_tensors(config))
    return directory
