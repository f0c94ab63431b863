"""config.json, typed: the defaults of Hugging Face and the reading of problem_type."""

from __future__ import annotations

import checkpoints
import pytest

from distilbert_sentiment_arch.checkpoint.hf_config import ACTIVATIONS, HFConfig


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
    from distilbert_sentiment_arch import distilbert

    assert set(distilbert.ACTIVATIONS) == set(ACTIVATIONS)
