"""``config.json`` of DeBERTa sequence classifiers, versions 2 and 3.

Keys: https://huggingface.co/docs/transformers/model_doc/deberta-v2#transformers.DebertaV2Config,
and those that transformers reads without listing them: ``position_buckets``, ``share_att_key``,
``norm_rel_ebd``, ``embedding_size``, ``attention_head_size``, ``pooler_hidden_size``,
``conv_kernel_size``, ``conv_groups``, ``conv_act``.
"""

from __future__ import annotations

from typing import Any

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, Types, is_integer
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.messages import shown
from distilbert_sentiment_arch.settings.precision import WITHOUT_CODES
from weight_adapters.deberta_v2 import DROPPED, tensor_specs

_TYPES: Types = {
    "attention_probs_dropout_prob": (float, int),
    "hidden_dropout_prob": (float, int),
    "legacy": (bool,),
    "pooler_dropout": (float, int),
    "position_biased_input": (bool,),
    "relative_attention": (bool,),
    "share_att_key": (bool,),
}

_TERMS = ("c2p", "p2c")
"""Content to position, position to content."""


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: attention to distances, layer norms after residuals.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    content.check(_TYPES)
    hidden_size = content.size("hidden_size", "hidden_size")
    heads = content.heads("num_attention_heads", "hidden_size")
    only = {
        "attention_head_size": hidden_size // heads,
        "embedding_size": hidden_size,
        "pooler_hidden_size": hidden_size,
    }
    for key, served in only.items():
        if content.get(key, served) != served:
            raise content.error(
                f"{key} is {shown(content.get(key))}, and only {served} is served. Use a "
                "checkpoint without it, such as one made from microsoft/deberta-v3-base or -large."
            )
    vocab_size = content.size("vocab_size", "vocab_size")
    positions = content.size("max_position_embeddings", "max_position_embeddings", default=512)
    type_vocab_size = 0
    if content.get("type_vocab_size", 0) != 0:
        type_vocab_size = content.size("type_vocab_size", "type_vocab_size")
    return EncoderConfig(
        architecture=FAMILY.architecture,
        hidden_size=hidden_size,
        intermediate_size=content.size("intermediate_size", "intermediate_size"),
        num_attention_heads=heads,
        num_hidden_layers=content.size("num_hidden_layers", "num_hidden_layers"),
        vocab_size=vocab_size,
        max_position_embeddings=positions,
        has_position_table=bool(content.get("position_biased_input", True)),
        type_vocab_size=type_vocab_size,
        hidden_act=content.activation("hidden_act"),
        head_activation=content.activation("pooler_hidden_act"),
        layer_norm_eps=content.epsilon("layer_norm_eps", default=1e-7),
        num_labels=num_labels,
        pad_token_id=content.pad_token_id(vocab_size),
        **_relative_attention(content, positions),
        **_convolution(content, hidden_size),
    )


def _relative_attention(content: ConfigJson, positions: int) -> dict[str, Any]:
    """Returns the fields of the encoder that say how it attends to distances."""
    terms = _attention_terms(content)
    relative = content.get("relative_attention", False)
    if relative != bool(terms):
        raise content.error(
            f"relative_attention is {shown(relative)} and pos_att_type "
            f"{shown(content.get('pos_att_type'))}: served are true with c2p, p2c or both, and "
            "false with null. Correct the one that is wrong."
        )
    if not relative:
        return {}
    buckets = _optional_size(content, "position_buckets") or 0
    farthest = _optional_size(content, "max_relative_positions") or positions
    if buckets and _has_no_scale(buckets // 2, farthest, positions):
        raise content.error(
            f"position_buckets is {buckets} and max_relative_positions {farthest}: between half of "
            "the one and the other, no distance is left that could share buckets. Correct the one "
            "that is wrong."
        )
    return {
        "attention": "disentangled",
        "position_buckets": buckets,
        "max_relative_positions": farthest,
        "content_to_position": "c2p" in terms,
        "position_to_content": "p2c" in terms,
        "share_att_key": content.get("share_att_key", False),
        "norm_rel_ebd": "layer_norm" in _names(content, "norm_rel_ebd"),
    }


def _convolution(content: ConfigJson, hidden_size: int) -> dict[str, Any]:
    """Returns the fields of the encoder that say how it convolves its embeddings."""
    size = _optional_size(content, "conv_kernel_size", "conv_kernel_size") or 0
    if size == 0:
        return {}
    if size % 2 == 0:
        raise content.error(
            f"conv_kernel_size is {size}: a convolution of even size gives a token less than it is "
            "given, and transformers fails, too. Correct it; published checkpoints have 3."
        )
    groups = content.size("conv_groups", "hidden_size", default=1)
    if hidden_size % groups:
        raise content.error(
            f"conv_groups {groups} does not divide hidden_size {hidden_size}. Correct the one that "
            "is wrong."
        )
    return {
        "conv_kernel_size": size,
        "conv_groups": groups,
        "conv_act": content.activation("conv_act", default="tanh"),
    }


def _has_no_scale(middle: int, farthest: int, positions: int) -> bool:
    """Whether distances above ``middle`` occur and there is no logarithm to divide theirs by."""
    return middle < 1 or farthest - 1 <= middle < positions - 1


def _attention_terms(content: ConfigJson) -> list[str]:
    found = content.get("pos_att_type")
    terms = [] if found is None else _names(content, "pos_att_type")
    if not set(terms) <= set(_TERMS):
        raise content.error(
            f"pos_att_type is {shown(found)}, and only {' and '.join(_TERMS)} are served. Use a "
            "checkpoint that was trained with these."
        )
    return terms


def _names(content: ConfigJson, key: str) -> list[str]:
    """Returns the names in a value that is a list or has bars between them."""
    found = content.get(key, "none")
    listed = found.lower().split("|") if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise content.error(
            f"{key} is {shown(found)}, neither a list of names nor a text. Correct it."
        )
    return [each.strip() for each in listed]


def _optional_size(
    content: ConfigJson, key: str, meaning: str = "max_position_embeddings"
) -> int | None:
    """Returns a positive integer, or None where the key is missing or has a number below 1."""
    found = content.get(key, -1)
    if is_integer(found) and found < 1:
        return None
    return content.size(key, meaning)


FAMILY = Family(
    architecture="DebertaV2ForSequenceClassification",
    model_type="deberta-v2",
    examples=(
        "protectai/deberta-v3-base-prompt-injection-v2",
        "MoritzLaurer/deberta-v3-base-zeroshot-v2.0",
        "meta-llama/Prompt-Guard-86M",
    ),
    head="context pooler with GELU",
    precisions=WITHOUT_CODES,
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
