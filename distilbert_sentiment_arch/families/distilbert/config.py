"""``config.json`` of DistilBERT sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/distilbert#transformers.DistilBertConfig
"""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, Types
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from weight_adapters.distilbert import DROPPED, tensor_specs

_LARGEST_SINUSOIDAL_TABLE = 2**25
"""Entries of a position table that is computed and so is in no file: 128 MiB in float32."""

_TYPES: Types = {
    "attention_dropout": (float, int),
    "dropout": (float, int),
    "qa_dropout": (float, int),
    "seq_classif_dropout": (float, int),
    "sinusoidal_pos_embds": (bool,),
}

# transformers reads the left one as the right one.
_ALIASES = {"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"}


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder.

    No token types, ReLU in the head, layer norms after residuals, and for all of them an epsilon of
    1e-12, which is a constant in Hugging Face's code.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    content.check(_TYPES)
    content.check_aliases(_ALIASES)
    hidden_size = content.size("dim", "hidden_size")
    vocab_size = content.size("vocab_size", "vocab_size")
    positions = content.size("max_position_embeddings", "max_position_embeddings")
    if content.get("sinusoidal_pos_embds") and positions * hidden_size > _LARGEST_SINUSOIDAL_TABLE:
        raise content.error(
            f"{positions} sinusoidal positions of {hidden_size} make a table of more than "
            f"{_LARGEST_SINUSOIDAL_TABLE} numbers. Correct max_position_embeddings."
        )
    return EncoderConfig(
        architecture=FAMILY.architecture,
        hidden_size=hidden_size,
        intermediate_size=content.size("hidden_dim", "intermediate_size"),
        num_attention_heads=content.heads("n_heads", "dim"),
        num_hidden_layers=content.size("n_layers", "num_hidden_layers"),
        vocab_size=vocab_size,
        max_position_embeddings=positions,
        sinusoidal_positions=bool(content.get("sinusoidal_pos_embds")),
        hidden_act=content.activation("activation"),
        head_activation="relu",
        layer_norm_eps=1e-12,
        num_labels=num_labels,
        pad_token_id=content.pad_token_id(vocab_size),
    )


FAMILY = Family(
    architecture="DistilBertForSequenceClassification",
    model_type="distilbert",
    examples=(
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        "lxyuan/distilbert-base-multilingual-cased-sentiments-student",
    ),
    head="dense layer with ReLU",
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
