"""Weights as codes: integers or bfloat16 numbers in panels, and the vectors beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from random_encoders import SMALL, Weights, random_weights

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig, NormPlacement
from distilbert_sentiment_arch.engine.code_weights import (
    code_panels,
    has_codes,
    no_codes,
    pack_codes,
    to_bfloat16,
)
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.precision import (
    PRECISIONS,
    WITHOUT_CODES,
    CodePrecision,
)
from scripts import checkpoints
from scripts.oracle.codes import encode_rows, round_to_bfloat16

PRE_NORM = replace(SMALL, norm_placement="pre")
TABLES = ("projected_words", "projected_positions", "projected_types")


def code(panels: npt.NDArray[Any], column: int, byte: int) -> int:
    """Returns a byte of a column by the layout that the kernels are written for."""
    return int(panels[column // 64, byte // 4, column % 64 * 4 + byte % 4])


def matrix(panels: npt.NDArray[Any], columns: int, depth: int) -> npt.NDArray[np.int64]:
    """Returns the integers of a layer from its panels."""
    return np.array([[code(panels, column, k) for k in range(depth)] for column in range(columns)])


def padded(*vectors: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Returns vectors one behind the other, each with zeros up to a multiple of 64."""
    found = [np.concatenate([each, np.zeros(-len(each) % 64)]) for each in vectors]
    return np.concatenate(found).astype(np.float32)


def quantised(weights: Weights, *names: str) -> tuple[npt.NDArray[Any], ...]:
    """Returns integers, scales, biases and sums of layers side by side."""
    weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    codes, scales = encode_rows(weight)
    bias = np.concatenate([weights[f"{name}.bias"] for name in names])
    return codes, scales, bias, codes.sum(1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"embedding_size": 8}, "a linear layer behind its embeddings"),
        ({"attention": "rotary"}, "rotary attention"),
        ({"conv_kernel_size": 3}, "a convolution"),
        ({"layer_groups": 1}, "layers that blocks share"),
        ({"gated_mlp": True}, "a gated feed-forward"),
        ({"has_position_table": False}, "no embedding of positions"),
        ({"pooling": "mean"}, "the mean of the tokens"),
        ({"head_norm": True}, "a layer norm in its head"),
    ],
    ids=str,
)
def test_what_is_computed_in_float32_alone_says_why(changes: dict[str, Any], reason: str) -> None:
    config = replace(SMALL, **changes)
    assert not has_codes(config)
    assert reason in str(no_codes(config))


@pytest.mark.parametrize("config", [SMALL, PRE_NORM], ids=["post", "pre"])
def test_what_the_kernels_of_codes_compute(config: EncoderConfig) -> None:
    assert has_codes(config)
    assert no_codes(config) is None


@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_family_names_the_precisions_of_its_usual_shapes(architecture: str) -> None:
    """Embeddings as wide as the hidden states; with others ELECTRA is computed in float32."""
    changes = {"embedding_size": 32} if architecture == checkpoints.ELECTRA else {}
    content = ConfigJson(checkpoints.random_config(architecture, **changes), "config.json")
    encoder = read_config(content, FAMILIES).encoder
    expected = PRECISIONS if has_codes(encoder) else WITHOUT_CODES
    assert FAMILIES[architecture].precisions == expected


