"""A model compiled and run in this process, through MAX's own pipeline and without its server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import cast

from max.driver import DeviceSpec
from max.pipelines import PIPELINE_REGISTRY, PipelineArgs
from max.pipelines.lib import EmbeddingsPipelineType, PipelineConfig
from max.pipelines.modeling.types import (
    EmbeddingsContext,
    EmbeddingsGenerationInputs,
    PipelineTask,
    RequestID,
)

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.batch_context import decode_logits, encode_batch
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.settings.defaults import MAX_BATCH_SIZE, PACKAGE
from distilbert_sentiment_arch.settings.limits import CPU_BATCH_TOKENS


class InProcessTransport:
    """Runs batches through MAX's pipeline, one after the other; see ``batching.Transport``.

    Args:
        pipeline: MAX's pipeline around the compiled model.
        num_labels: Labels of the model.
    """

    max_in_flight = 1

    def __init__(self, pipeline: EmbeddingsPipelineType, num_labels: int) -> None:
        self._pipeline = pipeline
        self._num_labels = num_labels

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        """Runs a batch in a thread."""
        key = RequestID("batch")
        batch: dict[RequestID, EmbeddingsContext] = {key: encode_batch(sequences, key, "")}
        inputs = EmbeddingsGenerationInputs(batches=[batch])
        outputs = await asyncio.to_thread(self._pipeline.execute, inputs)
        return decode_logits(outputs[key], len(sequences), self._num_labels)


def load_classifier(found: NamedCheckpoint) -> ModelClassifier:
    """Compiles a checkpoint for the CPU of this machine, or takes it from the cache.

    Raises:
        CheckpointError: The checkpoint cannot be served.
    """
    # MAX reports its whole configuration at INFO; a command prints its answer.
    logging.getLogger("max").setLevel(logging.WARNING)
    arguments = PipelineArgs.from_flat_kwargs(
        model_path=str(found.checkpoint.directory),
        custom_architectures=[str(PACKAGE)],
        device_specs=[DeviceSpec.cpu()],
        quantization_encoding="float32",
        weight_path=[str(path) for path in found.checkpoint.weight_files],
        max_batch_size=MAX_BATCH_SIZE,
        enable_prefix_caching=False,
        task=PipelineTask.EMBEDDINGS_GENERATION,
    )
    config = PipelineConfig.from_args(arguments)
    retrieved = PIPELINE_REGISTRY.retrieve_factory(config, task=PipelineTask.EMBEDDINGS_GENERATION)
    tokenizer = cast(EncoderTokenizer, retrieved.tokenizer)
    pipeline = cast(EmbeddingsPipelineType, retrieved.factory())
    labels = found.checkpoint.config.labels
    transport = InProcessTransport(pipeline, len(labels))
    return ModelClassifier(
        found.name,
        tokenizer,
        labels,
        tokenizer.max_length,
        Batcher(transport, MAX_BATCH_SIZE, CPU_BATCH_TOKENS),
    )
