"""A model compiled and run in this process, through MAX's own pipeline and without its server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
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
from distilbert_sentiment_arch.classify.model_classifier import Inference, ModelClassifier
from distilbert_sentiment_arch.classify.truncation import TokenIds
from distilbert_sentiment_arch.engine.batch_context import computed_of, context_of
from distilbert_sentiment_arch.engine.tokenizer import DistilBertTokenizer
from distilbert_sentiment_arch.settings.defaults import MAX_BATCH_SIZE, PACKAGE
from distilbert_sentiment_arch.settings.limits import CPU_BATCH_TOKENS


class InProcessTransport:
    """Runs batches through MAX's pipeline, one after the other."""

    def __init__(self, pipeline: EmbeddingsPipelineType, num_labels: int) -> None:
        self._pipeline = pipeline
        self._num_labels = num_labels
        self._batcher = Batcher(self._compute, MAX_BATCH_SIZE, CPU_BATCH_TOKENS, on_the_way=1)

    def reserve(self, tokens: int) -> AbstractContextManager[None]:
        """See ``LogitsSource``; there is nobody to share with."""
        return nullcontext()

    async def infer(self, sequences: Sequence[TokenIds]) -> Inference:
        """See ``LogitsSource``."""
        return await self._batcher.infer(sequences)

    async def _compute(self, sequences: Sequence[TokenIds]) -> ComputedBatch:
        key = RequestID("batch")
        batch: dict[RequestID, EmbeddingsContext] = {key: context_of(sequences, key, "")}
        inputs = EmbeddingsGenerationInputs(batches=[batch])
        outputs = await asyncio.to_thread(self._pipeline.execute, inputs)
        return computed_of(outputs[key], len(sequences), self._num_labels)


def load_classifier(found: NamedCheckpoint) -> ModelClassifier:
    """Compiles a checkpoint for the CPU of this machine, or takes it from MAX's cache.

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
    tokenizer = cast(DistilBertTokenizer, retrieved.tokenizer)
    pipeline = cast(EmbeddingsPipelineType, retrieved.factory())
    return ModelClassifier(
        found.name,
        tokenizer,
        found.checkpoint.config.labels,
        tokenizer.max_length,
        InProcessTransport(pipeline, len(found.checkpoint.config.labels)),
    )
