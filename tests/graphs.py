"""Several random classifiers compiled as one artifact: the compiler's fixed cost is paid once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import numpy.typing as npt
from max.driver import CPU
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, TensorValue
from max.graph.weights import load_weights
from max.nn.layer import Module
from max.pipelines.lib.graph_specs import GraphSpec, compile_graphs, init_graphs

from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.distilbert import DistilBertForSequenceClassification
from weight_adapters.distilbert import convert_safetensor_state_dict

Sequences = Sequence[npt.NDArray[np.int64]]
Graph = Callable[[Sequences], npt.NDArray[np.float32]]


class Named(Module):
    """A classifier whose weights carry a prefix, so that several fit into one registry."""

    def __init__(self, prefix: str, classifier: DistilBertForSequenceClassification) -> None:
        super().__init__()
        setattr(self, prefix, classifier)
        self._prefix = prefix

    def __call__(self, input_ids: TensorValue, lengths: TensorValue) -> TensorValue:
        result: TensorValue = getattr(self, self._prefix)(input_ids, lengths)
        return result


def compile_together(
    directory: Path, cases: Sequence[tuple[dict[str, Any], checkpoints.Tensors]]
) -> list[Graph]:
    """Writes each case as a checkpoint, loads it as the server does, and compiles all of them."""
    specs: dict[str, GraphSpec] = {}
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
        found = inspect_checkpoint(path)
        weights = convert_safetensor_state_dict(
            dict(load_weights(list(found.weight_files)).items()),
            config=found.config,
            dtype=DType.float32,
        )
        classifier = DistilBertForSequenceClassification(
            found.config, DType.float32, DeviceRef.CPU()
        )
        module = Named(prefix, classifier)
        module.load_state_dict({f"{prefix}.{name}": data for name, data in weights.items()})
        specs[prefix] = GraphSpec(module, prefix, classifier.input_types(), group="all")
    session = InferenceSession(devices=[CPU()])
    models = init_graphs(session, compile_graphs(session, specs), specs)

    def runner(name: str) -> Graph:
        def run(sequences: Sequences) -> npt.NDArray[np.float32]:
            lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
            input_ids = np.zeros((len(sequences), lengths.max()), dtype=np.int64)
            for row, sequence in zip(input_ids, sequences, strict=True):
                row[: len(sequence)] = sequence
            assert specs  # MAX reads the weights in place and does not keep them alive
            (logits,) = models[name].execute(input_ids, lengths)
            result: npt.NDArray[np.float32] = logits.to_numpy()
            return result

        return run

    return [runner(name) for name in specs]
