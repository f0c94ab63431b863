"""A model compiled and run in this process, through MAX's own pipeline and without its server."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np
from max.driver import DeviceSpec
from max.pipelines import PIPELINE_REGISTRY, PipelineArgs
from max.pipelines.lib import EmbeddingsPipelineType, PipelineConfig
from max.pipelines.modeling.types import PipelineTask

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.child_environment import restore_child_environment
from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch, Logits
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.device_choice import CPU, DeviceChoice
from distilbert_sentiment_arch.engine.device_transfer import PLACES
from distilbert_sentiment_arch.engine.inputs import EncoderInputs, pack_sequences
from distilbert_sentiment_arch.engine.loading_here import models_loaded_here
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.settings.defaults import MAX_BATCH_SIZE, PACKAGE
from distilbert_sentiment_arch.settings.limits import CPU_BATCH_TOKENS
from distilbert_sentiment_arch.settings.precision import (
    PRECISION,
    PrecisionChoice,
    PrecisionSetting,
)

_loading = threading.Lock()
"""Held while a model loads: it reads its settings from the environment of the process."""


class InProcessModel:
    """A compiled checkpoint that computes in the thread that asks it.

    Args:
        found: The checkpoint.
        tokenizer: Its tokenizer.
        pipeline: MAX's pipeline, which keeps the model.
        model: The model in it.
        device: What it computes on.

    Attributes:
        name: What clients call the model.
        device: What it computes on.
        checkpoint: Its files.
        tokenizer: Its tokenizer.
        labels: The labels of its head.
        max_length: Most tokens it reads at once, special tokens included.
        precision: What it computes in, and why.
    """

    def __init__(
        self,
        found: NamedCheckpoint,
        tokenizer: EncoderTokenizer,
        pipeline: EmbeddingsPipelineType,
        model: EncoderPipelineModel,
        device: DeviceChoice,
    ) -> None:
        self.name = found.name
        self.device = device
        self.checkpoint = found.checkpoint
        self.tokenizer = tokenizer
        self.labels = found.checkpoint.config.labels
        self.max_length = tokenizer.max_length
        self.precision: PrecisionChoice = model.precision
        self._pipeline = pipeline
        self._model = model
        self._computing = threading.Lock()

    def logits(self, sequences: Sequence[TokenSequence]) -> Logits:
        """Computes one batch, ``(sequences, num_labels)``, float32; see ``compute``.

        Args:
            sequences: At least one, each of at most ``max_length`` tokens.
        """
        return self.compute(pack_sequences(sequences))

    def compute(self, inputs: EncoderInputs) -> Logits:
        """Computes one batch that is packed; see ``logits``.

        One at a time on a CPU. On an accelerator a second one may be queued meanwhile.
        """
        with self._computing:
            if not self._model.overlaps:
                return np.array(self._model.logits(inputs))
            started = self._model.start(inputs)
        return started.logits()

    @property
    def max_in_flight(self) -> int:
        """Batches that are worth handing over at a time."""
        return PLACES if self._model.overlaps else 1


class InProcessTransport:
    """Runs batches in threads; see ``batching.Transport``.

    Args:
        model: The model.
    """

    def __init__(self, model: InProcessModel) -> None:
        self._model = model

    @property
    def max_in_flight(self) -> int:
        """See ``InProcessModel``."""
        return self._model.max_in_flight

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        """Runs a batch in a thread."""
        return await asyncio.to_thread(self._compute, sequences)

    def _compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        start = time.perf_counter()
        logits = self._model.logits(sequences)
        return ComputedBatch(logits, (time.perf_counter() - start) * 1000, len(sequences))


def load_model(
    found: NamedCheckpoint,
    device: DeviceChoice = CPU,
    precision: PrecisionSetting | None = None,
) -> InProcessModel:
    """Compiles a checkpoint for a device of this machine, or takes it from the cache.

    Args:
        found: The checkpoint.
        device: What computes.
        precision: What the linear layers are computed in; None for the setting of the environment.

    Raises:
        CheckpointError: The checkpoint cannot be served.
    """
    restore_child_environment()
    # MAX reports its whole configuration at INFO; a command prints its answer.
    logging.getLogger("max").setLevel(logging.WARNING)
    with _loading, _precision_setting(precision), models_loaded_here() as models:
        arguments = PipelineArgs.from_flat_kwargs(
            model_path=str(found.checkpoint.directory),
            custom_architectures=[str(PACKAGE)],
            device_specs=[DeviceSpec(device.number, device.kind)],
            quantization_encoding="float32",  # the precision's setting decides, on any device
            weight_path=[str(path) for path in found.checkpoint.weight_files],
            max_batch_size=MAX_BATCH_SIZE,
            enable_prefix_caching=False,
            task=PipelineTask.EMBEDDINGS_GENERATION,
        )
        config = PipelineConfig.from_args(arguments)
        task = PipelineTask.EMBEDDINGS_GENERATION
        retrieved = PIPELINE_REGISTRY.retrieve_factory(config, task=task)
        tokenizer = cast(EncoderTokenizer, retrieved.tokenizer)
        pipeline = cast(EmbeddingsPipelineType, retrieved.factory())
    return InProcessModel(found, tokenizer, pipeline, models[-1], device)


def load_classifier(found: NamedCheckpoint) -> ModelClassifier:
    """Loads a checkpoint for the CPU of this machine; see ``load_model``.

    Raises:
        CheckpointError: The checkpoint cannot be served.
    """
    return classifier_of(load_model(found), CPU_BATCH_TOKENS)


def classifier_of(
    model: InProcessModel, batch_tokens: int, max_request_tokens: int | None = None
) -> ModelClassifier:
    """Returns a loaded model as the classifier that answers requests.

    Args:
        model: The model.
        batch_tokens: Most tokens in a batch.
        max_request_tokens: Most tokens in a request; None for no limit.
    """
    return ModelClassifier(
        model.name,
        model.tokenizer,
        model.labels,
        model.max_length,
        Batcher(InProcessTransport(model), MAX_BATCH_SIZE, batch_tokens),
        max_request_tokens,
    )


@contextmanager
def _precision_setting(precision: PrecisionSetting | None) -> Iterator[None]:
    """Sets the environment's precision while a model is loaded, which reads it there."""
    if precision is None:
        yield
        return
    before = os.environ.get(PRECISION)
    os.environ[PRECISION] = precision
    try:
        yield
    finally:
        if before is None:
            del os.environ[PRECISION]
        else:
            os.environ[PRECISION] = before
