"""``config.json`` of a DistilBERT sequence classifier, typed and checked.

Field names are the Hugging Face keys
(https://huggingface.co/docs/transformers/model_doc/distilbert#transformers.DistilBertConfig).
Imports neither MAX nor transformers, so that a bad checkpoint is refused in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from distilbert_sentiment_arch.checkpoint.files import CONFIG_LIMIT, is_present, read_json
from distilbert_sentiment_arch.checkpoint.label_names import LabelNameError, check_label_names
from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.messages import shown

ARCHITECTURE = "DistilBertForSequenceClassification"

MODEL_TYPE = "distilbert"

# Several times what the largest encoders have (XLM-R XXL: 4096 wide, 48 deep, 250,002 tokens), and
# little enough that nothing made of one of these numbers takes long or much memory.
_MOST = {
    "dim": 16_384,
    "hidden_dim": 65_536,
    "n_heads": 1_024,
    "n_layers": 256,
    "vocab_size": 2_000_000,
    "max_position_embeddings": 65_536,
}

_MOST_SINES = 2**25
"""Entries of a position table that is computed and so is in no file: 128 MiB in float32."""

# Keys that transformers alone reads, and raises about where they are of another type.
_TYPES: dict[str, tuple[type, ...]] = {
    "attention_dropout": (float, int),
    "bos_token_id": (int, type(None)),
    "chunk_size_feed_forward": (int,),
    "dropout": (float, int),
    "dtype": (str, type(None)),
    "eos_token_id": (int, type(None)),
    "initializer_range": (float,),
    "is_encoder_decoder": (bool,),
    "label2id": (dict, type(None)),
    "output_hidden_states": (bool, type(None)),
    "qa_dropout": (float, int),
    "return_dict": (bool, type(None)),
    "seq_classif_dropout": (float, int),
    "sinusoidal_pos_embds": (bool,),
    "tie_word_embeddings": (bool,),
    "torch_dtype": (str, type(None)),
    "transformers_version": (str, type(None)),
}

# What no DistilBERT has: code of its own, quantised weights, rotary positions.
_REFUSED = ("auto_map", "quantization_config", "rope_parameters", "rope_scaling")

# transformers reads the left one as the right one.
_ALIASES = {"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"}

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
            ConfigError: Another architecture, a missing key, a value of another type or out of
                range, an activation that is not supported, or labels that are absent, not numbered
                0..n-1 or no printable names.
        """
        _check_architecture(raw, source)
        _check_types(raw, source)
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
                f"{source}: activation {shown(activation)} is not supported. "
                f"Supported: {', '.join(ACTIVATIONS)}."
            )
        pad_token_id = raw.get("pad_token_id")
        if pad_token_id is None:
            pad_token_id = 0
        if not _is_integer(pad_token_id) or not 0 <= pad_token_id < vocab_size:
            raise ConfigError(
                f"{source}: pad_token_id {shown(pad_token_id)} is outside 0..{vocab_size - 1}. "
                "Set it to the id of the tokenizer's padding token."
            )
        positions = _positive(raw, "max_position_embeddings", source)
        sinusoidal = raw.get("sinusoidal_pos_embds", False)
        if sinusoidal and positions * dim > _MOST_SINES:
            raise ConfigError(
                f"{source}: {positions} sinusoidal positions of {dim} make a table of more than "
                f"{_MOST_SINES} numbers. Correct max_position_embeddings."
            )
        return cls(
            dim=dim,
            hidden_dim=_positive(raw, "hidden_dim", source),
            n_heads=n_heads,
            n_layers=_positive(raw, "n_layers", source),
            vocab_size=vocab_size,
            max_position_embeddings=positions,
            sinusoidal_pos_embds=sinusoidal,
            activation=activation,
            pad_token_id=pad_token_id,
            labels=_labels(raw, source),
        )

    @classmethod
    def from_directory(cls, directory: Path) -> HFConfig:
        """Reads ``config.json`` of a checkpoint directory.

        Raises:
            ConfigError: No such file, no regular one, not JSON, or refused by ``from_dict``.
        """
        path = directory / "config.json"
        if not is_present(path):
            raise ConfigError(
                f"{path}: no such file. A checkpoint directory holds config.json, "
                "model.safetensors and tokenizer.json (or vocab.txt)."
            )
        return cls.from_dict(read_json(path, CONFIG_LIMIT, ConfigError), str(path))


