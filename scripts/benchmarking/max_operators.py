"""Times the parts of the graph in MAX's own operations one by one.

MAX 26.7 has no profiler for CPUs and its compiled kernels have no names, so each kind of part is
compiled as a separate graph, with the shapes that it has in the whole graph. The sum can differ
from the whole, where parts are fused and find their inputs in the caches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from max.driver import CPU, Buffer
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, TensorType, TensorValue
from max.nn.layer import Module
from max.pipelines.lib.graph_specs import GraphSpec, compile_graphs, init_graphs

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.engine.activation_ops import ACTIVATION_OPS
from distilbert_sentiment_arch.engine.layers import (
    EncoderForSequenceClassification,
    SelfAttention,
    TransformerBlock,
    attention_mask,
)
from distilbert_sentiment_arch.families.registry import FAMILIES

SECONDS = 0.5
PROJECTIONS, ATTENTION = "attention_projections", "attention"

Part = Callable[..., TensorValue]


class _PartGraph(Module):
    """One part of the classifier as a whole graph.

    Args:
        name: A prefix for its weights, so that several parts fit into one artifact.
        module: The part.
        call: The computation with it.
    """

    def __init__(self, name: str, module: Module | None, call: Part) -> None:
        super().__init__()
        if module is not None:
            setattr(self, name, module)
        self._call = call

    def __call__(self, *inputs: TensorValue) -> TensorValue:
        return self._call(*inputs)


def time_parts(checkpoint: Path, batch: int, tokens: int) -> dict[str, float]:
    """Returns the milliseconds of all parts of a kind in one pass, by kind.

    Args:
        checkpoint: Directory of the checkpoint; only its shapes matter here.
        batch: Rows.
        tokens: Tokens of each row.
    """
    config = read_config_file(checkpoint, FAMILIES).encoder
    layers, dim = config.num_hidden_layers, config.hidden_size
    cpu = DeviceRef.CPU()

    def classifier() -> EncoderForSequenceClassification:
        # A weight belongs to one graph, so each part is taken from a separate classifier.
        return EncoderForSequenceClassification(config, DType.float32, cpu)

    def block() -> TransformerBlock:
        first = classifier().encoder.layers[0]
        assert isinstance(first, TransformerBlock)
        return first

    attention, norm = block().attention, block().attention_norm
    first_attention = block().attention
    assert isinstance(first_attention, SelfAttention)
    projection, up, down = (
        first_attention.query,
        block().feed_forward.up,
        block().feed_forward.down,
    )
    embeddings, head = classifier().embeddings, classifier().classifier
    hidden = TensorType(DType.float32, ["batch", "seq", dim], cpu)
    inner = TensorType(DType.float32, ["batch", "seq", config.intermediate_size], cpu)
    cls = TensorType(DType.float32, ["batch", dim], cpu)
    ids, lengths, *segments = classifier().input_types()
    # The module, the computation, its number of executions per pass, and its inputs.
    parts: dict[str, tuple[Module | None, Part, int, list[TensorType]]] = {
        "embeddings": (embeddings, embeddings, 1, [ids, *segments]),
        PROJECTIONS: (projection, projection, 4 * layers, [hidden]),
        ATTENTION: (
            attention,
            lambda x, tokens, real: attention(x, attention_mask(real, tokens)),
            layers,
            [hidden, ids, lengths],
        ),
        "layer_norms_with_residual": (
            norm,
            lambda x, y: norm(x + y),
            2 * layers,
            [hidden, hidden],
        ),
        "feed_forward_up": (up, up, layers, [hidden]),
        "feed_forward_activation": (None, ACTIVATION_OPS[config.hidden_act], layers, [inner]),
        "feed_forward_down": (down, down, layers, [inner]),
        "head": (head, head, 1, [cls]),
    }
    specs = {}
    kept = []  # MAX reads the weights in place and does not keep them alive
    for name, (module, call, _, inputs) in parts.items():
        graph = _PartGraph(name, module, call)
        weights = _weights(graph)
        graph.load_state_dict(weights)
        kept.append(weights)
        specs[name] = GraphSpec(graph, f"part_{name}", inputs, group="parts")
    session = InferenceSession(devices=[CPU()])
    models = init_graphs(session, compile_graphs(session, specs), specs)
    sizes = {"batch": batch, "seq": tokens}
    milliseconds = {
        name: count * median_ms(models[name], [_input(each, sizes) for each in inputs])
        for name, (_, _, count, inputs) in parts.items()
    }
    # Attention without projections cannot be separated; it is the rest after the projections.
    core = milliseconds.pop(ATTENTION) - milliseconds[PROJECTIONS]
    milliseconds["attention_scores_and_mixtures"] = max(0.0, core)
    assert kept
    return dict(sorted(milliseconds.items(), key=lambda item: -item[1]))


def _weights(module: Module) -> dict[str, npt.NDArray[np.float32]]:
    """Returns weights of the required shapes; times do not depend on their values."""
    return {
        name: np.full([int(size) for size in weight.shape], 0.01, dtype=np.float32)
        for name, weight in module.raw_state_dict().items()
    }


def _input(kind: TensorType, sizes: Mapping[str, int]) -> Buffer:
    shape = [sizes[str(size)] if str(size) in sizes else int(size) for size in kind.shape]
    if kind.dtype == DType.int64:
        return Buffer.from_numpy(np.full(shape, sizes["seq"], dtype=np.int64))
    return Buffer.from_numpy(np.full(shape, 0.5, dtype=np.float32))


def median_ms(model: Any, inputs: list[Buffer]) -> float:
    """Returns the median time of a run."""
    for _ in range(3):
        model.execute(*inputs)
    samples: list[float] = []
    deadline = time.perf_counter() + SECONDS
    while len(samples) < 5 or time.perf_counter() < deadline:
        start = time.perf_counter()
        model.execute(*inputs)
        samples.append(time.perf_counter() - start)
    return float(np.median(samples)) * 1000
