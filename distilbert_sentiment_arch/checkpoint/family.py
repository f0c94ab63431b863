"""Description of a model family's checkpoints: architecture, configuration and tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import TensorSpec
from distilbert_sentiment_arch.settings.precision import PRECISIONS, Precision


@dataclass(frozen=True, kw_only=True)
class Family:
    """Rules by which the checkpoints of a model family are read.

    Attributes:
        architecture: ``architectures[0]`` in ``config.json``.
        model_type: ``model_type`` in ``config.json``; transformers chooses its class by it.
        examples: Published checkpoints, by their hub ids.
        head: What follows the encoder, in words.
        precisions: Precisions that its graphs can be computed in.
        read_encoder: Reads ``config.json``; the second argument is the number of labels. Raises
            ConfigError if a value is missing, has the wrong type or is not supported.
        tensor_specs: Every tensor of a checkpoint, by its name there.
        dropped: How the names of tensors begin that published checkpoints have, too, and that no
            classifier computes with: heads of pre-training, a pooler that is not used. Also those
            that only some configurations compute with; ``tensor_specs`` says which do.
    """

    architecture: str
    model_type: str
    examples: tuple[str, ...]
    head: str
    precisions: tuple[Precision, ...] = PRECISIONS
    read_encoder: Callable[[ConfigJson, int], EncoderConfig]
    tensor_specs: Callable[[EncoderConfig], Mapping[str, TensorSpec]]
    dropped: tuple[str, ...] = ()


Families = Mapping[str, Family]
"""Families by their architecture."""
