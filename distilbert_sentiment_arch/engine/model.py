"""The pipeline model: loads the weights, compiles the graph, runs it; the same for every family."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from max.driver import CPU, Buffer, Device
from max.dtype import DType
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

from distilbert_sentiment_arch.cache_use import watching
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.compile_cache import cache_has_room, replace_full_cache
from distilbert_sentiment_arch.engine.accelerator_check import check_accelerator
from distilbert_sentiment_arch.engine.attention_choice import (
    AttentionChoice,
    DeviceKind,
    choose_attention,
)
from distilbert_sentiment_arch.engine.batch_context import encode_logits
from distilbert_sentiment_arch.engine.batch_processor import PackedEncoderBatchProcessor
from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.engine.code_weights import no_codes
from distilbert_sentiment_arch.engine.device_transfer import DeviceTransfer, StartedPass
from distilbert_sentiment_arch.engine.graph_weights import bytes_of, is_quantized
from distilbert_sentiment_arch.engine.inputs import EncoderInputs, pack_sequences
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification
from distilbert_sentiment_arch.engine.loading_here import is_taken
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.numpy_encoder import Floats
from distilbert_sentiment_arch.engine.packed_layers import PackedEncoderForSequenceClassification
from distilbert_sentiment_arch.engine.packed_loading import PackedLoader
from distilbert_sentiment_arch.engine.precision import choose, read_processor, stand_ins
from distilbert_sentiment_arch.engine.precision_report import publish
from distilbert_sentiment_arch.engine.ragged_inputs import RaggedLayout
from distilbert_sentiment_arch.engine.ragged_layers import RaggedEncoderForSequenceClassification
from distilbert_sentiment_arch.engine.self_check import KeptVerdicts, digest_of, in_groups
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.engine.worker_process import (
    coarse_timers,
    lower_priority,
    pin_compute_threads,
)
from distilbert_sentiment_arch.errors import CompilerError, WarmError
from distilbert_sentiment_arch.resident_memory import give_back
from distilbert_sentiment_arch.settings.precision import PrecisionChoice, requested_precision

logger = logging.getLogger("max.pipelines.sentiment")

# MAX caches compiled graphs by content and looks them up by name: one graph, one name, everywhere.
GRAPH_NAME = "encoder_classifier"

KERNELS_SWITCH = "MAX_SENTIMENT_KERNELS"
"""``off`` computes with MAX's own operations on a CPU, too."""


