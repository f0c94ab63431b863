"""Graph weights as codes, 8-bit integers or bfloat16 numbers, in the layout that the kernels read.

The arrays of all blocks are stacked: one operation computes them all, see
``kernels/encoder_pass.mojo``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.quantization import quantize_rows
from distilbert_sentiment_arch.engine.aligned_memory import aligned, empty
from distilbert_sentiment_arch.engine.embedding_weights import embedding_weights
from distilbert_sentiment_arch.engine.first_block_tables import (
    empty_tables,
    has_tables,
    largest_entry,
)
from distilbert_sentiment_arch.engine.panels import (
    HIGHEST_FLOAT16,
    PANEL,
    Floats,
    Packed,
    Weights,
    add_linear,
    halved,
    layer,
    panels,
    side_by_side,
    whole_panels,
)
from distilbert_sentiment_arch.settings.precision import CodePrecision

WORD = 4
"""Bytes of a column that are multiplied at once."""

LINE = 64
"""Bytes that the rows of codes are a multiple of, as in ``kernels/codes.mojo``."""

CODE_BYTES: dict[CodePrecision, int] = {"int8": 1, "bfloat16": 2}

_NAN = 0x7FC0
"""Of bfloat16: rounding could make a number of NaN's bits."""


def has_codes(config: EncoderConfig) -> bool:
    """Returns whether ``kernels/encoder_pass.mojo`` computes an encoder of this configuration."""
    return no_codes(config) is None


def no_codes(config: EncoderConfig) -> str | None:
    """Returns why an encoder is not computed over codes; None where it ``has_codes``."""
    reasons = {
        f"{config.attention} attention": config.attention != "plain",
        "a linear layer behind its embeddings": config.embedding_size > 0,
        "a convolution": config.conv_kernel_size > 0,
        "layers that blocks share": config.layer_groups > 0,
        "a gated feed-forward": config.gated_mlp,
        "no embedding of positions": not config.has_position_table,
        f"a head on the {config.pooling} of the tokens": config.pooling != "first",
        "a layer norm in its head": config.head_norm,
    }
    found = [reason for reason, applies in reasons.items() if applies]
    if not found:
        return None
    return f"int8 and bfloat16 have no kernels for {found[0]}, as {config.architecture} has here"


