"""What a family's table of weight names is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from max.dtype import DType
from max.graph import DeviceRef
from max.graph.weights import load_weights

from distilbert_sentiment_arch.checkpoint.classifier_config import ClassifierConfig, read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.tensors import check_tensors
from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints


def read(architecture: str, **changes: Any) -> ClassifierConfig:
    """Returns the configuration of a random checkpoint of a family."""
    content = ConfigJson(checkpoints.random_config(architecture, **changes), "config.json")
    return read_config(content, FAMILIES)


def assert_graph_has_the_weights(
    config: ClassifierConfig,
    graph: type[EncoderForSequenceClassification] = EncoderForSequenceClassification,
) -> None:
    """Holds the names and the shapes of a table against the weights of the graph."""
    specs = config.family.tensor_specs(config.encoder).values()
    module = graph(config.encoder, DType.float32, DeviceRef.CPU())
    assert {spec.graph_name: list(spec.graph_shape) for spec in specs} == {
        name: [int(axis) for axis in weight.shape]
        for name, weight in module.raw_state_dict().items()
    }


def converted(
    directory: Path,
    config: ClassifierConfig,
    tensors: Mapping[str, np.ndarray],
    further: Iterable[str] = (),
) -> dict[str, np.ndarray]:
    """Returns the weights of the graph that a family's adapter makes of tensors in a file.

    Args:
        directory: Where the file is written.
        config: The checkpoint's configuration.
        tensors: By name.
        further: Names of tensors that the file has, too; they hold NaN.
    """
    from importlib import import_module

    file = directory / "model.safetensors"
    nan = np.full(3, np.nan, np.float32)
    checkpoints.save_safetensors(file, {**tensors, **dict.fromkeys(further, nan)})
    family = config.family
    specs = family.tensor_specs(config.encoder)
    check_tensors((file,), specs, family.architecture, family.dropped)
    adapter = import_module(family.tensor_specs.__module__)
    weights = adapter.convert_safetensor_state_dict(
        dict(load_weights([file]).items()), config=config.encoder, dtype=DType.float32
    )
    return {name: np.from_dlpack(data) for name, data in weights.items()}
