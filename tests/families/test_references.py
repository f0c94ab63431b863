"""Both graphs, of MAX's operations and of our kernels, against Hugging Face's logits.

Of every family, on real texts of many lengths and scripts and on pairs; the token ids are Hugging
Face's, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from family_references import CASES, IN_OPERATIONS_OF_MAX, SERVED, TEXTS, reference

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.precision import read_processor
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.precision import Precision

if TYPE_CHECKING:
    from graphs import Graph

TOLERANCE = 1e-4

IN_BFLOAT16X3 = ("roberta", "albert", "deberta-v3", "modernbert")
"""A case of each kind of block; ``kernels/test_split_linear.py`` has products of all shapes."""


def sequences(name: str) -> list[TokenSequence]:
    return [
        TokenSequence(np.array(each["ids"]), each["token_types"].count(0))
        for each in reference(name)
    ]


def expected(name: str) -> npt.NDArray[np.float64]:
    return np.array([each["logits"] for each in reference(name)])


@pytest.fixture(scope="module")
def graphs_of_max(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    return compiled(tmp_path_factory.mktemp("max"), IN_OPERATIONS_OF_MAX, packed=False)


@pytest.fixture(scope="module")
def graphs_of_kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    from graphs import compile_as_served, read_checkpoint

    directory = tmp_path_factory.mktemp("kernels")
    # Servers load graphs of their own; the other cases are compiled at once, which takes less time.
    served = {
        name: compile_as_served(*read_checkpoint(CASES[name].write(directory / name)))
        for name in sorted(set(SERVED.values()))
    }
    others = [name for name in CASES if name not in served]
    return served | compiled(directory, others, packed=True)


@pytest.fixture(scope="module")
def graphs_in_bfloat16x3(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    if not read_processor().computes("bfloat16x3"):
        pytest.skip("this processor does not compute in bfloat16x3")
    directory = tmp_path_factory.mktemp("bfloat16x3")
    return compiled(directory, IN_BFLOAT16X3, packed=True, precision="bfloat16x3")


def compiled(
    directory: Path, names: Sequence[str], *, packed: bool, precision: Precision = "float32"
) -> dict[str, Graph]:
    from graphs import compile_together, read_checkpoint

    encoders = [read_checkpoint(CASES[name].write(directory / name)) for name in names]
    precisions = [precision] * len(names)
    graphs = compile_together(encoders, packed=packed, precisions=precisions)
    return dict(zip(names, graphs, strict=True))


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
