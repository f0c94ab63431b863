"""Both graphs, of MAX's operations and of our kernels, compared with the float64 oracles.

Run on the encoders of ``oracle_cases.py``. ``test_references.py`` has the other families, against
logits of Hugging Face.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from oracle_cases import CASES, ODD_WIDTHS, PRE_NORM, drafts

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from scripts.oracle import encoder as oracle

if TYPE_CHECKING:
    from graphs import Graph

TOLERANCE = 1e-4


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


@pytest.fixture(scope="module", params=[False, True], ids=["max", "kernels"])
def cases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Case]:
    graphs = request.getfixturevalue("graphs_of_kernels" if request.param else "graphs_of_max")
    found = drafts(tmp_path_factory.mktemp("oracles"), packed=request.param)
    return {
        name: Case(config, expected, graphs[name]) for name, (config, _, expected) in found.items()
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
def test_lengths_up_to_the_maximum(cases: dict[str, Case]) -> None:
    case = cases["DistilBERT, one label, learned positions, 512 of them"]
    generator = np.random.default_rng(8)
    # Every length up to two panels of keys and a tile, and the last ones. Of those between, which
    # take the oracle long, one in 7: with every remainder of tiles and vectors.
    lengths = [*range(2, 151), *range(151, 497, 7), *range(497, 513)]
    for first in range(0, len(lengths), 16):
        batch = [case.draw(generator, length) for length in lengths[first : first + 16]]
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
