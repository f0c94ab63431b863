"""``config.json`` of a DistilBERT sequence classifier, typed and checked.

Field names are the Hugging Face keys
(https://huggingface.co/docs/transformers/model_doc/distilbert#transformers.DistilBertConfig).
Imports neither MAX nor transformers, so that a bad checkpoint is refused in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.labels import LabelSet, ProblemType

ARCHITECTURE = "DistilBertForSequenceClassification"

_MOST = 10_000_000
"""More than any dimension, layer count or vocabulary; a typing error is refused at once."""

# Hugging Face activation name -> how the graph computes it (distilbert.ACTIVATIONS).
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish", "tanh")


@dataclass(frozen=True, kw_only=True)
class HFConfig:
    """What the graph, the tokenizer and the labels need of ``config.json``.

    Attributes:
        dim: Width of the hidden states.
        hidden_dim: Width inside the feed-forward block.
        n_heads: Attention heads; divides ``dim``.
        n_layers: Transformer blocks.
        vocab_size: Rows of the word embedding.
        max_position_embeddings: Most tokens in one sequence, special tokens included.
        sinusoidal_pos_embds: Positions are sines and cosines; a checkpoint may leave them out.
        activation: Name of the feed-forward activation, one of ``ACTIVATIONS``.
        pad_token_id: Id that fills rows of a batch; it never reaches a result.
        labels: Names of the classifier's rows and how to read its logits.
    """

    dim: int
    hidden_dim: int
    n_heads: int
    n_layers: int
    vocab_size: int
    max_position_embeddings: int
    sinusoidal_pos_embds: bool
    activation: str
    pad_token_id: int
    labels: LabelSet

    @property
    def num_labels(self) -> int:
        """Rows of the classifier."""
        return len(self.labels)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], source: str) -> HFConfig:
        """Reads a parsed ``config.json``.

        Args:
            raw: The parsed file.
            source: Where it came from, for messages.

        Raises:
            ConfigError: Another architecture, a missing key, a value out of range, an activation
                that is not supported, or labels that are absent or not numbered 0..n-1.
        """
        _check_architecture(raw, source)
        dim = _positive(raw, "dim", source)
        n_heads = _positive(raw, "n_heads", source)
        vocab_size = _positive(raw, "vocab_size", source)
        if dim % n_heads:
            raise ConfigError(
                f"{source}: n_heads {n_heads} does not divide dim {dim}. "
                "Correct the one that is wrong."
            )
        activation = raw.get("activation", "gelu")
        if activation not in ACTIVATIONS:
            raise ConfigError(
                f"{source}: activation {activation!r} is not supported. "
                f"Supported: {', '.join(ACTIVATIONS)}."
            )
        pad_token_id = raw.get("pad_token_id") or 0
        if not isinstance(pad_token_id, int) or not 0 <= pad_token_id < vocab_size:
            raise ConfigError(
                f"{source}: pad_token_id {pad_token_id!r} is outside 0..{vocab_size - 1}. "
                "Set it to the id of the tokenizer's padding token."
            )
        return cls(
            dim=dim,
            hidden_dim=_positive(raw, "hidden_dim", source),
            n_heads=n_heads,
            n_layers=_positive(raw, "n_layers", source),
            vocab_size=vocab_size,
            max_position_embeddings=_positive(raw, "max_position_embeddings", source),
            sinusoidal_pos_embds=bool(raw.get("sinusoidal_pos_embds", False)),
            activation=activation,
            pad_token_id=pad_token_id,
            labels=_labels(raw, source),
        )

    @classmethod
    def from_directory(cls, directory: Path) -> HFConfig:
        """Reads ``config.json`` of a checkpoint directory.

        Raises:
            ConfigError: No such file, not JSON, or refused by ``from_dict``.
        """
        path = directory / "config.json"
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(
                f"{path}: no such file. A checkpoint directory holds config.json, "
                "model.safetensors and tokenizer.json (or vocab.txt)."
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigError(f"{path}: not readable as JSON ({error}).") from None
        if not isinstance(raw, dict):
            raise ConfigError(f"{path}: holds {type(raw).__name__}, not a JSON object.")
        return cls.from_dict(raw, str(path))


def _check_architecture(raw: Mapping[str, Any], source: str) -> None:
    architectures = raw.get("architectures")
    if architectures != [ARCHITECTURE]:
        raise ConfigError(
            f"{source}: architectures is {architectures!r}, and this package serves "
            f"[{ARCHITECTURE!r}]. Use a DistilBERT checkpoint with a sequence-classification head."
        )


def _positive(raw: Mapping[str, Any], key: str, source: str) -> int:
    if key not in raw:
        raise ConfigError(f"{source}: {key} is missing. Add it; it is a positive integer.")
    value = raw[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{source}: {key} is {value!r}, not a positive integer.")
    if value > _MOST:
        raise ConfigError(f"{source}: {key} is {value}, which no checkpoint has. Correct it.")
    return value


def _labels(raw: Mapping[str, Any], source: str) -> LabelSet:
    id2label = raw.get("id2label")
    if not isinstance(id2label, dict) or not id2label:
        raise ConfigError(
            f"{source}: id2label is {id2label!r}, so the answers would have no names. Add it, one "
            'entry a row of the classifier: "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}.'
        )
    expected = [str(index) for index in range(len(id2label))]
    if sorted(map(str, id2label)) != sorted(expected):
        raise ConfigError(
            f"{source}: id2label has the keys {sorted(map(str, id2label))}, not {expected}."
        )
    by_id = {str(key): value for key, value in id2label.items()}
    names = tuple(by_id[key] for key in expected)
    if not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f"{source}: id2label holds {names!r}; every label is a non-empty string.")
    if len(set(names)) != len(names):
        raise ConfigError(
            f"{source}: id2label repeats a name: {names!r}. Answers would be ambiguous."
        )
    num_labels = raw.get("num_labels", len(names))
    if num_labels != len(names):
        raise ConfigError(
            f"{source}: num_labels is {num_labels!r} and id2label names {len(names)} labels. "
            "Make them agree."
        )
    return LabelSet(names, _problem_type(raw, len(names), source))


def _problem_type(raw: Mapping[str, Any], num_labels: int, source: str) -> ProblemType:
    declared = raw.get("problem_type")
    if declared is None:
        # A lone logit cannot compete with others: Hugging Face reads it through a sigmoid.
        return "single_label_classification" if num_labels > 1 else "multi_label_classification"
    for known in get_args(ProblemType):
        if declared == known:
            if known == "single_label_classification" and num_labels == 1:
                return "multi_label_classification"
            result: ProblemType = known
            return result
    raise ConfigError(
        f"{source}: problem_type is {declared!r}; known are {', '.join(get_args(ProblemType))}."
    )
