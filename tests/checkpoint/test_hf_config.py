"""config.json, typed: the defaults of Hugging Face and the reading of problem_type."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.hf_config import ACTIVATIONS, HFConfig
from distilbert_sentiment_arch.errors import ConfigError
from scripts import checkpoints


def read(**changes: object) -> HFConfig:
    return HFConfig.from_dict(checkpoints.random_config(**changes), "config.json")


def test_keys_are_those_of_hugging_face() -> None:
    config = read(sinusoidal_pos_embds=True, pad_token_id=7)
    for key in ("dim", "hidden_dim", "n_heads", "n_layers", "vocab_size", "activation"):
        assert getattr(config, key) == checkpoints.random_config()[key]
    assert config.sinusoidal_pos_embds is True
    assert config.pad_token_id == 7
    assert config.num_labels == 2


def test_labels_come_in_the_order_of_their_ids() -> None:
    config = read(id2label={str(index): f"label-{index}" for index in reversed(range(12))})
    assert config.labels.names == tuple(f"label-{index}" for index in range(12))


# Hugging Face's TextClassificationPipeline decides the same way.
@pytest.mark.parametrize(
    ("labels", "declared", "read_as"),
    [
        (2, None, "single_label_classification"),
        (1, None, "multi_label_classification"),
        (1, "single_label_classification", "multi_label_classification"),
        (3, "single_label_classification", "single_label_classification"),
        (5, "multi_label_classification", "multi_label_classification"),
        (1, "regression", "regression"),
    ],
)
def test_problem_type(labels: int, declared: str | None, read_as: str) -> None:
    config = read(id2label=checkpoints.labels(labels), problem_type=declared)
    assert config.labels.problem_type == read_as


def test_every_supported_activation_has_a_graph() -> None:
    from distilbert_sentiment_arch.engine import layers

    assert set(layers.ACTIVATIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_layers": 10**6}, "n_layers is 1000000, and at most 256"),
        ({"dim": 10**9}, "dim is 1000000000, and at most"),
        ({"vocab_size": 10**4299}, "vocab_size is 1000.*and at most 2000000"),
        ({"n_layers": True}, "n_layers is True, not a positive integer"),
        ({"dim": 32.0}, "dim is 32.0, not a positive integer"),
        (
            {"max_position_embeddings": 65_536, "dim": 1024, "sinusoidal_pos_embds": True},
            "65536 sinusoidal positions of 1024",
        ),
        ({"max_position_embeddings": 10**7, "sinusoidal_pos_embds": True}, "at most 65536"),
        ({"sinusoidal_pos_embds": "false"}, "sinusoidal_pos_embds is 'false', not bool"),
        ({"pad_token_id": True}, "pad_token_id True"),
        ({"num_labels": 2.0}, "num_labels is 2.0"),
        ({"id2label": checkpoints.labels(10_001)}, "names 10001 labels"),
        ({"id2label": {"0": "\x1b[2J"}}, "no text"),
        ({"model_type": "bert"}, "model_type is 'bert'"),
        ({"quantization_config": {"bits": 4}}, "quantization_config"),
        ({"auto_map": {"AutoConfig": "a.B"}}, "auto_map"),
        ({"dropout": "high"}, "dropout is 'high', not float or int"),
        ({"label2id": {"A": "0"}}, "label2id"),
        ({"hidden_size": 64}, "hidden_size is 64 and dim, another name for it, 32"),
    ],
)
def test_what_no_classifier_has(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(**changes)
    assert len(str(caught.value)) < 500
