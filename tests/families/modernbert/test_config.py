"""config.json of ModernBERT: Hugging Face's keys in both spellings, defaults, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.modernbert.config import read_encoder
from scripts import checkpoints


def read(*without: str, **changes: Any) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.MODERNBERT, **changes)
    for key in without:
        del content[key]
    return read_encoder(ConfigJson(content, "config.json"), 2)


def thetas(full: float, local: float) -> dict[str, Any]:
    return {
        "full_attention": {"rope_theta": full, "rope_type": "default"},
        "sliding_attention": {"rope_theta": local, "rope_type": "default"},
    }


def test_keys_are_those_of_hugging_face() -> None:
    config = read(
        attention_bias=True,
        classifier_activation="silu",
        classifier_bias=True,
        classifier_pooling="mean",
        global_attn_every_n_layers=2,
        global_rope_theta=1000.0,
        hidden_activation="relu",
        local_attention=9,
        local_rope_theta=10,
        mlp_bias=True,
        norm_bias=True,
        norm_eps=1e-6,
        pad_token_id=3,
    )
    assert config == EncoderConfig(
        architecture="ModernBertForSequenceClassification",
        hidden_size=32,
        intermediate_size=48,
        num_attention_heads=4,
        num_hidden_layers=4,
        vocab_size=99,
        max_position_embeddings=40,
        has_position_table=False,
        hidden_act="relu",
        head_activation="silu",
        head_norm=True,
        pooling="mean",
        attention="rotary",
        layer_norm_eps=1e-6,
        norm_placement="pre",
        gated_mlp=True,
        first_attention_norm=False,
        rotary_theta=1000.0,
        local_rotary_theta=10.0,
        local_blocks=(False, True, False, True),
        local_distance=4,
        num_labels=2,
        pad_token_id=3,
    )


def test_defaults_are_those_of_hugging_face() -> None:
    config = read(
        *("classifier_pooling", "global_attn_every_n_layers", "hidden_activation"),
        *("local_attention", "max_position_embeddings"),
    )
    assert (config.pooling, config.hidden_act, config.head_activation) == ("first", "gelu", "gelu")
    assert (config.rotary_theta, config.local_rotary_theta) == (160_000.0, 10_000.0)
    assert config.local_blocks == (False, True, True, False)
    assert (config.local_distance, config.max_position_embeddings) == (64, 8192)
    assert (config.layer_norm_eps, config.pad_token_id) == (1e-5, 0)
    biases = (config.attention_bias, config.mlp_bias, config.norm_bias, config.head_bias)
    assert biases == (False, False, False, False)


def test_current_and_older_files_spell_the_same_encoder_differently() -> None:
    older = read(global_attn_every_n_layers=2, global_rope_theta=3e3, local_rope_theta=50.0)
    kinds = ["full_attention", "sliding_attention"]
    current = read(
        "global_attn_every_n_layers", layer_types=2 * kinds, rope_parameters=thetas(3e3, 50.0)
    )
    assert current == older


def test_what_rope_parameters_leave_out_is_read_as_in_older_files() -> None:
    config = read(
        rope_parameters={"full_attention": {"rope_type": "default"}, "sliding_attention": None},
        global_rope_theta=7.0,
    )
    assert (config.rotary_theta, config.local_rotary_theta) == (7.0, 10_000.0)


def test_transformers_writes_more_parameters_where_no_block_is_local() -> None:
    parameters = thetas(3e3, 50.0) | {"rope_type": "default", "rope_theta": None}
    config = read(layer_types=4 * ["full_attention"], rope_parameters=parameters)
    assert (config.rotary_theta, config.local_blocks) == (3e3, (False,) * 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classifier_pooling": "max"}, "classifier_pooling is 'max', not one of cls, mean"),
        ({"classifier_pooling": ["cls"]}, r"classifier_pooling is \['cls'\]"),
        ({"global_attn_every_n_layers": 0}, "global_attn_every_n_layers is 0, not a positive"),
        ({"layer_types": ["full_attention"]}, "layer_types is .* not a list of 4 times"),
        ({"layer_types": 4 * ["causal"]}, "layer_types is .* not a list of 4 times"),
        ({"local_attention": 0}, "local_attention is 0, not a positive integer"),
        ({"global_rope_theta": 0}, "global_rope_theta is 0, not a positive number"),
        ({"local_rope_theta": None}, "local_rope_theta is None, not a positive number"),
        (
            {"rope_parameters": thetas(-1.0, 1.0)},
            "rope_theta of full_attention in rope_parameters is -1.0",
        ),
        (
            {"rope_parameters": {"full_attention": {"rope_type": "yarn", "factor": 2.0}}},
            "rope_parameters of full_attention is .*yarn.* only rope_theta",
        ),
        ({"rope_parameters": {"rope_theta": 1e4}}, "rope_parameters is .* only those of 'full_"),
        ({"rope_scaling": {"type": "linear"}}, "rope_scaling is"),
        ({"hidden_size": 36, "num_attention_heads": 4}, "hidden_size / num_attention_heads is 9"),
        ({"head_dim": 16}, "head_dim is 16 and hidden_size / num_attention_heads 8"),
        (
            {"max_position_embeddings": 65_536, "hidden_size": 16_384, "num_attention_heads": 1},
            "65536 rotary positions of 16384 columns make a table",
        ),
        ({"norm_bias": 1}, "norm_bias is 1, not bool"),
        ({"norm_eps": 0}, "norm_eps is 0, not a number between 0 and 1"),
        ({"hidden_activation": "geglu"}, "hidden_activation 'geglu' is not supported"),
    ],
)
def test_unsupported_configurations_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(**changes)
