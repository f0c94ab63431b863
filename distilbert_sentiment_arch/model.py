"""The pipeline model: loads the weights, compiles the graph, runs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from max.driver import Buffer, Device
from max.engine import InferenceSession, Model
from max.graph.weights import Weights, WeightsAdapter
from max.nn.transformer import ReturnLogits
from max.pipelines.context import TextContext
from max.pipelines.lib import (
    KVCacheConfig,
    ModelInputs,
    ModelOutputs,
    PipelineConfig,
    PipelineModel,
)
from max.pipelines.lib.graph_specs import GraphRole, GraphSpec
from max.pipelines.lib.memory_estimation import MemoryPlan
from max.pipelines.modeling.types import EmbeddingsGenerationOutput

from distilbert_sentiment_arch.batch_processor import DistilBertBatchProcessor
from distilbert_sentiment_arch.distilbert import DistilBertForSequenceClassification
from distilbert_sentiment_arch.model_config import DistilBertModelConfig

# MAX caches compiled graphs by content and looks them up by name: one graph, one name, everywhere.
GRAPH_NAME = "distilbert_classifier"


@dataclass(kw_only=True)
class DistilBertInputs(ModelInputs):
    """Inputs of the graph, as ``DistilBertForSequenceClassification.input_types`` describes."""

    input_ids: Buffer
    lengths: Buffer


TRACE_COLUMNS = 2
"""Columns behind the logits of each row: milliseconds the batch took, and its size.

They are the only way a worker can tell the API process how a sequence fared.
"""


@dataclass(frozen=True)
class Row:
    """What a pipeline gives for one sequence.

    Attributes:
        logits: float32 ``(num_labels,)``.
        compute_ms: Milliseconds the pass over its batch took.
        batch_size: Sequences in that batch.
    """

    logits: npt.NDArray[np.float32]
    compute_ms: float
    batch_size: int

    @classmethod
    def of(cls, output: EmbeddingsGenerationOutput) -> Row:
        """Takes a row of MAX's output apart."""
        compute_ms, batch_size = output.embeddings[-TRACE_COLUMNS:]
        logits = np.asarray(output.embeddings[:-TRACE_COLUMNS], dtype=np.float32)
        return cls(logits, float(compute_ms), int(batch_size))


class DistilBertPipelineModel(PipelineModel[TextContext, DistilBertModelConfig, Model]):
    """A compiled classifier; its "embeddings" are float32 (batch, num_labels + TRACE_COLUMNS)."""

    batch_processor_cls: ClassVar[type[DistilBertBatchProcessor]] = DistilBertBatchProcessor
    model_config_cls: ClassVar[type[DistilBertModelConfig]] = DistilBertModelConfig

    def __init__(
        self,
        pipeline_config: PipelineConfig,
        session: InferenceSession,
        devices: list[Device],
        kv_cache_config: KVCacheConfig,
        weights: Weights,
        *,
        memory_plan: MemoryPlan,
        adapter: WeightsAdapter | None = None,
        return_logits: ReturnLogits = ReturnLogits.ALL,
        max_batch_size: int = 1,
    ) -> None:
        super().__init__(
            pipeline_config,
            session,
            devices,
            kv_cache_config,
            weights,
            adapter=adapter,
            return_logits=return_logits,
            max_batch_size=max_batch_size,
            memory_plan=memory_plan,
        )
        self._models = self.load_graphs(session)

    @property
    def model(self) -> Model:
        """The compiled and initialised classifier."""
        return self._models[GraphRole.ENCODER]

    def execute(self, model_inputs: ModelInputs) -> ModelOutputs:
        """Runs one padded batch."""
        assert isinstance(model_inputs, DistilBertInputs)
        start = time.perf_counter()
        (output,) = self.model.execute(model_inputs.input_ids, model_inputs.lengths)
        logits = output.to_numpy()  # (batch, num_labels); waits for the device
        elapsed_ms = (time.perf_counter() - start) * 1000
        trace = np.array([elapsed_ms, len(logits)], dtype=np.float32)
        rows = np.column_stack([logits, np.tile(trace, (len(logits), 1))])
        return ModelOutputs(logits=Buffer.from_numpy(rows))

    def _load_state_dict(self) -> dict[str, Any]:
        assert self.adapter is not None
        config = self.arch_config_as(DistilBertModelConfig)
        # Kept for the life of the model: on a CPU the graph reads the weights in place.
        self._state_dict = self.adapter(
            dict(self.weights.items()), config=config.hf_config, dtype=config.dtype
        )
        return self._state_dict

    def _create_model_config(self, state_dict: dict[str, Any]) -> DistilBertModelConfig:
        del state_dict
        return self.arch_config_as(DistilBertModelConfig)

    def graph_specs(self, model_config: DistilBertModelConfig) -> Mapping[str, GraphSpec]:
        """Returns the one graph of the classifier."""
        module = DistilBertForSequenceClassification(
            model_config.hf_config, model_config.dtype, model_config.device
        )
        module.load_state_dict(self._state_dict)
        return {GraphRole.ENCODER: GraphSpec(module, GRAPH_NAME, module.input_types())}