class EncoderPipelineModel(PipelineModel[TextContext, EncoderModelConfig, Model]):
    """A compiled classifier; its "embeddings" are a row a context, see ``batch_context``.

    Attributes:
        graph: The classifier in MAX's own operations, over padded batches, for any device.
        packed_graph: The same in the kernels of this package, for a CPU.
        ragged_graph: The same in MAX's own operations, without padding, for accelerators.
        precision: What the model is computed in, and why.
    """

    graph: ClassVar[type[EncoderForSequenceClassification]] = EncoderForSequenceClassification
    packed_graph: ClassVar[type[PackedEncoderForSequenceClassification]] = (
        PackedEncoderForSequenceClassification
    )
    ragged_graph: ClassVar[type[RaggedEncoderForSequenceClassification]] = (
        RaggedEncoderForSequenceClassification
    )

    batch_processor_cls: ClassVar[type[PackedEncoderBatchProcessor]] = PackedEncoderBatchProcessor
    model_config_cls: ClassVar[type[EncoderModelConfig]] = EncoderModelConfig

    precision: PrecisionChoice

    # Kept for the life of the model: on a CPU the graph reads the weights in place.
    _state_dict: dict[str, Any]

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
        self._on_cpu = len(devices) == 1 and devices[0].is_host
        self._packed = self._on_cpu and os.environ.get(KERNELS_SWITCH) != "off"
        self._encoder = self.arch_config_as(EncoderModelConfig).encoder
        self._requested = requested_precision()
        self._attention: AttentionChoice | None = None
        self._layout: RaggedLayout | None = None
        self._transfer: DeviceTransfer | None = None
        self.model = self._load(session) if self._on_cpu else self._load_ragged(session)
        self._warm_up()
        if not self._on_cpu:
            self._check_accelerator()
        logger.info("%s", self.precision)
        publish(self.precision)
        if not is_taken(self) and multiprocessing.parent_process() is not None:
            # Loaded in the worker, slow to import elsewhere.
            from distilbert_sentiment_arch.engine.max_internals import worker_loop

            lower_priority()
            worker_loop.offer(self.logits, self.start if self._transfer else None)
            if self._on_cpu:
                pin_compute_threads()
            give_back()

    def _load(self, session: InferenceSession) -> Model:
        why = f"{KERNELS_SWITCH} is off"
        if self._packed:
            try:
                return self._load_packed(session)
            except CompilerError as error:
                if watching() is not None:
                    raise WarmError(f"the kernels do not compile here: {error}") from error
                why = "the kernels do not compile here, and MAX's own operations serve"
                logger.warning("%s: %s", why, error)
                self._packed = False
        self._choose_of_max(why)
        return self._load_of_max(session)

    def _load_ragged(self, session: InferenceSession) -> Model:
        """Loads the graph for an accelerator, and has batches carried to it."""
        (device,) = self.devices
        dtype = self.arch_config_as(EncoderModelConfig).dtype
        self._attention = choose_attention(self._encoder, dtype, DeviceKind.of(device))
        self._choose_of_max(f"MAX's own operations on {device.model_name}, {self._attention}")
        model = self._load_of_max(session)
        assert self._layout is not None  # graph_specs has set it
        on_host = [each.on_host for each in self._layout.inputs]
        self._transfer = DeviceTransfer(device, on_host, model.execute)
        return model

    def _check_accelerator(self) -> None:
        """Compares the accelerator's logits with those of the CPU.

        Raises:
            DeviceError: They are others.
        """
        loader = PackedLoader(
            InferenceSession(devices=[CPU()]),
            self.packed_graph,
            self._encoder,
            self._float_weights,
            self._sentences,
            cache(self._kept_verdicts),
        )
        sentences = self._sentences()
        try:
            expected = loader.in_float32(sentences)
        except CompilerError as error:
            logger.warning("What the accelerator computes is not checked: %s", error)
            return
        computed = in_groups(sentences, lambda batch: self.logits(pack_sequences(batch)))
        dtype = self.arch_config_as(EncoderModelConfig).dtype
        warning = check_accelerator(
            expected, computed, dtype.name, self.devices[0].model_name or self.devices[0].label
        )
        if warning:
            logger.warning("%s", warning)

    def _load_of_max(self, session: InferenceSession) -> Model:
        try:
            return self.load_graphs(session)[GraphRole.ENCODER]
        except RuntimeError:
            if cache_has_room():
                raise
        logger.warning("MAX's cache has no room: the graph is compiled again, without the cache")
        with replace_full_cache():
            return self.load_graphs(session)[GraphRole.ENCODER]

    def _load_packed(self, session: InferenceSession) -> Model:
        loader = PackedLoader(
            session,
            self.packed_graph,
            self._encoder,
            self._float_weights,
            self._sentences,
            cache(self._kept_verdicts),
        )
        self.precision, warnings = choose(
            self._requested,
            read_processor(),
            partial(loader.check, requested=self._requested),
            quantized=is_quantized(dict(self.weights.items())),
            no_codes=no_codes(self._encoder),
        )
        for warning in warnings:
            logger.warning("%s", warning)
        if self.precision.precision == "float32":
            loader.load("float32")
        assert loader.loaded is not None
        self._state_dict = dict(loader.loaded.weights)
        return loader.loaded.model

    def _choose_of_max(self, why: str) -> None:
        """Takes the precision that MAX's own operations compute in."""
        dtype = self.arch_config_as(EncoderModelConfig).dtype.name
        self.precision = PrecisionChoice(dtype, self._requested, why)
        if self._requested not in (dtype, "auto"):
            logger.warning("%s serves: %s", dtype, why)

    def _kept_verdicts(self) -> KeptVerdicts:
        checkpoint = digest_of(repr(asdict(self._encoder)), bytes_of(dict(self.weights.items())))
        lower = [target.units for target in stand_ins()]
        return KeptVerdicts(checkpoint, read_processor(), KERNELS, lower)

    def _sentences(self) -> list[TokenSequence]:
        """Returns the tokens of the self-check's sentences, no more than the encoder reads."""
        model = self.pipeline_config.model

        class Tokenizer(EncoderTokenizer):
            family = self.model_config_cls.family

        tokenizer = Tokenizer(
            model.model_path,
            self.pipeline_config,
            revision=model.huggingface_model_revision,
            max_length=model.max_length,
        )
        most = self._encoder.max_position_embeddings
        return [each.kept((0, most)) for each in tokenizer.tokenize(SENTENCES)]

    def _warm_up(self) -> None:
        """Runs one sequence, so that what MAX starts with the first pass is there.

        Among it is a thread that looks for work every 100 microseconds for as long as the process
        lives, and takes a core of the kernels' away each time. It has the timer slack of the thread
        that it is started from. On an accelerator nothing of the sort was measured, or is changed.
        """
        with coarse_timers() if self._on_cpu else nullcontext():
            self.logits(pack_sequences([single_segment(np.zeros(2, dtype=np.int64))]))

    def execute(self, model_inputs: ModelInputs) -> ModelOutputs:
        """Runs one batch."""
        assert isinstance(model_inputs, EncoderInputs)
        start = time.perf_counter()
        logits = self.logits(model_inputs)
        elapsed_ms = (time.perf_counter() - start) * 1000
        rows = encode_logits(logits, model_inputs.counts, elapsed_ms)
        return ModelOutputs(logits=Buffer.from_numpy(rows))

    def logits(self, inputs: EncoderInputs) -> npt.NDArray[np.float32]:
        """Runs one batch and waits for its logits, ``(batch, num_labels)``."""
        if self._transfer is not None:
            return self.start(inputs).logits()
        layout = inputs.packed if self._packed else inputs.padded
        arrays = layout(token_types=self._encoder.has_token_types)
        device = self.devices[0]
        (output,) = self.model.execute(*(Buffer.from_numpy(each).to(device) for each in arrays))
        return np.asarray(output.to_numpy())

    def start(self, inputs: EncoderInputs) -> StartedPass:
        """Queues a batch on an accelerator, and waits only where two are under way."""
        assert self._transfer is not None
        assert self._layout is not None
        return self._transfer.start(self._layout.arrays(inputs))

    @property
    def overlaps(self) -> bool:
        """Whether a pass can be queued while another one is under way; see ``start``."""
        return self._transfer is not None

    def _load_state_dict(self) -> dict[str, Any]:
        self._state_dict = self._adapted(self.arch_config_as(EncoderModelConfig).dtype)
        return self._state_dict

    def _adapted(self, dtype: DType) -> dict[str, Any]:
        assert self.adapter is not None
        weights = dict(self.weights.items())
        return dict(self.adapter(weights, config=self._encoder, dtype=dtype))

    def _float_weights(self) -> dict[str, Floats]:
        return {
            name: np.asarray(np.from_dlpack(data), dtype=np.float32)
            for name, data in self._adapted(DType.float32).items()
        }

    def _create_model_config(self, state_dict: dict[str, Any]) -> EncoderModelConfig:
        del state_dict
        return self.arch_config_as(EncoderModelConfig)

    def graph_specs(self, model_config: EncoderModelConfig) -> Mapping[str, GraphSpec]:
        """Returns the one graph of the classifier that MAX compiles: in its own operations."""
        sizes = (model_config.encoder, model_config.dtype, model_config.device)
        module: EncoderForSequenceClassification | RaggedEncoderForSequenceClassification
        if self._attention is None:
            module = self.graph(*sizes)
        else:
            ragged = self.ragged_graph(*sizes, self._attention.attention)
            module, self._layout = ragged, ragged.layout
        module.load_state_dict(self._state_dict)
        return {GraphRole.ENCODER: GraphSpec(module, GRAPH_NAME, module.input_types())}
