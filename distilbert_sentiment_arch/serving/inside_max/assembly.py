"""Assembly of the application inside MAX Serve, from its tokenizer, its queue and the settings."""

from __future__ import annotations

import gc
from typing import cast

from max.pipelines.lib import PipelineConfig
from max.serve.pipelines.llm import TokenGeneratorPipeline

from distilbert_sentiment_arch.classify.batching import Batcher, Transport
from distilbert_sentiment_arch.classify.fallback import FallbackClassifier
from distilbert_sentiment_arch.classify.guarded_classifier import GuardedClassifier
from distilbert_sentiment_arch.classify.interface import Classifier
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.engine import precision_report
from distilbert_sentiment_arch.engine.model_config import served_config
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.lexicon.bulk_scorer import prepare_later
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.resident_memory import give_back
from distilbert_sentiment_arch.serving.application import Application, Load
from distilbert_sentiment_arch.serving.body import BufferedBytes
from distilbert_sentiment_arch.serving.inside_max.telemetry import MaxTelemetry
from distilbert_sentiment_arch.serving.measurements import DeviceMeasurement
from distilbert_sentiment_arch.serving.page_files import page_files
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.device import DeviceUse, device_use
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.settings.page import page_is_served


def labels_of(pipeline: TokenGeneratorPipeline, config: PipelineConfig) -> LabelSet:
    """Returns the labels of the served model."""
    tokenizer = cast(EncoderTokenizer, pipeline.tokenizer)
    return served_config(config.model, tokenizer.family).labels


def assemble(
    pipeline: TokenGeneratorPipeline, config: PipelineConfig, transport: Transport
) -> Application:
    """Creates the application of a server, with the settings of the environment variables.

    Args:
        pipeline: What MAX Serve has of the model: its name and its tokenizer.
        config: MAX's configuration.
        transport: Carries batches to the model worker.
    """
    limits = Limits.from_environment()
    lexicon = LexiconSettings.from_environment()
    prepare_later(lexicon.word_lists.values(), compiling=True)
    tokenizer = cast(EncoderTokenizer, pipeline.tokenizer)
    labels = labels_of(pipeline, config)
    batcher = Batcher(
        transport,
        config.runtime.max_batch_size or 1,
        limits.batch_tokens(
            accelerator=any(each.device_type != "cpu" for each in config.model.device_specs)
        ),
        limits.max_pending_tokens,
    )
    model = GuardedClassifier(
        ModelClassifier(
            pipeline.model_name,
            tokenizer,
            labels,
            tokenizer.max_length,
            batcher,
            limits.max_request_tokens,
        ),
        limits.deadline_s,
        lambda: batcher.answered,
    )
    device = _device_of(config)
    telemetry = MaxTelemetry()
    telemetry.record(DeviceMeasurement(device.first, device.computed))
    # The objects that exist now stay until the end. Without freezing them, each full garbage
    # collection would examine all of them, and stop the server for 150 ms.
    give_back()
    gc.freeze()
    default: Classifier = model
    if lexicon.fallback != "off":
        stand_in = lexicon.stand_in_for(model.labels)
        default = FallbackClassifier(model, stand_in, lexicon.fallback)
    return Application(
        default=default,
        lexicons=lexicon.classifiers(),
        ready=model.readiness.check,
        load=lambda: Load(batcher.pending_tokens, model.failing, batcher.take_non_finite()),
        limits=limits,
        buffered=BufferedBytes(limits.buffered_bytes(model=True)),
        keys=ApiKeys(),
        telemetry=telemetry,
        precision=precision_report.receive(),
        device=device,
        page=page_files() if page_is_served() else {},
    )


def _device_of(config: PipelineConfig) -> DeviceUse:
    """Returns what the model is computed on; why is known where ``serve`` has started the server.

    A plain ``max serve`` is told by its own flag.
    """
    (spec,) = config.model.device_specs
    computed = "cpu" if spec.device_type == "cpu" else f"gpu:{spec.id}"
    return device_use(computed) or DeviceUse(computed, computed, "max serve was started so")