@pytest.mark.parametrize(("columns", "depth"), [(1, 1), (63, 64), (64, 65), (65, 3), (130, 130)])
def test_a_row_of_a_panel_has_four_bytes_of_each_of_its_columns(columns: int, depth: int) -> None:
    codes = np.random.default_rng(columns).integers(1, 256, (columns, depth)).astype(np.uint8)
    panels = code_panels(codes)
    assert panels.shape == (-(-columns // 64), -(-depth // 64) * 16, 256)
    assert panels.flags.c_contiguous
    for column in range(columns):
        for byte in range(depth):
            assert code(panels, column, byte) == codes[column, byte]
    assert np.count_nonzero(panels) == columns * depth  # the rest is 0


def test_bfloat16_is_the_nearest_number_of_8_bits() -> None:
    generator = np.random.default_rng(0)
    bits = generator.integers(0, 2**32, 20_000, dtype=np.uint32)
    bits[::3] = bits[::3] & 0xFFFF0000 | 0x8000  # in the middle of two
    numbers = bits.view(np.float32)
    numbers = numbers[np.abs(numbers) < 3e38]
    numbers = numbers[np.abs(numbers) > np.finfo(np.float32).tiny]
    numbers = np.concatenate([numbers, [0, -0.0, 1, -2.5]]).astype(np.float32)
    found = (to_bfloat16(numbers).astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(found, round_to_bfloat16(numbers))


@pytest.mark.parametrize("bits", [0x7FC00000, 0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF])
def test_nan_stays_nan_in_bfloat16(bits: int) -> None:
    numbers = np.array([bits, 0x7F800000, 0xFF800000], np.uint32).view(np.float32)
    found = (to_bfloat16(numbers).astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(found, [np.nan, np.inf, -np.inf])


@pytest.mark.parametrize("config", [SMALL, PRE_NORM], ids=["post", "pre"])
def test_int8_layers_are_the_nearest_integers(config: EncoderConfig) -> None:
    weights = random_weights(config)
    packed = pack_codes(weights, config, "int8")
    layers = {
        "output": ("attention.output", 20, 20),
        "up": ("feed_forward.up", 70, 20),
        "down": ("feed_forward.down", 20, 70),
    }
    for index in range(3):
        for name, (source, columns, depth) in layers.items():
            codes, *_ = quantised(weights, f"encoder.layers.{index}.{source}")
            panels = packed[f"blocks.{name}_panels"]
            assert panels.dtype == np.int8
            np.testing.assert_array_equal(matrix(panels[index], columns, depth), codes)
    codes, *vectors = quantised(weights, "encoder.layers.2.attention.query")
    np.testing.assert_array_equal(matrix(packed["blocks.query_panels"], 20, 20), codes)
    np.testing.assert_array_equal(packed["blocks.query_vectors"], padded(*vectors))


@pytest.mark.parametrize(("config", "first"), [(SMALL, 1), (PRE_NORM, 0)], ids=["post", "pre"])
def test_queries_keys_and_values_are_side_by_side(config: EncoderConfig, first: int) -> None:
    weights = random_weights(config)
    packed = pack_codes(weights, config, "int8")
    assert len(packed["blocks.qkv_panels"]) == len(packed["blocks.qkv_vectors"]) == 2 - first
    for index in range(first, 2):
        names = [f"encoder.layers.{index}.attention.{name}" for name in ("query", "key", "value")]
        codes, *vectors = quantised(weights, *names)
        panels = packed["blocks.qkv_panels"][index - first]
        np.testing.assert_array_equal(matrix(panels, 60, 20), codes)
        found = packed["blocks.qkv_vectors"][index - first]
        np.testing.assert_array_equal(found, padded(*vectors))


@pytest.mark.parametrize("placement", ["post", "pre"])
def test_vectors_behind_attention_are_in_the_order_of_the_kernels(
    placement: NormPlacement,
) -> None:
    config = replace(SMALL, norm_placement=placement)
    weights = random_weights(config)
    packed = pack_codes(weights, config, "int8")

    def norm(name: str) -> list[npt.NDArray[np.float32]]:
        return [weights[f"{name}.{part}"] for part in ("weight", "bias")]

    for index in range(3):
        block = f"encoder.layers.{index}"
        if placement == "post":
            middle, following = f"{block}.attention_norm", f"{block}.output_norm"
        else:
            middle = f"{block}.output_norm"
            following = f"encoder.layers.{index + 1}.attention_norm"
            if index == 2:
                following = "encoder.final_norm"
        _, *output = quantised(weights, f"{block}.attention.output")
        _, *up = quantised(weights, f"{block}.feed_forward.up")
        _, *down = quantised(weights, f"{block}.feed_forward.down")
        expected = padded(*output, *norm(middle), *up, *down, *norm(following))
        np.testing.assert_array_equal(packed["blocks.vectors"][index], expected)
    if placement == "pre":
        first = padded(*norm("encoder.layers.0.attention_norm"))
        np.testing.assert_array_equal(packed["blocks.first_norm"], first)


def test_bfloat16_layers_are_bytes() -> None:
    weights = random_weights(SMALL)
    packed = pack_codes(weights, SMALL, "bfloat16")
    panels = packed["blocks.down_panels"]
    assert panels.dtype == np.uint8
    found = matrix(panels[1], 20, 140).astype(np.uint8).view("<u2").astype(np.uint32) << 16
    source = weights["encoder.layers.1.feed_forward.down.weight"]
    np.testing.assert_array_equal(found.view(np.float32), round_to_bfloat16(source))
    bias = weights["encoder.layers.2.attention.query.bias"]
    expected = padded(np.zeros(20), bias, np.zeros(20))
    np.testing.assert_array_equal(packed["blocks.query_vectors"], expected)


@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_the_last_blocks_keys_and_values_and_the_tables_are_float16(
    precision: CodePrecision,
) -> None:
    config = replace(SMALL, type_vocab_size=2)
    weights = random_weights(config)
    packed = pack_codes(weights, config, precision)
    for name in ("keys_panels", "values_panels", *TABLES):
        assert packed[f"blocks.{name}"].dtype == np.float16
    key = weights["encoder.layers.2.attention.key.weight"]
    np.testing.assert_array_equal(
        packed["blocks.keys_panels"][0, :, :20], key.astype(np.float16)
    )  # transposed, then as panels
    value = weights["encoder.layers.2.attention.value.weight"]
    np.testing.assert_array_equal(
        packed["blocks.values_panels"][0, :, :20], value.T.astype(np.float16)
    )


def test_what_is_too_large_for_float16_stays_float32() -> None:
    weights = random_weights(SMALL)
    weights["embeddings.word_embeddings.weight"][3, 0] = 1e6
    weights["encoder.layers.2.attention.key.weight"][0, 0] = 7e4
    packed = pack_codes(weights, SMALL, "int8")
    assert packed["blocks.keys_panels"].dtype == np.float32
    assert packed["blocks.values_panels"].dtype == np.float16
    tables = [array for name, array in packed.items() if name.rpartition(".")[2] in TABLES]
    assert [each.dtype for each in tables] == [np.float32, np.float32]


@pytest.mark.parametrize("config", [replace(SMALL, num_hidden_layers=1), SMALL], ids=["1", "3"])
@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_a_missing_bias_is_packed_as_zeros(config: EncoderConfig, precision: CodePrecision) -> None:
    weights = random_weights(config)
    biases = [name for name in weights if name.endswith(".bias")]
    zeroed = {**weights, **{name: np.zeros_like(weights[name]) for name in biases}}
    missing = {name: weights[name] for name in weights if name not in biases}
    found: Packed = pack_codes(missing, config, precision)
    expected = pack_codes(zeroed, config, precision)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
