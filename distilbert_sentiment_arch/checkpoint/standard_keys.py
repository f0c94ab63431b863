"""Encoder configuration from the keys that most encoders' ``config.json`` share.

Keys: https://huggingface.co/docs/transformers/model_doc/bert#transformers.BertConfig. Layer norms
follow the residuals.
"""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, Types
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.messages import shown

_TYPES: Types = {
    "add_cross_attention": (bool,),
    "attention_probs_dropout_prob": (float, int),
    "classifier_dropout": (float, int, type(None)),
    "gradient_checkpointing": (bool,),
    "hidden_dropout_prob": (float, int),
    "is_decoder": (bool,),
    "use_cache": (bool,),
}

# Keys that change the computation, and the only value that is served: the default of each.
_ONLY = {"add_cross_attention": False, "is_decoder": False, "position_embedding_type": "absolute"}


def read_standard_keys(
    content: ConfigJson,
    num_labels: int,
    architecture: str,
    head_activation: str,
    *,
    hidden_act: str = "gelu",
    types: Types | None = None,
    padding: int | None = None,
) -> EncoderConfig:
    """Reads an encoder.

    Args:
        content: The file.
        num_labels: Number of labels.
        architecture: The family's.
        head_activation: Activation between the two layers of the head.
        hidden_act: Activation of the feed-forward blocks where the file names none.
        types: Further keys that only transformers reads, and the types of their values.
        padding: Where positions are numbered from the padding token's id plus 1: that id where the
            file has none. None: they are numbered from 0.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    content.check({**_TYPES, **(types or {})})
    check_only(content, _ONLY)
    vocab_size = content.size("vocab_size", "vocab_size")
    positions = content.size("max_position_embeddings", "max_position_embeddings")
    pad_token_id = content.pad_token_id(vocab_size)
    if padding is not None:
        if "pad_token_id" not in content.raw:
            pad_token_id = padding
        elif content.get("pad_token_id") is None:
            raise content.error(
                "pad_token_id is null, and positions are numbered from it. Set it to the id of the "
                f"tokenizer's padding token; published checkpoints have {padding}."
            )
        if positions <= pad_token_id + 1:
            raise content.error(
                f"max_position_embeddings is {positions} and pad_token_id {pad_token_id}: the "
                f"first {pad_token_id + 1} positions are never used, so none is left. Correct the "
                "one that is wrong."
            )
        positions -= pad_token_id + 1
    return EncoderConfig(
        architecture=architecture,
        hidden_size=content.size("hidden_size", "hidden_size"),
        intermediate_size=content.size("intermediate_size", "intermediate_size"),
        num_attention_heads=content.heads("num_attention_heads", "hidden_size"),
        num_hidden_layers=content.size("num_hidden_layers", "num_hidden_layers"),
        vocab_size=vocab_size,
        max_position_embeddings=positions,
        type_vocab_size=content.size("type_vocab_size", "type_vocab_size", default=2),
        hidden_act=content.activation("hidden_act", hidden_act),
        head_activation=head_activation,
        layer_norm_eps=content.epsilon("layer_norm_eps", default=1e-12),
        num_labels=num_labels,
        pad_token_id=pad_token_id,
    )


def check_only(content: ConfigJson, served: dict[str, object]) -> None:
    """Checks keys of which one value is served, the one that a missing key stands for.

    Raises:
        ConfigError: A key has another value.
    """
    for key, value in served.items():
        if content.get(key, value) != value:
            raise content.error(
                f"{key} is {shown(content.get(key))}, and only {value!r} is served. Use a "
                "checkpoint that was trained with it."
            )