def pack_codes(weights: Weights, config: EncoderConfig, precision: CodePrecision) -> Packed:
    """Returns the weights of ``kernels/encoder_pass.mojo``.

    The linear layers of the blocks are codes. The last block's keys and values, which are
    multiplied in float32, and the first block's tables are in float16, unless a number is too large
    for it; embeddings, norms, biases and the head are as in float32.

    Args:
        weights: As for ``packed_weights.pack``.
        config: The encoder's configuration.
        precision: What codes are.
    """
    packed = embedding_weights(weights, config)
    pre_norm = config.norm_placement == "pre"
    last = config.num_hidden_layers - 1
    blocks = [f"encoder.layers.{index}" for index in range(last + 1)]
    wide = len(whole_panels(np.zeros(config.hidden_size, np.float32)))

    def norm(name: str) -> Floats:
        return np.concatenate([whole_panels(each) for each in layer(weights, name)])

    packed["blocks.first_norm"] = (
        norm(f"{blocks[0]}.attention_norm") if pre_norm else np.zeros(2 * wide, np.float32)
    )
    projections = [
        side_by_side(
            *(layer(weights, f"{block}.attention.{part}") for part in ("query", "key", "value"))
        )
        for block in blocks[:last]
    ]
    if has_tables(config):
        weight, bias = projections.pop(0)
        narrow = largest_entry(packed, weight) <= HIGHEST_FLOAT16
        packed |= empty_tables(
            packed, weight, bias, prefix="blocks.", dtype=np.float16 if narrow else np.float32
        )
    if not projections:  # the graph wants an array, which is not read
        shape = (3 * config.hidden_size, config.hidden_size)
        projections = [(np.zeros(shape, np.float32), np.zeros(shape[0], np.float32))]
    packed["blocks.qkv_panels"], packed["blocks.qkv_vectors"] = _stacked(
        [_linear(*each, precision) for each in projections]
    )
    linears = {
        "output": "attention.output",
        "up": "feed_forward.up",
        "down": "feed_forward.down",
    }
    vectors: list[list[Floats]] = []
    for index, block in enumerate(blocks):
        middle = f"{block}.output_norm" if pre_norm else f"{block}.attention_norm"
        if not pre_norm:
            following = f"{block}.output_norm"
        elif index == last:
            following = "encoder.final_norm"
        else:
            following = f"{blocks[index + 1]}.attention_norm"
        vectors.append([])
        for name, source in linears.items():
            codes, scales = _linear(*layer(weights, f"{block}.{source}"), precision)
            packed.setdefault(
                f"blocks.{name}_panels", empty((last + 1, *codes.shape), codes.dtype)
            )[index] = codes
            vectors[-1].append(scales)
            if name == "output":
                vectors[-1].append(norm(middle))
        vectors[-1].append(norm(following))
    packed["blocks.vectors"] = np.stack([np.concatenate(each) for each in vectors])
    attention = f"{blocks[last]}.attention"
    packed["blocks.query_panels"], packed["blocks.query_vectors"] = _linear(
        *layer(weights, f"{attention}.query"), precision
    )
    packed["blocks.keys_panels"] = halved(panels(weights[f"{attention}.key.weight"].T))
    value, bias = layer(weights, f"{attention}.value")
    packed["blocks.values_panels"] = halved(panels(value))
    packed["blocks.values_bias"] = whole_panels(bias)
    for name in ("dense", "projection"):
        add_linear(packed, f"classifier.{name}.", *layer(weights, f"classifier.{name}"))
    return packed


def code_panels(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Returns bytes ``(columns, depth)`` as panels.

    Their shape is ``(ceil(columns / 64), ceil(depth / 64) * 16, 256)``. A panel's row has 4 bytes
    of each of its 64 columns. What is beyond the bytes is 0.
    """
    columns, depth = codes.shape
    count, words = -(-columns // PANEL), -(-depth // LINE) * (LINE // WORD)
    padded = np.zeros((count * PANEL, words * WORD), np.uint8)
    padded[:columns, :depth] = codes
    shaped = padded.reshape(count, PANEL, words, WORD).transpose(0, 2, 1, 3)
    return aligned(shaped).reshape(count, words, PANEL * WORD)


def to_bfloat16(numbers: Floats) -> npt.NDArray[np.uint16]:
    """Returns the bits of numbers rounded to bfloat16, halves to even; NaN stays NaN."""
    numbers = np.ascontiguousarray(numbers, np.float32)
    bits = numbers.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(numbers), _NAN, rounded).astype(np.uint16)


def _linear(
    weight: Floats, bias: Floats, precision: CodePrecision
) -> tuple[npt.NDArray[np.number], Floats]:
    """Returns the panels of a linear layer, and its scales, biases and sums of codes by column."""
    if precision == "int8":
        values, scales = quantize_rows(weight)
        sums = values.sum(axis=1, dtype=np.int32).astype(np.float32)
        vectors = (scales, bias, sums)
        found: npt.NDArray[np.number] = code_panels(values.view(np.uint8)).view(np.int8)
    else:
        unused = np.zeros(len(bias), np.float32)
        vectors = (unused, bias, unused)
        found = code_panels(to_bfloat16(weight).view(np.uint8))
    return found, np.concatenate([whole_panels(each.astype(np.float32)) for each in vectors])


def _stacked(
    linears: list[tuple[npt.NDArray[np.number], Floats]],
) -> tuple[npt.NDArray[np.number], Floats]:
    found, vectors = zip(*linears, strict=True)
    return np.stack(found), np.stack(vectors)
