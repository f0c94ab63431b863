"""Several random classifiers compiled as one artifact: the compiler's fixed cost is paid once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from max.driver import CPU
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, TensorValue
from max.graph import Module as GraphModule
from max.graph.weights import load_weights
from max.nn.layer import Module
from max.pipelines.lib.graph_specs import GraphSpec

from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig
from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.engine.layers import DistilBertForSequenceClassification
from distilbert_sentiment_arch.engine.model import DistilBertInputs
from distilbert_sentiment_arch.engine.packed_layers import KERNELS, PackedDistilBert
from distilbert_sentiment_arch.engine.packed_weights import Packed, fill_tables, pack
from scripts import checkpoints
from weight_adapters.distilbert import convert_safetensor_state_dict

Sequences = Sequence[npt.NDArray[np.int64]]
Graph = Callable[[Sequences], npt.NDArray[np.float32]]


class Named(Module):
    """A classifier whose weights carry a prefix, so that several fit into one registry."""

    def __init__(self, prefix: str, classifier: Module) -> None:
        super().__init__()
        setattr(self, prefix, classifier)
        self._prefix = prefix

    def __call__(self, *inputs: TensorValue) -> TensorValue:
        result: TensorValue = getattr(self, self._prefix)(*inputs)
        return result


def read_checkpoint(path: Path) -> tuple[HFConfig, dict[str, Any]]:
    """Returns a checkpoint's configuration and its weights as the server's adapter gives them."""
    found = inspect_checkpoint(path)
    weights = convert_safetensor_state_dict(
        dict(load_weights(list(found.weight_files)).items()),
        config=found.config,
        dtype=DType.float32,
    )
    return found.config, dict(weights)


def packed_weights(config: HFConfig, weights: Mapping[str, Any]) -> Packed:
    """Returns the weights as the kernels read them."""
    arrays = {name: np.from_dlpack(data) for name, data in weights.items()}
    packed = pack(arrays, config)
    fill_tables(packed, arrays)
    return packed


def compile_together(
    directory: Path, cases: Sequence[tuple[dict[str, Any], checkpoints.Tensors]], *, packed: bool
) -> list[Graph]:
    """Writes each case as a checkpoint, loads it as the server does, and compiles all of them."""
    specs: dict[str, GraphSpec] = {}
    extensions = [KERNELS] if packed else []
    for index, (config, tensors) in enumerate(cases):
        prefix = f"case_{index}"
        path = checkpoints.write_checkpoint(directory / prefix, config, tensors)
        # One file as today's library writes it, one as older ones left it, or shards.
        if index % 3 == 2:
            (path / "model.safetensors").unlink()
            checkpoints.save_shards(path, tensors, 3)
        else:
            checkpoints.save_safetensors(
                path / "model.safetensors", tensors, aligned=index % 3 == 0
            )
        hf_config, weights = read_checkpoint(path)
        state: Mapping[str, Any] = weights
        classifier: PackedDistilBert | DistilBertForSequenceClassification
        if packed:
            state = packed_weights(hf_config, weights)
            classifier = PackedDistilBert(hf_config, state)
        else:
            classifier = DistilBertForSequenceClassification(
                hf_config, DType.float32, DeviceRef.CPU()
            )
        module = Named(prefix, classifier)
        module.load_state_dict({f"{prefix}.{name}": data for name, data in state.items()})
        specs[prefix] = GraphSpec(
            module,
            prefix,
            classifier.input_types(),
            custom_extensions=extensions,
        )
    # MAX's own compile_graphs would load the kernels once a graph, and refuse the second time.
    artifact = GraphModule()
    registry: dict[str, Any] = {}
    for spec in specs.values():
        spec.trace(artifact)
        registry |= spec.module.state_dict()
    models = InferenceSession(devices=[CPU()]).load_all(
        artifact, weights_registry=registry, custom_extensions=extensions
    )

    def runner(name: str) -> Graph:
        def run(sequences: Sequences) -> npt.NDArray[np.float32]:
            inputs = DistilBertInputs(
                input_ids=np.concatenate(sequences).astype(np.int64),
                starts=np.cumsum([0, *map(len, sequences)], dtype=np.int64),
                pad_token_id=0,
            )
            assert specs  # MAX reads the weights in place and does not keep them alive
            arrays = (inputs.input_ids, inputs.starts) if packed else inputs.padded()
            (logits,) = models[name].execute(*arrays)
            result: npt.NDArray[np.float32] = logits.to_numpy()
            return result

        return run

    return [runner(name) for name in specs]
