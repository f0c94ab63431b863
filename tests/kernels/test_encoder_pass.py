"""Whole passes in int8 and bfloat16, against the oracle that rounds where they do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from mojo_programs import INSTRUCTION_SETS, PORTABLE, InstructionSet, Programs
from random_encoders import oracle_of, random_weights

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine.code_layers import room_bytes
from distilbert_sentiment_arch.engine.inputs import pack_sequences
from distilbert_sentiment_arch.settings.precision import CodePrecision
from scripts.oracle import encoder as oracle
from scripts.oracle.codes import in_codes

if TYPE_CHECKING:
    from graphs import Graph

pytestmark = pytest.mark.slow

# Two panels wide, the second one in part; positions enough for pieces of rows as well as panels.
POST_NORM = EncoderConfig(
    architecture="none",
    hidden_size=96,
    intermediate_size=160,
    num_attention_heads=4,
    num_hidden_layers=3,
    vocab_size=99,
    max_position_embeddings=320,
    type_vocab_size=2,
    hidden_act="gelu",
    head_activation="tanh",
    layer_norm_eps=1e-5,
    num_labels=3,
)
PRE_NORM = replace(
    POST_NORM,
    hidden_act="relu",
    intermediate_size=70,
    norm_placement="pre",
    num_hidden_layers=2,
    type_vocab_size=0,
)
CASES: dict[str, tuple[EncoderConfig, CodePrecision]] = {
    "int8, post-norm, gelu, token types": (POST_NORM, "int8"),
    "int8, pre-norm, relu": (PRE_NORM, "int8"),
    "bfloat16, pre-norm, relu": (PRE_NORM, "bfloat16"),
}
POST_INT8 = next(iter(CASES))

PROGRAM = Path(__file__).with_name("encoder_pass.mojo")

NANS = np.array([0x7FC00000, 0xFFFFFFFF], np.uint32).view(np.float32)

# Of few rows, cores share the panels; of more, and of over 256 anyway, each takes rows of its own.
BATCHES = [[1], [2, 1, 30], [3, 5, 17], [200, 100, 7, 1], [300], [1] * 40]


@dataclass
class Case:
    """A compiled random encoder.

    Attributes:
        config: Its configuration.
        precision: Of its pass.
        weights: By their names in the graph.
        rounded: The oracle that rounds as the pass does.
        exact: The one that does not.
        run: The compiled graph.
    """

    config: EncoderConfig
    precision: CodePrecision
    weights: dict[str, npt.NDArray[np.float32]]
    rounded: oracle.Encoder
    exact: oracle.Encoder
    run: Graph


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    from graphs import compile_together

    weights = [random_weights(config, seed) for seed, (config, _) in enumerate(CASES.values())]
    configs, precisions = zip(*CASES.values(), strict=True)
    graphs = compile_together(
        list(zip(configs, weights, strict=True)), packed=True, precisions=precisions
    )
    found = {}
    for name, arrays, run in zip(CASES, weights, graphs, strict=True):
        config, precision = CASES[name]
        exact = oracle_of(config, arrays)
        found[name] = Case(config, precision, arrays, in_codes(exact, precision), exact, run)
    return found


def draw(lengths: Sequence[int]) -> list[TokenSequence]:
    generator = np.random.default_rng(sum(lengths))
    return [
        TokenSequence(generator.integers(0, 99, length), int(generator.integers(1, length + 1)))
        for length in lengths
    ]


def logits(encoder: oracle.Encoder, sequence: TokenSequence) -> npt.NDArray[np.float64]:
    types = (np.arange(len(sequence)) >= sequence.first_segment).astype(int).tolist()
    return encoder.logits(sequence.ids.tolist(), types)


@pytest.mark.parametrize("name", CASES)
def test_passes_round_as_specified(cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    errors, rounding = [], []
    for lengths in BATCHES:
        sequences = draw(lengths)
        for sequence, found in zip(sequences, case.run(sequences), strict=True):
            expected = logits(case.rounded, sequence)
            errors.append(np.abs(found - expected).max())
            rounding.append(np.abs(logits(case.exact, sequence) - expected).max())
    # Float32 and float64 may round a number that is nearly between two codes to different ones.
    # That happens to few sequences, and to few numbers of those.
    assert np.median(errors) < 1e-5
    assert np.max(errors) < np.max(rounding)


@pytest.mark.parametrize("name", CASES)
def test_no_bit_depends_on_the_neighbours(cases: dict[str, Case], name: str) -> None:
    run = cases[name].run
    sequences = draw([1, 9, 40, 64, 2])
    alone = np.concatenate([run([each]) for each in sequences])
    np.testing.assert_array_equal(run(sequences), alone)
    np.testing.assert_array_equal(run(sequences[::-1])[::-1], alone)
    # More than 256 rows are computed in pieces, whatever the number of cores.
    np.testing.assert_array_equal(run([*draw([250, 33]), *sequences])[2:], alone)
    # The first tokens of 250 sequences go in larger pieces than their 621 tokens.
    np.testing.assert_array_equal(run([*draw([2] * 230 + [3] * 15), *sequences])[245:], alone)


@pytest.mark.parametrize(
    "instructions",
    [each for each in INSTRUCTION_SETS if each.name in ("AVX2", "portable")],
    ids=lambda each: each.name,
)
def test_int8_gives_the_same_bits_in_every_instruction_set(
    cases: dict[str, Case], programs: Programs, instructions: InstructionSet
) -> None:
    case = cases[POST_INT8]
    content = b"".join(pass_content(case.weights, draw(lengths)) for lengths in BATCHES)
    found = np.frombuffer(programs.run(PROGRAM, instructions, content), np.float32)
    expected = np.concatenate([case.run(draw(lengths)) for lengths in BATCHES])
    np.testing.assert_array_equal(found.reshape(-1, 3), expected)


@pytest.mark.parametrize("number", NANS, ids=["quiet", "every bit set"])
def test_nan_in_a_weight_shows_in_the_logits(programs: Programs, number: np.float32) -> None:
    weights = random_weights(POST_NORM)
    # The bias of the keys adds the same to all scores of a query: the last block leaves it out.
    names = [name for name in weights if name != "encoder.layers.2.attention.key.bias"]
    content = b""
    for name in names:
        broken = weights[name].copy()
        # Of a word that occurs, or of the first position, type or column.
        broken[(5, 3) if "word" in name else (0, 3)[: broken.ndim]] = number
        content += pass_content(weights | {name: broken}, [single_segment(np.full(9, 5))])
    found = np.frombuffer(programs.run(PROGRAM, PORTABLE, content), np.float32).reshape(-1, 3)
    hidden = [name for name, row in zip(names, found, strict=True) if np.isfinite(row).all()]
    assert hidden == []


@pytest.mark.parametrize(
    "lengths", [[1], [40], [256], [1] * 64, [300, 2]], ids=["1", "40", "256", "64 of 1", "300, 2"]
)
def test_a_pass_without_enough_room_is_refused(programs: Programs, lengths: list[int]) -> None:
    content = pass_content(random_weights(POST_NORM), draw(lengths), room=64)
    said = programs.refusal(PROGRAM, PORTABLE, content)
    found = re.search(r"a pass of (\d+) tokens needs (\d+) bytes of room, and has 64", said)
    assert found is not None, said
    tokens, needed = map(int, found.groups())
    assert tokens == sum(lengths)
    assert needed <= room_bytes(POST_NORM, "int8", tokens, len(lengths))


def pass_content(
    weights: dict[str, npt.NDArray[np.float32]],
    sequences: list[TokenSequence],
    room: int | None = None,
) -> bytes:
    """Returns a pass as encoder_pass.mojo reads it: the inputs in the order of the operation."""
    from graphs import packed_weights

    config = POST_NORM
    with np.errstate(invalid="ignore"):
        packed = packed_weights(config, weights, "int8")
    inputs = pack_sequences(sequences)
    if room is None:
        room = room_bytes(config, "int8", len(inputs.input_ids), len(sequences))
    names = [
        *(f"embeddings.{name}" for name in ("words", "positions", "types", "gamma", "beta")),
        *(f"blocks.projected_{name}" for name in ("words", "positions", "types", "bias")),
        *("blocks.first_norm", "blocks.qkv_panels", "blocks.qkv_vectors"),
        *("blocks.output_panels", "blocks.up_panels", "blocks.down_panels", "blocks.vectors"),
        *("blocks.query_panels", "blocks.query_vectors"),
        *("blocks.keys_panels", "blocks.values_panels", "blocks.values_bias"),
        *(f"classifier.{name}" for name in ("dense.panels", "dense.bias")),
        *(f"classifier.{name}" for name in ("projection.panels", "projection.bias")),
    ]
    arrays: list[npt.NDArray[Any]] = [*inputs.packed(token_types=True)]
    arrays += [packed[name] for name in names]
    head = [len(sequences), config.num_labels, room, config.intermediate_size]
    content = [np.array(head, np.int64).tobytes()]
    for array in arrays:
        shape = [array.itemsize, *array.shape, *[1] * (4 - array.ndim)]
        content += [np.array(shape, np.int64).tobytes(), array.tobytes()]
    return b"".join(content)
