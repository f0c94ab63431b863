"""Compiles the graph for an accelerator on a machine that has none.

    .venv/bin/python -m scripts.accelerator_graph --target cuda:sm_90 [--precision bfloat16]

MAX compiles for a device that it is told of; nothing is run. What this shows: that each operation
has a kernel for the device, in the precision, and that shapes and types fit. Without ``--model``
it is the embedded checkpoint. Prints the attention that was chosen, and the seconds it took.
"""

from __future__ import annotations

import argparse
import sys
import time

from max.driver import (
    Accelerator,
    Buffer,
    set_virtual_device_api,
    set_virtual_device_count,
    set_virtual_device_target_arch,
)
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.engine.attention_choice import DeviceKind, choose_attention
from distilbert_sentiment_arch.engine.ragged_layers import RaggedEncoderForSequenceClassification
from distilbert_sentiment_arch.families.registry import FAMILIES

PRECISIONS = {"float32": DType.float32, "bfloat16": DType.bfloat16}


def main() -> int:
    """Compiles the graph.

    Returns:
        The exit status: 1 where the graph does not compile, and standard error says why.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", help="default: the embedded checkpoint")
    parser.add_argument("--target", default="cuda:sm_90", help="default: %(default)s")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float32", help="default: %(default)s"
    )
    parser.add_argument("--trace-only", action="store_true", help="do not compile")
    options = parser.parse_args()
    config = find_checkpoint(options.model, FAMILIES).checkpoint.config.encoder
    api, _, architecture = options.target.partition(":")
    try:
        seconds = compile_for(
            config, api, architecture, PRECISIONS[options.precision], trace_only=options.trace_only
        )
    except Exception as error:  # the compiler raises whatever it has
        print(f"{options.target}, {options.precision}: {error}", file=sys.stderr)
        return 1
    print(f"{options.target}, {options.precision}: {seconds:.0f} s")
    return 0


def compile_for(
    config: EncoderConfig, api: str, architecture: str, dtype: DType, *, trace_only: bool = False
) -> float:
    """Compiles the graph of an encoder; from then on this process has virtual devices only.

    Args:
        config: The encoder's configuration.
        api: ``cuda``, ``hip`` or ``metal``.
        architecture: For example ``sm_90``.
        dtype: What to compute in.
        trace_only: Build the graph, and do not compile it.

    Returns:
        Seconds that it took.
    """
    set_virtual_device_api(api)
    set_virtual_device_target_arch(architecture)
    set_virtual_device_count(1)
    start = time.monotonic()
    choice = choose_attention(config, dtype, DeviceKind(api, architecture))
    print(choice, flush=True)
    module = RaggedEncoderForSequenceClassification(
        config, dtype, DeviceRef.GPU(), choice.attention
    )
    weights = {
        name: Buffer(weight.dtype, [int(axis) for axis in weight.shape])
        for name, weight in module.raw_state_dict().items()
    }
    module.load_state_dict(weights)  # their values are of no account
    graph = module.trace(*module.input_types(), name="encoder_classifier")
    if not trace_only:
        InferenceSession(devices=[Accelerator()]).compile(graph)
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
