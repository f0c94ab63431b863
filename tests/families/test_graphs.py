"""Both graphs, of MAX's operations and of our kernels, compared with the float64 oracles.

Run on random configurations of DistilBERT, and on an encoder of no family that normalises before
attention and feed-forward and has no biases. ``test_references.py`` has the other families, against
logits of Hugging Face.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from scripts import checkpoints
from scripts.oracle import distilbert
from scripts.oracle import encoder as oracle

if TYPE_CHECKING:
    from graphs import Graph, Weights

TOLERANCE = 1e-4

# Few widths, and as many labels as columns: MAX takes seconds to compile a product of each shape.
# tests/kernels has more.
LABELS = 32

ODD_WIDTHS = "DistilBERT, one head, one layer, silu, odd widths"

DISTILBERT: dict[str, dict[str, Any]] = {
    "DistilBERT, one label, learned positions, 512 of them": {
        "hidden_dim": 32,
        "id2label": checkpoints.labels(1),
        "max_position_embeddings": 512,
    },
    ODD_WIDTHS: {
        "activation": "silu",
        "dim": 20,
        "hidden_dim": 37,
        "n_heads": 1,
        "n_layers": 1,
        "vocab_size": 101,
    },
    "DistilBERT, eight heads, tanh, sinusoidal positions left out of the file": {
        "activation": "tanh",
        "hidden_dim": 32,
        "id2label": checkpoints.labels(LABELS),
        "n_heads": 8,
        "sinusoidal_pos_embds": True,
    },
}
PRE_NORM = "norms before attention and feed-forward, no biases, two token types"
CASES = (*DISTILBERT, PRE_NORM)

FEWER_SHAPES = {ODD_WIDTHS: {"hidden_dim": 20, "id2label": checkpoints.labels(20)}}
"""What MAX's own operations are compiled with in place of a case's; the kernels take any shape."""


class Case:
    """A compiled random classifier and its oracle."""

    def __init__(self, config: EncoderConfig, expected: oracle.Encoder, run: Graph) -> None:
        self.config = config
        self.expected = expected
        self.run = run

    def draw(self, generator: np.random.Generator, length: int) -> TokenSequence:
        """Draws a random sequence; if there are token types, every second one is a pair."""
        ids = generator.integers(0, self.config.vocab_size, length)
        if self.config.has_token_types and generator.random() < 0.5:
            return TokenSequence(ids, int(generator.integers(1, length + 1)))
        return single_segment(ids)

    def error(self, sequences: Sequence[TokenSequence]) -> float:
        """Returns the largest difference of a logit from the oracle's."""
        rows = self.run(sequences)
        assert rows.shape == (len(sequences), self.config.num_labels)
        return max(
            float(np.abs(row - self._expected(sequence)).max())
            for row, sequence in zip(rows, sequences, strict=True)
        )

    def _expected(self, sequence: TokenSequence) -> np.ndarray:
        second = np.arange(len(sequence)) >= sequence.first_segment
        return self.expected.logits(sequence.ids.tolist(), second.astype(int).tolist())


Draft = tuple[EncoderConfig, "Weights", oracle.Encoder]


def of_distilbert(directory: Path, index: int, changes: dict[str, Any]) -> Draft:
    """Writes a random checkpoint and reads it as the server does."""
    from graphs import read_checkpoint

    config = checkpoints.random_config(checkpoints.DISTILBERT, **changes)
    tensors = checkpoints.random_tensors(config, index)
    path = checkpoints.write_checkpoint(directory / str(index), config, tensors)
    # One file as current versions of the library write it, one as old versions did, or shards.
    if index % 3 == 2:
        (path / "model.safetensors").unlink()
        checkpoints.save_shards(path, tensors, 3)
    else:
        checkpoints.save_safetensors(path / "model.safetensors", tensors, aligned=index % 3 == 0)
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    return (*read_checkpoint(path), distilbert.encoder(wide, config))


