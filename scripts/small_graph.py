"""Small MAX program for learning: builds, compiles, runs and checks a linear layer with a ReLU.

    .venv/bin/python scripts/small_graph.py

Read it before ``distilbert_sentiment_arch/engine/layers.py``, which does the same with more layers.
"""

from __future__ import annotations

import numpy as np
from max.driver import CPU
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, Graph, TensorType, ops

IN, OUT = 384, 16


def main() -> None:
    """Compares the compiled graph with NumPy on two batch sizes."""
    generator = np.random.default_rng(0)
    weight = generator.normal(0, IN**-0.5, (IN, OUT)).astype(np.float32)
    bias = generator.normal(0, 0.1, OUT).astype(np.float32)

    # A graph is typed. A dimension can have a name, here "batch", in place of a number: a compiled
    # graph runs batches of any size, and the compiler still knows which dimensions are equal.
    cpu = DeviceRef.CPU()
    with Graph("linear_relu", input_types=[TensorType(DType.float32, ["batch", IN], cpu)]) as graph:
        x = graph.inputs[0].tensor
        product = x @ ops.constant(weight, DType.float32, cpu)  # (batch, OUT)
        graph.output(ops.relu(product + ops.constant(bias, DType.float32, cpu)))

    # Compiling takes seconds the first time; MAX caches the result for the next time.
    model = InferenceSession(devices=[CPU()]).load(graph)

    for batch in (1, 32):
        rows = generator.normal(size=(batch, IN)).astype(np.float32)
        (output,) = model.execute(rows)
        computed = output.to_numpy()
        expected = np.maximum(rows @ weight + bias, 0)
        np.testing.assert_allclose(computed, expected, atol=1e-4)
        print(f"batch {batch}: {computed.shape}, equal to NumPy within 1e-4")


if __name__ == "__main__":
    main()
