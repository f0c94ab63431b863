"""Both graphs, of MAX's operations and of our kernels, against Hugging Face's logits.

Of every family, on real texts of many lengths and scripts and on pairs; the token ids are Hugging
Face's, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from family_references import CASES, TEXTS, reference

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.families.registry import FAMILIES

if TYPE_CHECKING:
    from graphs import Graph

TOLERANCE = 1e-4


def sequences(name: str) -> list[TokenSequence]:
    return [
        TokenSequence(np.array(each["ids"]), each["token_types"].count(0))
        for each in reference(name)
    ]


def expected(name: str) -> npt.NDArray[np.float64]:
    return np.array([each["logits"] for each in reference(name)])


@pytest.fixture(scope="module", params=["max", "kernels"])
def graphs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Graph]:
    from graphs import compile_together, read_checkpoint

    directory = tmp_path_factory.mktemp("references")
    encoders = [read_checkpoint(case.write(directory / name)) for name, case in CASES.items()]
    compiled = compile_together(encoders, packed=request.param == "kernels")
    return dict(zip(CASES, compiled, strict=True))


def test_every_family_has_a_case() -> None:
    assert {case.architecture for case in CASES.values()} == set(FAMILIES)


@pytest.mark.parametrize("name", CASES)
def test_the_reference_has_all_texts(name: str) -> None:
    answers: Sequence[dict[str, Any]] = reference(name)
    assert len(answers) == len(TEXTS)
    # Whether a model tells its texts apart at all: its logits differ from text to text.
    assert np.ptp(expected(name), axis=0).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_logits_are_hugging_face_s(graphs: dict[str, Graph], name: str) -> None:
    rows = graphs[name](sequences(name))
    padding = CASES[name].config["pad_token_id"]
    # SentencePiece reads "<pad>" in a text as the padding token, to which RoBERTa gives no position
    # of its own at Hugging Face. Here it counts as a token; docs/checkpoints.md says so.
    compared = [padding not in each["ids"] for each in reference(name)]
    assert sum(compared) >= len(TEXTS) - 1
    np.testing.assert_allclose(rows[compared], expected(name)[compared], atol=TOLERANCE, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("graphs", ["kernels"], indirect=True)
@pytest.mark.parametrize("name", CASES)
def test_a_text_has_the_same_bits_in_every_batch(graphs: dict[str, Graph], name: str) -> None:
    texts = sequences(name)
    together = graphs[name](texts)
    for start, end in ((0, 1), (1, 4), (20, 37), (59, 60)):
        np.testing.assert_array_equal(graphs[name](texts[start:end]), together[start:end])
    np.testing.assert_array_equal(graphs[name](texts[::-1]), together[::-1])
