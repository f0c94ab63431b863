"""Rungs of operations that are at fault, run as the real ones are: ``probe.rung_process`` starts
this module.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from max.dtype import DType
from max.graph import TensorType, TensorValue, ops

from distilbert_sentiment_arch.engine.probing.comparison import Answer
from distilbert_sentiment_arch.engine.probing.graphs import Input, Operation
from distilbert_sentiment_arch.engine.probing.oracles import random
from distilbert_sentiment_arch.engine.probing.rung_run import Run, main, operation

KERNELS = Path(__file__).with_name("probed_kernels")


def custom(name: str, expected_times: int) -> Operation:
    x = random(40, 16, seed=0)

    def build(x: TensorValue) -> TensorValue:
        result = TensorType(DType.float32, x.shape, x.device)
        return ops.custom(name, x.device, [x], [result])[0].tensor

    wide = x.astype(np.float64)
    return Operation(build, (Input(x, ("rows", 16)),), expected_times * wide, (KERNELS,))


def failing(run: Run) -> Answer:
    run.phase("running")
    raise RuntimeError("error of a driver\nand where it happened")


if __name__ == "__main__":
    main(
        {
            "wrong": operation(lambda _: custom("probed.doubled", 2)),
            "does not compile": operation(lambda _: custom("probed.of_float64", 1)),
            "is not there": operation(lambda _: custom("probed.absent", 1)),
            "fails": failing,
        }
    )
