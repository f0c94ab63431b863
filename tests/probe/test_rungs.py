"""Rungs: each device has those that make sense there, and each has a graph."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.engine.probing.graphs import OPERATIONS
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.rungs import KERNELS, OPENING, ProbedDevice, only, rungs_of
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER
from distilbert_sentiment_arch.settings.precision import PRECISIONS

CPU = ProbedDevice("cpu", "a processor")
GPU = ProbedDevice("gpu:0", "an accelerator", Accelerator(0, "hip"))


@pytest.mark.parametrize("device", [CPU, GPU], ids=lambda each: each.name)
def test_the_ladder_begins_with_the_device_and_ends_with_the_classifier(
    device: ProbedDevice,
) -> None:
    rungs = rungs_of(device)
    assert rungs[0].name == OPENING
    assert rungs[-1].graph == CLASSIFIER
    assert len({each.name for each in rungs}) == len(rungs)
    known = {OPENING, *OPERATIONS, KERNELS, CLASSIFIER}
    assert {each.graph for each in rungs} <= known
    assert {each.graph for each in rungs} >= {*OPERATIONS}


def test_the_kernels_of_this_package_are_for_the_cpu_in_every_precision() -> None:
    assert {each.dtype for each in rungs_of(CPU) if each.graph == KERNELS} == set(PRECISIONS)
    assert not any(each.graph == KERNELS for each in rungs_of(GPU))


def test_accelerators_are_asked_for_half_precision_as_well() -> None:
    dtypes = {each.dtype for each in rungs_of(GPU) if each.graph == "matmul"}
    assert dtypes == {"float32", "bfloat16", "float16"}


def test_some_rungs_and_the_first_one() -> None:
    names = [each.name for each in only("classifier, matmul")(CPU)]
    assert names == [OPENING, "matmul float32", "classifier float32"]
    assert [each.name for each in only("matmul bfloat16")(GPU)] == [OPENING, "matmul bfloat16"]
    with pytest.raises(ConfigError, match=r"no rung 'matmull': .*matmul.*classifier"):
        only("matmull")
