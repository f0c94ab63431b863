"""Preparation of the compile cache for a checkpoint: graphs, and verdicts of the self-check."""

from __future__ import annotations

import os

import numpy as np
from max.dtype import DType
from max.graph.weights import load_weights

from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint
from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.engine.code_weights import no_codes
from distilbert_sentiment_arch.engine.compiled_graph import compile_ahead
from distilbert_sentiment_arch.engine.graph_weights import convert
from distilbert_sentiment_arch.engine.in_process import load_model
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
from distilbert_sentiment_arch.engine.model import KERNELS_SWITCH
from distilbert_sentiment_arch.engine.numpy_encoder import Floats
from distilbert_sentiment_arch.engine.packed_layers import PackedEncoderForSequenceClassification
from distilbert_sentiment_arch.engine.packed_weights import pack
from distilbert_sentiment_arch.engine.precision import candidates, read_processor, runs_here
from distilbert_sentiment_arch.engine.target_cpu import TargetCpu, aiming_at
from distilbert_sentiment_arch.errors import WarmError
from distilbert_sentiment_arch.settings.precision import (
    CODE_PRECISIONS,
    Precision,
    PrecisionSetting,
)


def prepare(
    found: NamedCheckpoint, requested: PrecisionSetting, target: TargetCpu | None = None
) -> str:
    """Has everything in the cache that a start of a checkpoint on a CPU compiles or computes.

    The model is loaded as a start loads it. Where this machine does not run the target's code, it
    is compiled only: for ``auto`` in each precision that the self-check may choose.

    Args:
        found: The checkpoint.
        requested: The precision's setting.
        target: What is compiled for; None for this machine's processor.

    Returns:
        What the model is computed in, in words.

    Raises:
        CheckpointError: The checkpoint cannot be served.
        WarmError: Inside ``cache_use.watched``: something does not compile, or cannot be kept; or
            the kernels are switched off.
    """
    if os.environ.get(KERNELS_SWITCH) == "off":
        raise WarmError(
            f"{KERNELS_SWITCH} is off: what serves then is compiled by MAX into MAX's own cache. "
            "Unset it, or fill that cache with `max warm-cache`."
        )
    if target is None or runs_here(target):
        with aiming_at(target):
            return str(load_model(found, precision=requested).precision)
    with aiming_at(target):
        made = _compile(found.checkpoint, requested)
    return (
        f"compiled for {target.name} in {', '.join(made)} (setting: {requested}); this processor "
        "does not run it, so the first start checks it"
    )


def _compile(checkpoint: Checkpoint, requested: PrecisionSetting) -> list[Precision]:
    """Compiles the graphs that a start may ask for; returns their precisions."""
    config = checkpoint.config
    precisions = [
        each
        for each in candidates(requested, read_processor(), quantized=config.quantized)
        if each not in CODE_PRECISIONS or no_codes(config.encoder) is None
    ]
    if requested != "auto":
        del precisions[1:]
    weights = _weights(checkpoint)
    for precision in precisions:
        packed = pack(weights, config.encoder, precision)
        graph = PackedEncoderForSequenceClassification
        compile_ahead(graph, config.encoder, packed, KERNELS, precision)
    return precisions


def _weights(checkpoint: Checkpoint) -> dict[str, Floats]:
    """Returns the weights of the graph, float32, by their names in it."""
    config, family = checkpoint.config, checkpoint.config.family
    tensors = dict(load_weights(list(checkpoint.weight_files)).items())
    specs = family.tensor_specs(config.encoder)
    converted = convert(tensors, specs, family.architecture, DType.float32, family.dropped)
    return {name: np.asarray(np.from_dlpack(data), np.float32) for name, data in converted.items()}
