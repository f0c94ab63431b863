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
from family_references import CASES, IN_BFLOAT16X3, IN_OPERATIONS_OF_MAX, TEXTS, reference

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


def test_every_family_has_a_case() -> None:
    assert {case.architecture for case in CASES.values()} == set(FAMILIES)


@pytest.mark.parametrize("name", CASES)
def test_the_reference_has_all_texts(name: str) -> None:
    answers: Sequence[dict[str, Any]] = reference(name)
    assert len(answers) == len(TEXTS)
    # Whether a model tells its texts apart at all: its logits differ from text to text.
    assert np.ptp(expected(name), axis=0).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_OPERATIONS_OF_MAX)
def test_logits_of_max_are_hugging_face_s(graphs_of_max: dict[str, Graph], name: str) -> None:
    check_logits(graphs_of_max[name], name)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_logits_of_kernels_are_hugging_face_s(
    graphs_of_kernels: dict[str, Graph], name: str
) -> None:
    check_logits(graphs_of_kernels[name], name)


def check_logits(graph: Graph, name: str) -> None:
    rows = graph(sequences(name))
    np.testing.assert_allclose(rows, expected(name), atol=TOLERANCE, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_BFLOAT16X3)
def test_logits_in_bfloat16x3_are_hugging_face_s(
    graphs_in_bfloat16x3: dict[str, Graph], name: str
) -> None:
    check_logits(graphs_in_bfloat16x3[name], name)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_text_has_the_same_bits_in_every_batch(
    graphs_of_kernels: dict[str, Graph], name: str
) -> None:
    check_bits(graphs_of_kernels[name], name)


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_BFLOAT16X3)
def test_a_text_has_the_same_bits_in_every_batch_in_bfloat16x3(
    graphs_in_bfloat16x3: dict[str, Graph], name: str
) -> None:
    check_bits(graphs_in_bfloat16x3[name], name)


def check_bits(graph: Graph, name: str) -> None:
    texts = sequences(name)
    together = graph(texts)
    for start, end in ((0, 1), (1, 4), (20, 37), (59, 60)):
        np.testing.assert_array_equal(graph(texts[start:end]), together[start:end])
    np.testing.assert_array_equal(graph(texts[::-1]), together[::-1])