def _check_architecture(raw: Mapping[str, Any], source: str) -> None:
    architectures = raw.get("architectures")
    if architectures != [ARCHITECTURE]:
        raise ConfigError(
            f"{source}: architectures is {shown(architectures)}, and this package serves "
            f"[{ARCHITECTURE!r}]. Use a DistilBERT checkpoint with a sequence-classification head."
        )
    model_type = raw.get("model_type")
    if model_type != MODEL_TYPE:
        raise ConfigError(
            f"{source}: model_type is {shown(model_type)} and transformers reads the file by it. "
            f"Set it to {MODEL_TYPE!r}."
        )
    for key in _REFUSED:
        if raw.get(key) is not None:
            raise ConfigError(
                f"{source}: {key} is {shown(raw[key])}, which no DistilBERT that is served here "
                "has. Save the checkpoint without it, unquantised."
            )


def _check_types(raw: Mapping[str, Any], source: str) -> None:
    for key, types in _TYPES.items():
        # A bool is an int to isinstance.
        if key in raw and type(raw[key]) not in types:
            expected = " or ".join(
                "null" if each is type(None) else each.__name__ for each in types
            )
            raise ConfigError(f"{source}: {key} is {shown(raw[key])}, not {expected}. Correct it.")
    if not all(map(_is_integer, (raw.get("label2id") or {}).values())):
        raise ConfigError(f"{source}: label2id gives a label another value than an integer.")
    for alias, key in _ALIASES.items():
        if alias in raw and raw[alias] != raw.get(key):
            raise ConfigError(
                f"{source}: {alias} is {shown(raw[alias])} and {key}, another name for it, "
                f"{shown(raw.get(key))}. Remove {alias}."
            )


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positive(raw: Mapping[str, Any], key: str, source: str) -> int:
    if key not in raw:
        raise ConfigError(f"{source}: {key} is missing. Add it; it is a positive integer.")
    value = raw[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{source}: {key} is {shown(value)}, not a positive integer. Correct it.")
    if value > _MOST[key]:
        raise ConfigError(
            f"{source}: {key} is {shown(value)}, and at most {_MOST[key]} is served. Correct it."
        )
    return value


def _labels(raw: Mapping[str, Any], source: str) -> LabelSet:
    id2label = raw.get("id2label")
    if not isinstance(id2label, dict) or not id2label:
        raise ConfigError(
            f"{source}: id2label is {shown(id2label)}, so the answers would have no names. Add it, "
            'one entry a row of the classifier: "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}.'
        )
    expected = [str(index) for index in range(len(id2label))]
    by_id = {str(key): value for key, value in id2label.items()}
    if by_id.keys() != set(expected):
        raise ConfigError(
            f"{source}: id2label has the keys {shown(sorted(by_id))}, not {shown(expected)}. "
            "Number the labels by the rows of the classifier."
        )
    try:
        names = check_label_names([by_id[key] for key in expected])
    except LabelNameError as error:
        raise ConfigError(f"{source}: id2label {error}") from None
    num_labels = raw.get("num_labels", len(names))
    if not _is_integer(num_labels) or num_labels != len(names):
        raise ConfigError(
            f"{source}: num_labels is {shown(num_labels)} and id2label names {len(names)} labels. "
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
        f"{source}: problem_type is {shown(declared)}; known are "
        f"{', '.join(get_args(ProblemType))}. Correct or remove it."
    )
