"""Both graphs, of MAX's operations and of our kernels (``packed_distilbert``), by the oracle.

Over random configurations and every length, in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts import checkpoints
from scripts.oracle import distilbert as oracle

if TYPE_CHECKING:
    from graphs import Graph

TOLERANCE = 1e-4

# Widths are few, because MAX compiles a product for each; `kernels/` has more.
CASES = {
    "one label, learned positions, 512 of them": {
        "hidden_dim": 32,
        "id2label": checkpoints.labels(1),
        "max_position_embeddings": 512,
    },
    "28 labels, tanh gelu, three layers": {
        "activation": "gelu_new",
        "hidden_dim": 32,
        "id2label": checkpoints.labels(28),
        "n_layers": 3,
    },
    "one head, one layer, silu, odd widths": {
        "activation": "silu",
        "dim": 20,
        "hidden_dim": 37,
        "n_heads": 1,
        "n_layers": 1,
        "vocab_size": 101,
    },
    "eight heads, tanh, sinusoidal positions left out of the file": {
        "activation": "tanh",
        "hidden_dim": 32,
        "n_heads": 8,
        "sinusoidal_pos_embds": True,
    },
}


class Case:
    """A compiled random classifier and its oracle."""

    def __init__(self, config: dict[str, object], tensors: checkpoints.Tensors, run: Graph) -> None:
        self.config = config
        self.run = run
        self.tensors = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def draw(self, generator: np.random.Generator, length: int) -> np.ndarray:
        return generator.integers(0, self.config["vocab_size"], length)

    def error(self, sequences: list[np.ndarray]) -> float:
        rows = self.run(sequences)
        assert rows.shape == (len(sequences), len(self.config["id2label"]))
        return max(
            float(np.abs(row - oracle.logits(self.tensors, self.config, sequence)).max())
            for row, sequence in zip(rows, sequences, strict=True)
        )


@pytest.fixture(scope="module", params=[False, True], ids=["max", "kernels"])
def cases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Case]:
    from graphs import compile_together

    drawn = []
    for seed, changes in enumerate(CASES.values()):
        config = checkpoints.random_config(**changes)
        drawn.append((config, checkpoints.random_tensors(config, seed)))
    graphs = compile_together(tmp_path_factory.mktemp("graphs"), drawn, packed=request.param)
    return {
        name: Case(config, tensors, run)
        for name, (config, tensors), run in zip(CASES, drawn, graphs, strict=True)
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
    case = cases["one label, learned positions, 512 of them"]
    generator = np.random.default_rng(8)
    for first in range(2, 513, 16):
        batch = [case.draw(generator, length) for length in range(first, min(first + 16, 513))]
        assert case.error(batch) < TOLERANCE


@pytest.mark.slow
def test_a_row_does_not_depend_on_its_neighbours(cases: dict[str, Case]) -> None:
    case = cases["28 labels, tanh gelu, three layers"]
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
    case = cases["one head, one layer, silu, odd widths"]
    sequence = np.array([2, 0, 40, 0, 0, 3])
    assert case.error([sequence, np.arange(12)]) < TOLERANCE
