"""Compilation of several random classifiers as one artifact, to pay the fixed cost once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from max.driver import CPU, Buffer
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, TensorValue
from max.graph import Module as GraphModule
from max.graph.weights import load_weights
from max.nn.layer import Module
from max.pipelines.lib.graph_specs import GraphSpec

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensors import weight_files
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.compiled_graph import compiled_graph
from distilbert_sentiment_arch.engine.device_transfer import DeviceTransfer
from distilbert_sentiment_arch.engine.first_block_tables import fill_tables
from distilbert_sentiment_arch.engine.graph_weights import convert
from distilbert_sentiment_arch.engine.inputs import pack_sequences
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification
from distilbert_sentiment_arch.engine.packed_layers import (
    PackedEncoderForSequenceClassification,
)
from distilbert_sentiment_arch.engine.packed_weights import pack
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.engine.ragged_attention import PaddedAttention
from distilbert_sentiment_arch.engine.ragged_layers import RaggedEncoderForSequenceClassification
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.precision import Precision

Weights = Mapping[str, Any]
Graph = Callable[[Sequence[TokenSequence]], npt.NDArray[np.float32]]


class Named(Module):
    """A classifier whose weight names have a prefix, so that several fit into one registry."""

    def __init__(self, prefix: str, classifier: Module) -> None:
        super().__init__()
        setattr(self, prefix, classifier)
        self._prefix = prefix

    def __call__(self, *inputs: TensorValue) -> TensorValue:
        result: TensorValue = getattr(self, self._prefix)(*inputs)
        return result


def read_checkpoint(path: Path) -> tuple[EncoderConfig, dict[str, Any]]:
    """Returns a checkpoint's configuration and its weights as the server's adapters give them."""
    found = read_config_file(path, FAMILIES)
    encoder, family = found.encoder, found.family
    state = dict(load_weights(list(weight_files(path))).items())
    specs = family.tensor_specs(encoder)
    weights = convert(state, specs, family.architecture, DType.float32, family.dropped)
    return encoder, dict(weights)


def packed_weights(
    config: EncoderConfig, weights: Weights, precision: Precision = "float32"
) -> Packed:
    """Returns the weights in the layout that the kernels read."""
    arrays = {name: np.from_dlpack(data) for name, data in weights.items()}
    packed = pack(arrays, config, precision)
    fill_tables(packed, arrays)
    return packed


def compile_together(
    encoders: Sequence[tuple[EncoderConfig, Weights]],
    *,
    packed: bool,
    precisions: Sequence[Precision] = (),
) -> list[Graph]:
    """Compiles the graph of each encoder, all of them at once.

    Args:
        encoders: Configurations, and weights by their names in the graph.
        packed: Compile graphs of the kernels in place of MAX's operations.
        precisions: Of the kernels, one for each encoder; none: float32.
    """
    specs: dict[str, GraphSpec] = {}
    extensions = [KERNELS] if packed else []
    for index, (config, weights) in enumerate(encoders):
        prefix = f"case_{index}"
        state = weights
        classifier: PackedEncoderForSequenceClassification | EncoderForSequenceClassification
        if packed:
            precision = precisions[index] if precisions else "float32"
            arrays = packed_weights(config, weights, precision)
            classifier = PackedEncoderForSequenceClassification(config, arrays, precision)
            state = arrays
        else:
            classifier = EncoderForSequenceClassification(config, DType.float32, DeviceRef.CPU())
        module = Named(prefix, classifier)
        module.load_state_dict({f"{prefix}.{name}": data for name, data in state.items()})
        specs[prefix] = GraphSpec(
            module,
            prefix,
            classifier.input_types(),
            custom_extensions=extensions,
        )
    # MAX's compile_graphs would load the kernels for each graph, and fail the second time.
    artifact = GraphModule()
    registry: dict[str, Any] = {}
    for spec in specs.values():
        spec.trace(artifact)
        registry |= spec.module.state_dict()
    models = InferenceSession(devices=[CPU()]).load_all(
        artifact, weights_registry=registry, custom_extensions=extensions
    )

    return [
        _runner(models[name], config, specs, packed=packed)
        for name, (config, _) in zip(specs, encoders, strict=True)
    ]


def compile_ragged(encoders: Sequence[tuple[EncoderConfig, Weights]]) -> list[Graph]:
    """Compiles the graph of accelerators for the CPU, with an attention that it computes.

    Batches are carried to the CPU as to an accelerator.

    Args:
        encoders: Configurations, and weights by their names in the graph.
    """
    artifact = GraphModule()
    registry: dict[str, Any] = {}
    layouts = []
    for index, (config, weights) in enumerate(encoders):
        prefix = f"case_{index}"
        classifier = RaggedEncoderForSequenceClassification(
            config, DType.float32, DeviceRef.CPU(), PaddedAttention()
        )
        module = Named(prefix, classifier)
        module.load_state_dict({f"{prefix}.{name}": data for name, data in weights.items()})
        GraphSpec(module, prefix, classifier.input_types()).trace(artifact)
        registry |= module.state_dict()
        layouts.append(classifier.layout)
    models = InferenceSession(devices=[CPU()]).load_all(artifact, weights_registry=registry)

    def runner(index: int) -> Graph:
        layout = layouts[index]
        on_host = [each.on_host for each in layout.inputs]
        model = models[f"case_{index}"]

        def execute(*inputs: Buffer) -> Sequence[Buffer]:
            # An accelerator's passes stand in the queue of the copies; a CPU's do not.
            CPU().default_queue.synchronize()
            return model.execute(*inputs)

        transfer = DeviceTransfer(CPU(), on_host, execute)

        def run(sequences: Sequence[TokenSequence]) -> npt.NDArray[np.float32]:
            assert registry  # MAX reads the weights in place and does not keep them alive
            return transfer.start(layout.arrays(pack_sequences(sequences))).logits()

        return run

    return [runner(index) for index in range(len(encoders))]


def compile_as_served(config: EncoderConfig, weights: Weights) -> Graph:
    """Compiles the kernels' graph as a server does, which finds it in the cache, or finds it."""
    arrays = packed_weights(config, weights)
    compiled = compiled_graph(PackedEncoderForSequenceClassification, config, arrays, KERNELS)
    model = InferenceSession(devices=[CPU()]).init(compiled, weights_registry=arrays)
    return _runner(model, config, arrays, packed=True)


def _runner(model: Any, config: EncoderConfig, kept: object, *, packed: bool) -> Graph:
    def run(sequences: Sequence[TokenSequence]) -> npt.NDArray[np.float32]:
        assert kept  # MAX reads the weights in place and does not keep them alive
        inputs = pack_sequences(sequences)
        layout = inputs.packed if packed else inputs.padded
        (logits,) = model.execute(*layout(token_types=config.has_token_types))
        result: npt.NDArray[np.float32] = logits.to_numpy()
        return result

    return run
