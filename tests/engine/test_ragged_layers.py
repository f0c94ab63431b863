"""The graph of accelerators, computed by the CPU: all of it but MAX's ragged attention.

Its logits are held against those of Hugging Face, and against the same graph's for each sequence
alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from family_references import CASES, TEXTS, reference

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment

if TYPE_CHECKING:
    from graphs import Graph

pytestmark = pytest.mark.slow

COMPILED = ("bert-cased",)
"""Cases of ``family_references``. This one has token types, norms behind each residual and the
first tokens alone in the last block. Each further one takes the compiler a minute; on an
accelerator ``tests/gpu`` runs all of them."""


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    from graphs import compile_ragged, read_checkpoint

    directory = tmp_path_factory.mktemp("ragged")
    encoders = [read_checkpoint(CASES[name].write(directory / name)) for name in COMPILED]
    return dict(zip(COMPILED, compile_ragged(encoders), strict=True))


def sequences_of(name: str) -> list[TokenSequence]:
    found = []
    for answer in reference(name):
        ids, types = np.array(answer["ids"]), answer.get("token_types") or []
        found.append(TokenSequence(ids, types.index(1) if 1 in types else len(ids)))
    return found


@pytest.mark.parametrize("name", COMPILED)
def test_all_texts_in_one_batch_have_hugging_face_s_logits(
    graphs: dict[str, Graph], name: str
) -> None:
    sequences = sequences_of(name)
    assert len(sequences) == len(TEXTS)
    assert len({len(each) for each in sequences}) > 3
    expected = [each["logits"] for each in reference(name)]
    np.testing.assert_allclose(graphs[name](sequences), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", COMPILED)
def test_a_row_does_not_depend_on_its_neighbours(graphs: dict[str, Graph], name: str) -> None:
    generator = np.random.default_rng(5)
    run = graphs[name]

    def draw(length: int) -> TokenSequence:
        return single_segment(generator.integers(0, 600, length))

    sequence = draw(13)
    (alone,) = run([sequence])
    for lengths in ([1], [150], [1, 2, 150, 13], [1] * 40):
        batch = [draw(length) for length in lengths]
        for place in (0, len(batch) // 2, len(batch)):
            row = run([*batch[:place], sequence, *batch[place:]])[place]
            np.testing.assert_allclose(row, alone, atol=1e-5)