def with_norms_before() -> Draft:
    """Returns random weights, by their names in the graph, of an encoder that no family has."""
    dim, epsilon = 32, 1e-5
    config = EncoderConfig(
        architecture="none",
        hidden_size=dim,
        intermediate_size=dim,
        num_attention_heads=4,
        num_hidden_layers=2,
        vocab_size=99,
        max_position_embeddings=40,
        type_vocab_size=2,
        hidden_act="gelu",
        head_activation="tanh",
        layer_norm_eps=epsilon,
        norm_placement="pre",
        attention_bias=False,
        mlp_bias=False,
        norm_bias=False,
        num_labels=LABELS,
    )
    generator = np.random.default_rng(50)
    weights: dict[str, np.ndarray] = {}

    def matrix(name: str, rows: int = dim) -> np.ndarray:
        drawn = generator.normal(0, dim**-0.5, (rows, dim)).astype(np.float32)
        weights[f"{name}.weight"] = drawn
        return drawn.astype(np.float64)

    def bias(name: str, rows: int) -> np.ndarray:
        weights[f"{name}.bias"] = generator.normal(0, 0.1, rows).astype(np.float32)
        return weights[f"{name}.bias"].astype(np.float64)

    def norm(name: str) -> oracle.Norm:
        weights[f"{name}.weight"] = generator.normal(1, 0.1, dim).astype(np.float32)
        return oracle.Norm(weights[f"{name}.weight"].astype(np.float64), 0.0, epsilon)

    def linear(name: str) -> oracle.Linear:
        return oracle.Linear(matrix(name))

    def block(name: str) -> oracle.Block:
        return oracle.Block(
            query=linear(f"{name}.attention.query"),
            key=linear(f"{name}.attention.key"),
            value=linear(f"{name}.attention.value"),
            output=linear(f"{name}.attention.output"),
            attention_norm=norm(f"{name}.attention_norm"),
            up=linear(f"{name}.feed_forward.up"),
            down=linear(f"{name}.feed_forward.down"),
            output_norm=norm(f"{name}.output_norm"),
            heads=4,
            activation="gelu",
            pre_norm=True,
        )

    def biased(name: str, rows: int) -> oracle.Linear:
        return oracle.Linear(matrix(name, rows), bias(name, rows))

    expected = oracle.Encoder(
        words=matrix("embeddings.word_embeddings", 99),
        positions=matrix("embeddings.position_embeddings", 40),
        types=matrix("embeddings.token_type_embeddings", 2),
        norm=norm("embeddings.layer_norm"),
        blocks=[block(f"encoder.layers.{index}") for index in range(2)],
        final_norm=norm("encoder.final_norm"),
        dense=biased("classifier.dense", dim),
        head_activation="tanh",
        projection=biased("classifier.projection", LABELS),
    )
    return config, weights, expected


@pytest.fixture(scope="module", params=[False, True], ids=["max", "kernels"])
def cases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Case]:
    from graphs import compile_together

    directory = tmp_path_factory.mktemp("graphs")
    others = {} if request.param else FEWER_SHAPES
    drafts = [
        of_distilbert(directory, index, each | others.get(name, {}))
        for index, (name, each) in enumerate(DISTILBERT.items())
    ]
    drafts.append(with_norms_before())
    graphs = compile_together(
        [(config, weights) for config, weights, _ in drafts], packed=request.param
    )
    return {
        name: Case(config, expected, run)
        for name, (config, _, expected), run in zip(CASES, drafts, graphs, strict=True)
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_batches_of_mixed_lengths(cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    generator = np.random.default_rng(7)
    for _ in range(20):
        lengths = generator.integers(2, 41, size=generator.integers(1, 9))
        assert case.error([case.draw(generator, length) for length in lengths]) < TOLERANCE


@pytest.mark.slow
def test_every_length_up_to_the_maximum(cases: dict[str, Case]) -> None:
    case = cases["DistilBERT, one label, learned positions, 512 of them"]
    generator = np.random.default_rng(8)
    for first in range(2, 513, 16):
        batch = [case.draw(generator, length) for length in range(first, min(first + 16, 513))]
        assert case.error(batch) < TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "DistilBERT, eight heads, tanh, sinusoidal positions left out of the file",
        PRE_NORM,
    ],
)
def test_a_row_does_not_depend_on_its_neighbours(cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    generator = np.random.default_rng(9)
    sequence = case.draw(generator, 11)
    (alone,) = case.run([sequence])
    for neighbours in (1, 5, 12):
        batch = [case.draw(generator, generator.integers(1, 41)) for _ in range(neighbours)]
        for place in (0, len(batch)):
            row = case.run([*batch[:place], sequence, *batch[place:]])[place]
            np.testing.assert_allclose(row, alone, atol=1e-5)


@pytest.mark.slow
def test_padding_id_inside_a_sequence_is_a_token(cases: dict[str, Case]) -> None:
    case = cases[ODD_WIDTHS]
    sequence = single_segment(np.array([2, 0, 40, 0, 0, 3]))
    assert case.error([sequence, single_segment(np.arange(12))]) < TOLERANCE


@pytest.mark.slow
def test_token_types_change_the_answer(cases: dict[str, Case]) -> None:
    ids = np.arange(5, 15)
    one, two = cases[PRE_NORM].run([TokenSequence(ids, 10), TokenSequence(ids, 6)])
    assert np.abs(one - two).max() > 0.01
