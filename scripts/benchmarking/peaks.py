"""Measured limits of this machine: speed of matrix products, and of reading memory.

    python -m scripts.benchmarking.peaks THREADS WEIGHT_BYTES[,WEIGHT_BYTES...]

Prints JSON. It runs in a process of its own, in the environment ``runtimes``: the peak of a
precision is the best of the libraries there, at the best of several sizes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SIZES = (1024, 2048)
SECONDS = 0.3


def best_seconds(run: Callable[[], object], seconds: float = SECONDS) -> float:
    """Returns the shortest of the runs that fit into the given seconds, at least three."""
    run()
    best = float("inf")
    runs = 0
    deadline = time.perf_counter() + seconds
    while runs < 3 or time.perf_counter() < deadline:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
        runs += 1
    return best


def numpy_gflops(size: int) -> float:
    """Returns float32 GFLOP/s of NumPy's BLAS."""
    import numpy as np

    generator = np.random.default_rng(size)
    left, right = (generator.random((size, size), dtype=np.float32) for _ in range(2))
    out = np.empty((size, size), dtype=np.float32)
    return 2 * size**3 / best_seconds(lambda: np.matmul(left, right, out=out)) / 1e9


def _product(size: int, operator: str, left_type: int, right_type: int, out_type: int) -> bytes:
    """Returns an ONNX model of one matrix product with a constant right operand."""
    import numpy as np
    from onnx import helper, numpy_helper

    generator = np.random.default_rng(size)
    dtype: Any = helper.tensor_dtype_to_np_dtype(right_type)
    values = generator.integers(-9, 9, (size, size)).astype(dtype)
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", left_type, [size, size])],
        [helper.make_tensor_value_info("y", out_type, [size, size])],
        [numpy_helper.from_array(values, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    serialised: bytes = model.SerializeToString()
    return serialised


def onnxruntime_gflops(size: int, precision: str, threads: int) -> float:
    """Returns GFLOP/s (or integer GOP/s) of ONNX Runtime's product."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto

    kinds = {
        "float32": ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.FLOAT),
        "int8": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32),
    }
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = _product(size, *kinds[precision])
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    x = np.ones((size, size), dtype=np.uint8 if precision == "int8" else np.float32)
    return 2 * size**3 / best_seconds(lambda: session.run(None, {"x": x})) / 1e9


def openvino_gflops(size: int, precision: str, threads: int) -> float:
    """Returns GFLOP/s of OpenVINO's product; NaN if the CPU does not support the precision."""
    import numpy as np
    import openvino
    from onnx import TensorProto

    model = openvino.Core().read_model(_product(size, "MatMul", *[TensorProto.FLOAT] * 3))
    hint = {"float32": "f32", "bfloat16": "bf16"}[precision]
    compiled = openvino.Core().compile_model(
        model,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": hint,
        },
    )
    if compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name() != hint:
        return float("nan")
    request = compiled.create_infer_request()
    x = {"x": np.ones((size, size), dtype=np.float32)}
    return 2 * size**3 / best_seconds(lambda: request.infer(x, share_inputs=True)) / 1e9


def read_gb_per_s(size: int, threads: int) -> float:
    """Returns GB/s of reading a buffer repeatedly, as weights are read.

    A small buffer stays in the caches and is read faster, as are the weights of a small model.
    """
    import numpy as np

    parts = np.array_split(np.ones(size // 4, dtype=np.float32), threads)
    repeats = max(1, 2**27 // size)

    def read(part: Any) -> None:
        for _ in range(repeats):
            np.dot(part, part)  # reads once, writes nothing, releases the interpreter lock

    with ThreadPoolExecutor(threads) as pool:
        seconds = best_seconds(lambda: list(pool.map(read, parts)))
    return size * repeats / seconds / 1e9


def main() -> None:
    """Measures the limits and prints them as JSON."""
    threads = int(sys.argv[1])
    # BLAS reads these variables when it is imported: all threads for products, one per reader.
    os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    if sys.argv[2] != "products":
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        sizes = [int(size) for size in sys.argv[2].split(",")]
        print(json.dumps({str(size): read_gb_per_s(size, threads) for size in sizes}))
        return
    measured = {
        "float32": {
            "NumPy": max(map(numpy_gflops, SIZES)),
            "ONNX Runtime": max(onnxruntime_gflops(size, "float32", threads) for size in SIZES),
            "OpenVINO": max(openvino_gflops(size, "float32", threads) for size in SIZES),
        },
        "bfloat16": {
            "OpenVINO": max(openvino_gflops(size, "bfloat16", threads) for size in SIZES),
        },
        "int8": {
            "ONNX Runtime": max(onnxruntime_gflops(size, "int8", threads) for size in SIZES),
        },
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
