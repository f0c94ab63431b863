"""A DistilBERT checkpoint as an ONNX model, straight from its safetensors and without PyTorch.

The graph has the operators and the layout that ``torch.onnx`` and optimum export (separate query,
key and value products, an erf GELU in five operators, a mask added to the scores), so that the
fusions of ONNX Runtime and OpenVINO find the patterns that they were written for. Optionally the
attention is written as the one operator that ``onnxruntime.transformers.optimizer`` makes of it,
which is faster at some shapes and slower at others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

OPSET = 17
"""The default of optimum's export; the first with LayerNormalization."""
LAYER_NORM_EPSILON = 1e-12
LOWEST = float(np.finfo(np.float32).min)


class _Builder:
    """Collects nodes and weights, naming results as it goes."""

    def __init__(self, tensors: dict[str, npt.NDArray[Any]]) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy_helper = helper, numpy_helper
        self.tensors = tensors
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        if name not in self.initializers:
            array = np.array(value, order="C")  # ascontiguousarray would add an axis to a scalar
            self.initializers[name] = self._numpy_helper.from_array(array, name)
        return name

    def node(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(
            self._helper.make_node(operator, inputs, [output], name=output, **attributes)
        )
        return output

    def weight(self, name: str) -> npt.NDArray[np.float32]:
        return self.tensors[name].astype(np.float32)

    def linear(self, x: str, name: str) -> str:
        matrix = self.constant(f"{name}.weight_t", self.weight(f"{name}.weight").T)
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias"))
        return self.node("Add", [bias, self.node("MatMul", [x, matrix])])

    def layer_norm(self, x: str, name: str) -> str:
        scale = self.constant(f"{name}.weight", self.weight(f"{name}.weight"))
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias"))
        return self.node(
            "LayerNormalization", [x, scale, bias], axis=-1, epsilon=LAYER_NORM_EPSILON
        )

    def scalar(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, dtype=np.float32))

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, dtype=np.int64))


def write_onnx(checkpoint: Path, path: Path, *, fused_attention: bool = False) -> None:
    """Writes the float32 model of a checkpoint.

    Inputs: ``input_ids`` and ``attention_mask``, int64 ``(batch, sequence)``; output: ``logits``,
    float32 ``(batch, labels)``.

    Args:
        checkpoint: Directory with ``config.json`` and ``model.safetensors``; learned positions and
            the activation ``gelu``.
        path: The file to write.
        fused_attention: Write ``com.microsoft.Attention``, which only ONNX Runtime reads.

    Raises:
        ValueError: The checkpoint has another activation.
    """
    import onnx
    from onnx import TensorProto, helper
    from safetensors.numpy import load_file

    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    if config["activation"] != "gelu":
        raise ValueError(f"{checkpoint}: activation {config['activation']!r}; only gelu is written")
    build = _Builder(load_file(checkpoint / "model.safetensors"))
    attention = _fused_attention if fused_attention else _attention
    mask = (
        build.node("Cast", ["attention_mask"], to=TensorProto.INT32)
        if fused_attention
        else _mask(build)
    )
    hidden = _embeddings(build)
    for layer in range(config["n_layers"]):
        prefix = f"distilbert.transformer.layer.{layer}"
        mixed = attention(build, prefix, hidden, mask, config)
        hidden = _block(build, prefix, hidden, mixed)
    cls = build.node("Gather", [hidden, build.constant("first", np.array(0))], axis=1)
    pooled = build.node("Relu", [build.linear(cls, "pre_classifier")])
    logits = build.linear(pooled, "classifier")
    build.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    labels = len(config.get("id2label", {0: "", 1: ""}))
    graph = helper.make_graph(
        build.nodes,
        "distilbert",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels])],
        list(build.initializers.values()),
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)],
        ir_version=9,
        producer_name="benchmark",
    )
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _mask(build: _Builder) -> str:
    """Returns what is added to the scores, ``(batch, 1, 1, sequence)``."""
    from onnx import TensorProto

    rows = build.node("Unsqueeze", ["attention_mask", build.integers("axes_1_2", 1, 2)])
    real = build.node("Cast", [rows], to=TensorProto.FLOAT)
    padding = build.node("Sub", [build.scalar("one", 1.0), real])
    return build.node("Mul", [padding, build.scalar("lowest", LOWEST)])


