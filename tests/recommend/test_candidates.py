"""Which settings are measured on which processor, and for which goal."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.machine.processor import Processor
from distilbert_sentiment_arch.recommend.candidates import (
    Candidate,
    batches_of,
    default_candidate,
    fewer_cores,
    precisions_of,
)
from distilbert_sentiment_arch.recommend.request import Goal, RecommendRequest
from distilbert_sentiment_arch.settings.precision import Precision


@pytest.mark.parametrize(
    ("units", "quantized", "expected"),
    [
        (["avx2"], False, ["float32"]),
        (["avx2", "avx512_vnni"], False, ["float32", "int8"]),
        (["avx2", "avx512_vnni", "avx512_bf16"], False, ["float32", "bfloat16", "int8"]),
        (
            ["avx2", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"],
            False,
            ["float32", "bfloat16x3", "bfloat16", "int8"],
        ),
        (["asimd", "asimddp"], False, ["float32", "int8"]),
        ([], False, ["float32"]),
        # A checkpoint that was quantised ahead is computed in int8 where that is possible at all.
        (["avx2"], True, ["float32", "int8"]),
        ([], True, ["float32"]),
    ],
)
def test_precisions_of_a_processor(
    units: list[str], quantized: bool, expected: list[Precision]
) -> None:
    tried, left_out = precisions_of(Processor("P", frozenset(units)), quantized=quantized)
    assert tried == expected
    assert set(tried) | set(left_out) == {"float32", "bfloat16x3", "bfloat16", "int8"}
    assert all("P has none of" in why for why in left_out.values())


def test_the_size_of_batches_is_no_choice_for_a_lone_text() -> None:
    assert batches_of("cpu", RecommendRequest("latency")) == (512,)
    assert batches_of("cpu", RecommendRequest("latency", texts_per_request=8))[0] == 512
    assert len(batches_of("cpu", RecommendRequest("throughput"))) > 1
    # A bound on p99 is kept with several callers.
    assert len(batches_of("cpu", RecommendRequest("latency", p99_ms=20))) > 1
    assert len(batches_of("gpu:0", RecommendRequest("cost"))) > 1


@pytest.mark.parametrize(
    ("goal", "cores", "fewer"),
    [
        ("throughput", 8, []),
        ("latency", 8, [4]),
        ("latency", 6, [4]),
        ("cost", 8, [4, 2, 1]),
        ("cost", 6, [4, 2, 1]),
        ("cost", 1, []),
    ],
)
def test_fewer_cores(goal: Goal, cores: int, fewer: list[int]) -> None:
    candidate = Candidate("cpu", "int8", cores, 2048)
    assert fewer_cores(goal, candidate) == [Candidate("cpu", "int8", each, 2048) for each in fewer]


def test_defaults_need_no_flags() -> None:
    assert default_candidate(4).flags(4) == ()


def test_flags_of_what_is_not_the_default() -> None:
    assert Candidate("cpu", "int8", 2, 2048).flags(4) == (
        *("--precision", "int8"),
        *("--max-batch-tokens", "2048"),
        *("--cores", "2"),
    )
    assert Candidate("gpu:1", "float32", 4, 16_384).flags(4) == (
        *("--devices", "gpu:1"),
        *("--precision", "float32"),
    )
