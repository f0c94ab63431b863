"""The floor of a pass: the least time that its arithmetic or its memory traffic can take.

Arithmetic: floating-point operations of the linear layers and of attention, over the measured peak
of products in the engine's precision. Memory: bytes of the weights that every pass reads, over the
measured bandwidth of reading a buffer of that size (Williams et al. 2009, "Roofline").

Avoidable work is not counted: the first block's queries, keys and values depend only on a token and
its position, and of the last block only the first token of a sequence is used, for which no other
token's key or value has to be computed. The same floor applies to all engines, including those that
compute more.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.environments import interpreter, process_environment
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.paths import ROOT
from scripts.benchmarking.workloads import Workload

BYTES: Mapping[str, int] = {"float32": 4, "bfloat16": 2, "int8": 1}


@dataclass(frozen=True)
class Peaks:
    """Measured limits of the machine.

    Attributes:
        products: GFLOP/s (GOP/s for int8) by precision and library.
        reading: GB/s by size of the buffer in bytes.
    """

    products: Mapping[str, Mapping[str, float]]
    reading: Mapping[int, float]

    def gflops(self, precision: str) -> float:
        """Returns the speed of the fastest library; NaN if none supports the precision."""
        return max(self.products.get(precision, {}).values(), default=float("nan"))

    def best(self, other: Peaks) -> Peaks:
        """Returns the better of two measurements, because noise can only lower them."""
        return Peaks(
            {
                precision: {
                    name: max(value, other.products[precision][name])
                    for name, value in each.items()
                }
                for precision, each in self.products.items()
            },
            {size: max(value, other.reading[size]) for size, value in self.reading.items()},
        )


def weight_bytes(config: Mapping[str, Any], precision: str) -> int:
    """Returns the bytes of the matrices that every pass reads, without lookup tables.

    A checkpoint in half precision is read as stored, whatever the engine's precision.

    Args:
        config: A ``config.json``.
        precision: A key of ``BYTES``.
    """
    encoder = _encoder(config)
    dim, layers = encoder.hidden_size, encoder.num_hidden_layers
    looked_up = 3 * dim * dim if layers > 1 else 0
    block = 4 * dim * dim + _feed_forward(encoder)
    # The key has two names in different versions; a checkpoint without it is in float32.
    dtype = config.get("dtype") or config.get("torch_dtype") or "float32"
    size = min(BYTES[precision], 4 if dtype == "float32" else 2)
    return int((encoder.num_distinct_layers * block - looked_up + _head(encoder)) * size)


def operations(config: Mapping[str, Any], workload: Workload) -> int:
    """Returns the floating-point operations of a pass, without padding.

    Multiplications and additions of linear layers and of attention; norms, softmax and activations
    are left out, because they are under 2% of these.
    """
    return operations_of(_encoder(config), workload)


def operations_of(encoder: EncoderConfig, workload: Workload) -> int:
    """Returns the same of an encoder."""
    dim = encoder.hidden_size
    first_only = encoder.pooling == "first"  # otherwise the last block's tokens are all needed
    blocks = encoder.num_hidden_layers - first_only
    output_and_feed_forward = dim * dim + _feed_forward(encoder)
    projection = 3 * dim * dim
    total = 0
    for batch in workload.batches:
        for length in map(int, batch.lengths):
            total += blocks * length * (output_and_feed_forward + 2 * length * dim)
            total += max(0, blocks - 1) * length * projection
            if first_only:
                total += projection + output_and_feed_forward
                total += 2 * length * encoder.num_attention_heads * dim
            total += _head(encoder)
    return 2 * total


def _feed_forward(encoder: EncoderConfig) -> int:
    layers = 3 if encoder.gated_mlp else 2
    return layers * encoder.hidden_size * encoder.intermediate_size


def _head(encoder: EncoderConfig) -> int:
    return encoder.hidden_size * (encoder.hidden_size + encoder.num_labels)


def _encoder(config: Mapping[str, Any]) -> EncoderConfig:
    return read_config(ConfigJson(config, "config.json"), FAMILIES).encoder


def floor_ms(
    config: Mapping[str, Any], workload: Workload, precision: str, peaks: Peaks
) -> float | None:
    """Returns the floor of a pass in milliseconds, or None if no peak is known."""
    if precision not in BYTES or not peaks.products.get(precision):
        return None
    arithmetic_ms = operations(config, workload) / (peaks.gflops(precision) * 1e6)
    weights = weight_bytes(config, precision)
    memory_ms = len(workload.batches) * weights / (peaks.reading[weights] * 1e6)
    return max(arithmetic_ms, memory_ms)


def measure_peaks(configs: Sequence[Mapping[str, Any]], threads: int) -> Peaks:
    """Measures this machine's limits for models of the given configurations.

    Raises:
        NotAvailable: The libraries are not installed, or fail.
    """
    sizes = sorted({weight_bytes(config, each) for config in configs for each in BYTES})
    products = _run(str(threads), "products")
    reading = _run(str(threads), ",".join(map(str, sizes)))
    finite = {
        precision: {name: value for name, value in values.items() if value == value}
        for precision, values in products.items()
    }
    return Peaks(finite, {int(size): value for size, value in reading.items()})


def _run(*arguments: str) -> dict[str, Any]:
    ended = subprocess.run(
        [interpreter("runtimes"), "-m", "scripts.benchmarking.peaks", *arguments],
        cwd=ROOT,
        env=process_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise NotAvailable(f"the peaks were not measured: {ended.stderr.strip()[-300:]}")
    measured: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return measured