def _embeddings(build: _Builder) -> str:
    prefix = "distilbert.embeddings"
    words = build.constant("words", build.weight(f"{prefix}.word_embeddings.weight"))
    table = build.weight(f"{prefix}.position_embeddings.weight")
    shape = build.node("Shape", ["input_ids"])
    length = build.node("Gather", [shape, build.integers("index_1", 1)], axis=0)
    positions = build.node(
        "Slice",
        [
            build.constant("position_ids", np.arange(len(table), dtype=np.int64)[None]),
            build.integers("zero", 0),
            length,
            build.integers("axis_1", 1),
        ],
    )
    word = build.node("Gather", [words, "input_ids"])
    position = build.node("Gather", [build.constant("positions", table), positions])
    return build.layer_norm(build.node("Add", [word, position]), f"{prefix}.LayerNorm")


def _attention(build: _Builder, prefix: str, hidden: str, mask: str, config: dict[str, Any]) -> str:
    """Returns the heads' mixtures of the values, ``(batch, sequence, dim)``."""
    heads = config["n_heads"]
    size = config["dim"] // heads
    split = build.integers("split_heads", 0, -1, heads, size)

    def project(part: str) -> str:
        projected = build.linear(hidden, f"{prefix}.attention.{part}_lin")
        return build.node("Reshape", [projected, split])

    query = build.node("Transpose", [project("q")], perm=[0, 2, 1, 3])
    key = build.node("Transpose", [project("k")], perm=[0, 2, 3, 1])
    value = build.node("Transpose", [project("v")], perm=[0, 2, 1, 3])
    scaled = build.node("Div", [query, build.scalar("root", math.sqrt(size))])
    scores = build.node("Add", [build.node("MatMul", [scaled, key]), mask])
    weights = build.node("Softmax", [scores], axis=-1)
    mixed = build.node("Transpose", [build.node("MatMul", [weights, value])], perm=[0, 2, 1, 3])
    return build.node("Reshape", [mixed, build.integers("join_heads", 0, -1, config["dim"])])


def _fused_attention(
    build: _Builder, prefix: str, hidden: str, mask: str, config: dict[str, Any]
) -> str:
    names = [f"{prefix}.attention.{part}_lin" for part in "qkv"]
    matrices = [build.weight(f"{name}.weight").T for name in names]
    biases = [build.weight(f"{name}.bias") for name in names]
    matrix = build.constant(f"{prefix}.qkv.weight_t", np.concatenate(matrices, axis=1))
    bias = build.constant(f"{prefix}.qkv.bias", np.concatenate(biases))
    return build.node(
        "Attention",
        [hidden, matrix, bias, mask],
        domain="com.microsoft",
        num_heads=config["n_heads"],
    )


def _block(build: _Builder, prefix: str, hidden: str, mixed: str) -> str:
    """Returns what a transformer block makes of its input and its heads' mixtures."""
    attended = build.linear(mixed, f"{prefix}.attention.out_lin")
    hidden = build.layer_norm(build.node("Add", [attended, hidden]), f"{prefix}.sa_layer_norm")
    inner = _gelu(build, build.linear(hidden, f"{prefix}.ffn.lin1"))
    outer = build.linear(inner, f"{prefix}.ffn.lin2")
    return build.layer_norm(build.node("Add", [outer, hidden]), f"{prefix}.output_layer_norm")


def _gelu(build: _Builder, x: str) -> str:
    error = build.node("Erf", [build.node("Div", [x, build.scalar("root_2", math.sqrt(2))])])
    shifted = build.node("Add", [error, build.scalar("one", 1.0)])
    return build.node("Mul", [build.node("Mul", [x, shifted]), build.scalar("half", 0.5)])
