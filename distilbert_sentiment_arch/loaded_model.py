"""A model compiled and run in this process, through MAX's own pipeline and without its server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import numpy as np
from max.driver import DeviceSpec
from max.pipelines import PIPELINE_REGISTRY, PipelineArgs
from max.pipelines.lib import EmbeddingsPipelineType, PipelineConfig
from max.pipelines.modeling.types import (
    EmbeddingsContext,
    EmbeddingsGenerationInputs,
    PipelineTask,
    RequestID,
    TextGenerationRequest,
)

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.classifier import Inference, ModelClassifier
from distilbert_sentiment_arch.defaults import MAX_BATCH_SIZE, PACKAGE
from distilbert_sentiment_arch.model import Row
from distilbert_sentiment_arch.tokenizer import DistilBertTokenizer
from distilbert_sentiment_arch.truncation import TokenIds


class LoadedModel:
    """Runs batches of at most ``MAX_BATCH_SIZE`` sequences of similar length."""

    def __init__(self, pipeline: EmbeddingsPipelineType, tokenizer: DistilBertTokenizer) -> None:
        self._pipeline = pipeline
        self._tokenizer = tokenizer

    def reserve(self, tokens: int) -> AbstractContextManager[None]:
        """See ``LogitsSource``; there is nobody to share with."""
        return nullcontext()

    async def infer(self, sequences: Sequence[TokenIds]) -> Inference:
        """See ``LogitsSource``."""
        # Neighbours of one length need no padding.
        order = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
        rows: dict[int, Row] = {}
        for start in range(0, len(order), MAX_BATCH_SIZE):
            batch = order[start : start + MAX_BATCH_SIZE]
            rows |= await self._run({index: sequences[index] for index in batch})
        in_order = [rows[index] for index in range(len(sequences))]
        return Inference(
            np.stack([row.logits for row in in_order]),
            queue_ms=0.0,
            compute_ms=rows[order[-1]].compute_ms,
            batch_sizes=[row.batch_size for row in in_order],
        )

    async def _run(self, sequences: dict[int, TokenIds]) -> dict[int, Row]:
        batch: dict[RequestID, EmbeddingsContext] = {}
        for index, ids in sequences.items():
            key = RequestID(str(index))
            request = TextGenerationRequest(request_id=key, model_name="", prompt=ids.tolist())
            batch[key] = await self._tokenizer.new_context(request)
        inputs = EmbeddingsGenerationInputs(batches=[batch])
        outputs = await asyncio.to_thread(self._pipeline.execute, inputs)
        return {int(key.value): Row.of(output) for key, output in outputs.items()}


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
        LoadedModel(pipeline, tokenizer),
    )
