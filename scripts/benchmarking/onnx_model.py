"""Writes the checkpoint of an encoder as an ONNX model, from its safetensors and without PyTorch.

The family's table of tensors gives each weight its name in the graph, so any family of post-norm
encoders with plain attention is written. ``onnx_file`` has the others exported.

The graph has the operators and the layout that ``torch.onnx`` and optimum export (separate query,
key and value products, an erf GELU in five operators, a mask added to the scores), so that the
fusions of ONNX Runtime and OpenVINO find the patterns that they were written for. Optionally the
attention is written as the one operator that ``onnxruntime.transformers.optimizer`` makes of it,
which is faster at some shapes and slower at others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import canonical_name
from distilbert_sentiment_arch.families.registry import FAMILIES

OPSET = 17
"""The default of optimum's export; the first with LayerNormalization."""
HEAD_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}
LOWEST = float(np.finfo(np.float32).min)


class _Builder:
    """Collects nodes and weights, naming results as it goes.

    Args:
        config: The encoder's configuration.
        weights: Weights by their names in the graph.
    """

    def __init__(self, config: EncoderConfig, weights: dict[str, npt.NDArray[Any]]) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy_helper = helper, numpy_helper
        self._weights = weights
        self.config = config
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
        return self._weights[name].astype(np.float32)

    def linear(self, x: str, name: str) -> str:
        matrix = self.constant(f"{name}.weight_t", self.weight(f"{name}.weight").T)
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias"))
        return self.node("Add", [bias, self.node("MatMul", [x, matrix])])

    def layer_norm(self, x: str, name: str) -> str:
        scale = self.constant(f"{name}.weight", self.weight(f"{name}.weight"))
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias"))
        return self.node(
            "LayerNormalization", [x, scale, bias], axis=-1, epsilon=self.config.layer_norm_eps
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
        checkpoint: Directory with ``config.json`` and ``model.safetensors``; see ``why_not``.
        path: The file to write.
        fused_attention: Write ``com.microsoft.Attention``, which only ONNX Runtime reads.

    Raises:
        ValueError: The checkpoint has another structure.
    """
    import onnx
    from onnx import TensorProto, helper

    build = _Builder(*_read(checkpoint))
    config = build.config
    attention = _fused_attention if fused_attention else _attention
    mask = (
        build.node("Cast", ["attention_mask"], to=TensorProto.INT32)
        if fused_attention
        else _mask(build)
    )
    hidden = _embeddings(build)
    for layer in range(config.num_hidden_layers):
        prefix = f"encoder.layers.{layer}"
        mixed = attention(build, prefix, hidden, mask)
        hidden = _block(build, prefix, hidden, mixed)
    cls = build.node("Gather", [hidden, build.constant("first", np.array(0))], axis=1)
    dense = build.linear(cls, "classifier.dense")
    pooled = build.node(HEAD_ACTIVATIONS[config.head_activation], [dense])
    logits = build.linear(pooled, "classifier.projection")
    build.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    graph = helper.make_graph(
        build.nodes,
        "encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", config.num_labels])],
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


def why_not(config: EncoderConfig) -> str | None:
    """Returns what an encoder has that is not written here; None if all of it is."""
    found = {
        f"{config.attention} attention": config.attention != "plain",
        f"{config.norm_placement}-norm": config.norm_placement != "post",
        f"the activation {config.hidden_act}": config.hidden_act != "gelu",
        f"the head's activation {config.head_activation}": (
            config.head_activation not in HEAD_ACTIVATIONS
        ),
        f"{config.pooling} pooling": config.pooling != "first",
        "a norm in the head": config.head_norm,
        "a gated feed-forward block": config.gated_mlp,
        "no table of positions": not config.has_position_table,
        "a linear layer behind its embeddings": config.embedding_size > 0,
        "layers without biases": not (
            config.attention_bias and config.mlp_bias and config.norm_bias
        ),
    }
    reasons = [reason for reason, has in found.items() if has]
    return f"it has {', '.join(reasons)}, which is not written by hand" if reasons else None


def _read(checkpoint: Path) -> tuple[EncoderConfig, dict[str, npt.NDArray[Any]]]:
    """Returns the configuration of a checkpoint and its weights by their names in the graph."""
    from safetensors.numpy import load_file

    found = read_config_file(checkpoint, FAMILIES)
    config = found.encoder
    if reason := why_not(config):
        raise ValueError(f"{checkpoint}: {reason}")
    tensors = load_file(checkpoint / "model.safetensors")
    by_name = {canonical_name(name): tensor for name, tensor in tensors.items()}
    weights = {}
    for name, spec in found.family.tensor_specs(config).items():
        compute = spec.compute
        weights[spec.graph_name] = (
            compute() if compute is not None and name not in by_name else by_name[name]
        )
    return config, weights


def _mask(build: _Builder) -> str:
    """Returns the mask that is added to the scores, ``(batch, 1, 1, sequence)``."""
    from onnx import TensorProto

    rows = build.node("Unsqueeze", ["attention_mask", build.integers("axes_1_2", 1, 2)])
    real = build.node("Cast", [rows], to=TensorProto.FLOAT)
    padding = build.node("Sub", [build.scalar("one", 1.0), real])
    return build.node("Mul", [padding, build.scalar("lowest", LOWEST)])


def _embeddings(build: _Builder) -> str:
    prefix, config = "embeddings", build.config
    words = build.constant("words", build.weight(f"{prefix}.word_embeddings.weight"))
    # Rows before those of the first token, which some families have, come first.
    table = build.weight(f"{prefix}.position_embeddings.weight")
    table = table[-config.max_position_embeddings :]
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
    hidden = build.node("Add", [word, position])
    if config.type_vocab_size:  # all tokens of a single text have the first type
        types = build.weight(f"{prefix}.token_type_embeddings.weight")
        hidden = build.node("Add", [hidden, build.constant("first_type", types[0])])
    return build.layer_norm(hidden, f"{prefix}.layer_norm")


def _attention(build: _Builder, prefix: str, hidden: str, mask: str) -> str:
    """Returns the output of attention by all heads, ``(batch, sequence, hidden_size)``."""
    heads, dim = build.config.num_attention_heads, build.config.hidden_size
    size = dim // heads
    split = build.integers("split_heads", 0, -1, heads, size)

    def project(part: str) -> str:
        projected = build.linear(hidden, f"{prefix}.attention.{part}")
        return build.node("Reshape", [projected, split])

    query = build.node("Transpose", [project("query")], perm=[0, 2, 1, 3])
    key = build.node("Transpose", [project("key")], perm=[0, 2, 3, 1])
    value = build.node("Transpose", [project("value")], perm=[0, 2, 1, 3])
    scaled = build.node("Div", [query, build.scalar("root", math.sqrt(size))])
    scores = build.node("Add", [build.node("MatMul", [scaled, key]), mask])
    weights = build.node("Softmax", [scores], axis=-1)
    mixed = build.node("Transpose", [build.node("MatMul", [weights, value])], perm=[0, 2, 1, 3])
    return build.node("Reshape", [mixed, build.integers("join_heads", 0, -1, dim)])


def _fused_attention(build: _Builder, prefix: str, hidden: str, mask: str) -> str:
    names = [f"{prefix}.attention.{part}" for part in ("query", "key", "value")]
    matrices = [build.weight(f"{name}.weight").T for name in names]
    biases = [build.weight(f"{name}.bias") for name in names]
    matrix = build.constant(f"{prefix}.qkv.weight_t", np.concatenate(matrices, axis=1))
    bias = build.constant(f"{prefix}.qkv.bias", np.concatenate(biases))
    return build.node(
        "Attention",
        [hidden, matrix, bias, mask],
        domain="com.microsoft",
        num_heads=build.config.num_attention_heads,
    )


def _block(build: _Builder, prefix: str, hidden: str, mixed: str) -> str:
    """Returns the output of a transformer block, from its input and its attention."""
    attended = build.linear(mixed, f"{prefix}.attention.output")
    hidden = build.layer_norm(build.node("Add", [attended, hidden]), f"{prefix}.attention_norm")
    inner = _gelu(build, build.linear(hidden, f"{prefix}.feed_forward.up"))
    outer = build.linear(inner, f"{prefix}.feed_forward.down")
    return build.layer_norm(build.node("Add", [outer, hidden]), f"{prefix}.output_norm")


def _gelu(build: _Builder, x: str) -> str:
    error = build.node("Erf", [build.node("Div", [x, build.scalar("root_2", math.sqrt(2))])])
    shifted = build.node("Add", [error, build.scalar("one", 1.0)])
    return build.node("Mul", [build.node("Mul", [x, shifted]), build.scalar("half", 0.5)])
