"""config.json of DeBERTa: Hugging Face's keys, their defaults, and the values that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.deberta_v2.config import read_encoder
from scripts import checkpoints


def read(**changes: object) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.DEBERTA_V2, **changes)
    return read_encoder(ConfigJson(content, "config.json"), 3)


# What microsoft/deberta-v3-base has in its config.json, and what transformers adds to it.
V3_BASE = {
    "attention_probs_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-7,
    "legacy": True,
    "max_position_embeddings": 512,
    "max_relative_positions": -1,
    "model_type": "deberta-v2",
    "norm_rel_ebd": "layer_norm",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 0,
    "pooler_dropout": 0,
    "pooler_hidden_act": "gelu",
    "pooler_hidden_size": 768,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    "position_buckets": 256,
    "relative_attention": True,
    "share_att_key": True,
    "type_vocab_size": 0,
    "vocab_size": 128100,
}

EXPECTED = EncoderConfig(
    architecture="DebertaV2ForSequenceClassification",
    hidden_size=768,
    intermediate_size=3072,
    num_attention_heads=12,
    num_hidden_layers=12,
    vocab_size=128100,
    max_position_embeddings=512,
    has_position_table=False,
    hidden_act="gelu",
    head_activation="gelu",
    attention="disentangled",
    layer_norm_eps=1e-7,
    position_buckets=256,
    max_relative_positions=512,
    content_to_position=True,
    position_to_content=True,
    share_att_key=True,
    norm_rel_ebd=True,
    num_labels=3,
)


def test_the_keys_of_version_3() -> None:
    assert read_encoder(ConfigJson(V3_BASE, "config.json"), 3) == EXPECTED
    as_text = {**V3_BASE, "pos_att_type": "p2c|C2P "}
    assert read_encoder(ConfigJson(as_text, "config.json"), 3) == EXPECTED


def test_defaults_are_those_of_hugging_face() -> None:
    content = {
        key: V3_BASE[key]
        for key in (
            *("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers"),
            *("pos_att_type", "relative_attention", "vocab_size"),
        )
    }
    assert read_encoder(ConfigJson(content, "config.json"), 3) == replace(
        EXPECTED,
        has_position_table=True,
        position_buckets=0,
        share_att_key=False,
        norm_rel_ebd=False,
    )


def test_each_distance_has_an_embedding_without_buckets() -> None:
    assert read(position_buckets=-1).relative_embeddings == 2 * 40
    assert read(position_buckets=-1, max_relative_positions=12).relative_embeddings == 2 * 12
    assert read(position_buckets=16, max_relative_positions=30).relative_embeddings == 2 * 16


@pytest.mark.parametrize("terms", ["c2p", ["p2c"]])
def test_one_of_the_two_terms(terms: object) -> None:
    config = read(pos_att_type=terms)
    assert (config.content_to_position, config.position_to_content) == (
        "c2p" in terms,
        "p2c" in terms,
    )


def test_without_relative_attention_it_is_plain() -> None:
    config = read(relative_attention=False, pos_att_type=None, position_biased_input=True)
    assert (config.attention, config.has_position_table) == ("plain", True)


def test_token_types() -> None:
    assert read(type_vocab_size=2).has_token_types


# What microsoft/deberta-v2-xlarge-mnli has in its config.json, and version 3, base, has not.
V2_XLARGE = {
    "conv_act": "gelu",
    "conv_kernel_size": 3,
    "hidden_size": 1536,
    "intermediate_size": 6144,
    "num_attention_heads": 24,
    "num_hidden_layers": 24,
    "pooler_hidden_size": 1536,
}


def test_the_convolution_of_version_2_xlarge() -> None:
    assert read_encoder(ConfigJson(V3_BASE | V2_XLARGE, "config.json"), 3) == replace(
        EXPECTED,
        hidden_size=1536,
        intermediate_size=6144,
        num_attention_heads=24,
        num_hidden_layers=24,
        conv_kernel_size=3,
        conv_act="gelu",
    )


def test_defaults_of_a_convolution_are_those_of_hugging_face() -> None:
    config = read(conv_kernel_size=1)
    assert (config.conv_kernel_size, config.conv_groups, config.conv_act) == (1, 1, "tanh")


@pytest.mark.parametrize("size", [0, -1])
def test_no_convolution_has_no_groups_and_no_activation(size: int) -> None:
    assert read(conv_kernel_size=size, conv_groups=5, conv_act="elu") == read()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv_kernel_size": 4}, "conv_kernel_size is 4: a convolution of even size"),
        ({"conv_kernel_size": None}, "conv_kernel_size is None, not a positive integer"),
        ({"conv_kernel_size": 33}, "conv_kernel_size is 33, and at most 31"),
        ({"conv_kernel_size": 3, "conv_groups": 5}, "conv_groups 5 does not divide hidden_size 32"),
        ({"conv_kernel_size": 3, "conv_groups": 0}, "conv_groups is 0, not a positive integer"),
        ({"conv_kernel_size": 3, "conv_act": "elu"}, "conv_act 'elu' is not supported"),
        ({"embedding_size": 16}, "embedding_size is 16, and only 32"),
        ({"attention_head_size": 64}, "attention_head_size is 64, and only 8"),
        ({"pooler_hidden_size": 64}, "pooler_hidden_size is 64, and only 32"),
        ({"pos_att_type": "p2c|p2p"}, "pos_att_type is 'p2c|p2p', and only c2p and p2c"),
        ({"pos_att_type": [2]}, r"pos_att_type is \[2\], neither a list of names nor a text"),
        ({"pos_att_type": None}, "relative_attention is True and pos_att_type None"),
        ({"relative_attention": False}, "relative_attention is False and pos_att_type 'p2c|c2p'"),
        ({"relative_attention": 1}, "relative_attention is 1, not bool"),
        ({"norm_rel_ebd": None}, "norm_rel_ebd is None"),
        ({"position_buckets": 1}, "position_buckets is 1 and max_relative_positions 40"),
        ({"max_relative_positions": 9}, "position_buckets is 16 and max_relative_positions 9"),
        ({"position_buckets": 16.0}, "position_buckets is 16.0, not a positive integer"),
        ({"type_vocab_size": -1}, "type_vocab_size is -1, not a positive integer"),
        ({"pooler_hidden_act": "elu"}, "pooler_hidden_act 'elu' is not supported"),
    ],
)
def test_unsupported_configurations_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("|", r"\|")):
        read(**changes)


def test_buckets_that_no_sequence_is_long_enough_for_are_served() -> None:
    config = read(position_buckets=78, max_relative_positions=39)
    assert (config.position_buckets, config.max_relative_positions) == (78, 39)
