"""``config.json`` of BERT sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/bert#transformers.BertConfig
"""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, Types
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.messages import shown
from weight_adapters.bert import tensor_specs

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


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: token types, a pooler with tanh, layer norms after residuals.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    content.check(_TYPES)
    for key, served in _ONLY.items():
        if content.get(key, served) != served:
            raise content.error(
                f"{key} is {shown(content.get(key))}, and only {served!r} is served. Use a "
                "checkpoint that was trained with it."
            )
    vocab_size = content.size("vocab_size", "vocab_size")
    return EncoderConfig(
        architecture=FAMILY.architecture,
        hidden_size=content.size("hidden_size", "hidden_size"),
        intermediate_size=content.size("intermediate_size", "intermediate_size"),
        num_attention_heads=content.heads("num_attention_heads", "hidden_size"),
        num_hidden_layers=content.size("num_hidden_layers", "num_hidden_layers"),
        vocab_size=vocab_size,
        max_position_embeddings=content.size("max_position_embeddings", "max_position_embeddings"),
        type_vocab_size=content.size("type_vocab_size", "type_vocab_size", default=2),
        hidden_act=content.activation("hidden_act"),
        head_activation="tanh",
        layer_norm_eps=content.epsilon("layer_norm_eps", default=1e-12),
        num_labels=num_labels,
        pad_token_id=content.pad_token_id(vocab_size),
    )


FAMILY = Family(
    architecture="BertForSequenceClassification",
    model_type="bert",
    examples=(
        "nlptown/bert-base-multilingual-uncased-sentiment",
        "ProsusAI/finbert",
        "unitary/toxic-bert",
    ),
    head="pooler with tanh",
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
)
