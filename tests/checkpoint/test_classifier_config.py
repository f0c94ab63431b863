"""config.json of a classifier: its family, its labels and its problem_type."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.classifier_config import ClassifierConfig, read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints


def read(**changes: object) -> ClassifierConfig:
    return read_config(ConfigJson(checkpoints.random_config(**changes), "config.json"), FAMILIES)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_the_architecture_chooses_the_family(architecture: str) -> None:
    content = ConfigJson(checkpoints.random_config(architecture), "config.json")
    config = read_config(content, FAMILIES)
    assert config.family is FAMILIES[architecture]
    assert config.encoder.architecture == architecture
    assert config.encoder.num_labels == len(config.labels) == 2


def test_labels_come_in_the_order_of_their_ids() -> None:
    config = read(id2label={str(index): f"label-{index}" for index in reversed(range(12))})
    assert config.labels.names == tuple(f"label-{index}" for index in range(12))


@pytest.mark.parametrize(
    ("declared", "count"), [({}, 2), ({"num_labels": 1}, 1), ({"num_labels": 5}, 5)]
)
def test_labels_without_names_are_numbered_as_hugging_face_does(
    declared: dict[str, int], count: int
) -> None:
    assert read(id2label=None, **declared).labels.names == tuple(
        f"LABEL_{index}" for index in range(count)
    )


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_labels": 2.0}, "num_labels is 2.0"),
        ({"id2label": None, "num_labels": 0}, "num_labels is 0, not a number"),
        ({"id2label": None, "num_labels": 10**9}, "num_labels is 1000000000, not a number"),
        ({"num_labels": 3}, "num_labels is 3 and id2label names 2"),
        ({"id2label": checkpoints.labels(10_001)}, "names 10001 labels"),
        ({"id2label": {"0": "\x1b[2J"}}, "no text"),
        ({"problem_type": "ranking"}, "problem_type is 'ranking'"),
    ],
)
def test_values_no_classifier_has_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(**changes)
    assert len(str(caught.value)) < 500
