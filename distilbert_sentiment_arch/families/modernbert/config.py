"""``config.json`` of ModernBERT sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/modernbert#transformers.ModernBertConfig
"""

from __future__ import annotations

import math
from typing import Any

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, Types
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig, Pooling
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.messages import shown
from distilbert_sentiment_arch.settings.precision import WITHOUT_CODES
from weight_adapters.modernbert import DROPPED, tensor_specs

_LARGEST_ANGLE_TABLE = 2**25
"""Entries of a table of rotary positions, which is in no file: 128 MiB in float32."""

_TYPES: Types = {
    "attention_bias": (bool,),
    "attention_dropout": (float, int),
    "classifier_bias": (bool,),
    "classifier_dropout": (float, int),
    "decoder_bias": (bool,),
    "deterministic_flash_attn": (bool,),
    "embedding_dropout": (float, int),
    "initializer_cutoff_factor": (float,),
    "mlp_bias": (bool,),
    "mlp_dropout": (float, int),
    "norm_bias": (bool,),
    "sparse_pred_ignore_index": (int,),
    "sparse_prediction": (bool,),
}

_POOLINGS: dict[str, Pooling] = {"cls": "first", "mean": "mean"}

_FULL, _LOCAL = "full_attention", "sliding_attention"

# Of each kind of block, where older files have its theta, and the theta without any.
_THETAS = {_FULL: ("global_rope_theta", 160_000.0), _LOCAL: ("local_rope_theta", 10_000.0)}


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: rotary positions, local and global blocks, a gated feed-forward.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    content.check(_TYPES, read=("rope_parameters",))
    vocab_size = content.size("vocab_size", "vocab_size")
    hidden_size = content.size("hidden_size", "hidden_size")
    heads = content.heads("num_attention_heads", "hidden_size")
    layers = content.size("num_hidden_layers", "num_hidden_layers")
    positions = content.size("max_position_embeddings", "max_position_embeddings", default=8192)
    _check_head(content, hidden_size // heads, positions)
    return EncoderConfig(
        architecture=FAMILY.architecture,
        hidden_size=hidden_size,
        intermediate_size=content.size("intermediate_size", "intermediate_size"),
        num_attention_heads=heads,
        num_hidden_layers=layers,
        vocab_size=vocab_size,
        max_position_embeddings=positions,
        has_position_table=False,
        hidden_act=content.activation("hidden_activation"),
        head_activation=content.activation("classifier_activation"),
        head_norm=True,
        pooling=_pooling(content),
        attention="rotary",
        layer_norm_eps=content.epsilon("norm_eps", default=1e-5),
        norm_placement="pre",
        attention_bias=content.get("attention_bias", False),
        mlp_bias=content.get("mlp_bias", False),
        gated_mlp=True,
        norm_bias=content.get("norm_bias", False),
        first_attention_norm=False,
        head_bias=content.get("classifier_bias", False),
        rotary_theta=_theta(content, _FULL),
        local_rotary_theta=_theta(content, _LOCAL),
        local_blocks=_local_blocks(content, layers),
        local_distance=content.size("local_attention", "max_position_embeddings", default=128) // 2,
        num_labels=num_labels,
        pad_token_id=content.pad_token_id(vocab_size),
    )


def _check_head(content: ConfigJson, width: int, positions: int) -> None:
    if width % 2:
        raise content.error(
            f"hidden_size / num_attention_heads is {width}, and rotary positions rotate pairs of "
            "columns. Correct the one that is wrong."
        )
    if content.get("head_dim") not in (None, width):
        raise content.error(
            f"head_dim is {shown(content.get('head_dim'))} and hidden_size / num_attention_heads "
            f"{width}. Remove head_dim."
        )
    if positions * width > _LARGEST_ANGLE_TABLE:
        raise content.error(
            f"{positions} rotary positions of {width} columns make a table of more than "
            f"{_LARGEST_ANGLE_TABLE} numbers. Correct max_position_embeddings."
        )


def _pooling(content: ConfigJson) -> Pooling:
    value = content.get("classifier_pooling", "cls")
    if not isinstance(value, str) or value not in _POOLINGS:
        raise content.error(
            f"classifier_pooling is {shown(value)}, not one of {', '.join(_POOLINGS)}. Correct it."
        )
    return _POOLINGS[value]


def _local_blocks(content: ConfigJson, layers: int) -> tuple[bool, ...]:
    """Returns which blocks are local: by ``layer_types``, else by a period, as older files say."""
    types = content.get("layer_types")
    if types is None:
        period = content.size("global_attn_every_n_layers", "num_hidden_layers", default=3)
        return tuple(bool(index % period) for index in range(layers))
    if not isinstance(types, list) or len(types) != layers or not {*map(str, types)} <= {*_THETAS}:
        raise content.error(
            f"layer_types is {shown(types)}, not a list of {layers} times {_FULL!r} or {_LOCAL!r}, "
            "one for each of num_hidden_layers. Correct it."
        )
    return tuple(each == _LOCAL for each in types)


def _theta(content: ConfigJson, kind: str) -> float:
    """Returns the theta of a kind of block: of ``rope_parameters``, else as older files have it."""
    key, default = _THETAS[kind]
    parameters = _rope_parameters(content).get(kind) or {}
    where = f"rope_theta of {kind} in rope_parameters" if "rope_theta" in parameters else key
    theta = parameters.get("rope_theta", content.get(key, default))
    if type(theta) not in (float, int) or not math.isfinite(theta) or theta <= 0:
        raise content.error(f"{where} is {shown(theta)}, not a positive number. Correct it.")
    return float(theta)


def _rope_parameters(content: ConfigJson) -> dict[str, Any]:
    """Returns ``rope_parameters``, once all of it is known to be served."""
    parameters = content.get("rope_parameters")
    if parameters is None:
        return {}
    # Where no block is local, transformers writes these two beside the kinds of blocks; it reads
    # neither.
    unread = {"rope_type": "default", "rope_theta": None}
    if not isinstance(parameters, dict) or any(
        key not in _THETAS and (key not in unread or value != unread[key])
        for key, value in parameters.items()
    ):
        raise content.error(
            f"rope_parameters is {shown(parameters)}, and only those of {_FULL!r} and {_LOCAL!r} "
            "are served. Correct it."
        )
    for kind in _THETAS:
        each = parameters.get(kind)
        if each is None:
            continue
        served = isinstance(each, dict) and {*each} <= {"rope_type", "type", "rope_theta"}
        if not served or each.get("rope_type", each.get("type", "default")) != "default":
            raise content.error(
                f"rope_parameters of {kind} is {shown(each)}, and only rope_theta with the "
                "rope_type 'default' is served. Use a checkpoint that was trained with it."
            )
    return parameters


FAMILY = Family(
    architecture="ModernBertForSequenceClassification",
    model_type="modernbert",
    examples=("tasksource/ModernBERT-base-nli",),
    head="dense layer with GELU and a norm, on the first token or the mean",
    precisions=WITHOUT_CODES,
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
