"""Says whether MAX can be imported here, and whether a start would find its graph compiled.

    python -m distilbert_sentiment_arch.families.warmth [CHECKPOINT]

Prints a JSON object a line, as soon as each is known: ``{"imported_s": 3.1}`` once MAX is
imported, then the ``Warmth`` of a checkpoint directory. It is a program of its own because MAX may
fail in more ways than with an exception, and keeps what it takes of memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.child_environment import restore_child_environment


@dataclass(frozen=True)
class Warmth:
    """What a start on the CPU would find.

    Attributes:
        precision: What it computes in.
        reason: Why, in words.
        graph: Name of its graph in the cache; empty where MAX's own operations compute.
        compiled: The graph is in the cache and can be used.
        problem: Why what the cache has cannot be used; empty if nothing is wrong.
        unchecked: The self-check of the precision is not in the cache, and would be computed.
        compiled_for: The processor that the graph was compiled for; empty for this one.
        weights_bytes: Bytes of the weights in the layout of the kernels, tables included; 0 where
            MAX's own operations compute.
    """

    precision: str
    reason: str
    graph: str = ""
    compiled: bool = False
    problem: str = ""
    unchecked: bool = False
    compiled_for: str = ""
    weights_bytes: int = 0


def warmth(directory: Path) -> Warmth:
    """Returns what a start with a checkpoint would find, by the settings of the environment.

    Args:
        directory: The checkpoint's; it can be served.
    """
    import numpy as np
    from max.dtype import DType
    from max.graph.weights import WeightsFormat, load_weights

    from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
    from distilbert_sentiment_arch.compile_cache import read
    from distilbert_sentiment_arch.engine.code_weights import no_codes
    from distilbert_sentiment_arch.engine.compiled_graph import graph_files
    from distilbert_sentiment_arch.engine.graph_weights import bytes_of, is_quantized
    from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
    from distilbert_sentiment_arch.engine.model import KERNELS_SWITCH
    from distilbert_sentiment_arch.engine.packed_weights import pack
    from distilbert_sentiment_arch.engine.precision import (
        Verdict,
        choose,
        read_processor,
        stand_ins,
    )
    from distilbert_sentiment_arch.engine.self_check import KeptVerdicts, digest_of
    from distilbert_sentiment_arch.errors import CacheError
    from distilbert_sentiment_arch.families.registry import FAMILIES, architectures
    from distilbert_sentiment_arch.settings.precision import (
        PRECISIONS,
        Precision,
        requested_precision,
    )

    if os.environ.get(KERNELS_SWITCH) == "off":
        return Warmth("float32", f"{KERNELS_SWITCH} is off")
    found = inspect_checkpoint(directory, FAMILIES)
    encoder = found.config.encoder
    family = found.config.family.architecture
    (architecture,) = (each for each in architectures() if each.name == family)
    tensors = dict(load_weights(list(found.weight_files)).items())
    processor = read_processor()
    lower = [target.units for target in stand_ins()]
    unchecked: list[Precision] = []

    def check(precision: Precision) -> Verdict:
        checkpoint = digest_of(repr(asdict(encoder)), bytes_of(tensors))
        verdict = KeptVerdicts(checkpoint, processor, KERNELS, lower).find(precision)
        if verdict is None:
            unchecked.append(precision)
        return verdict or Verdict(passed=True, figures="not computed yet")

    choice, _ = choose(
        requested_precision(),
        processor,
        check,
        quantized=is_quantized(tensors),
        no_codes=no_codes(encoder),
    )
    (precision,) = (each for each in PRECISIONS if each == choice.precision)
    adapt = architecture.weight_adapters[WeightsFormat.safetensors]
    weights = {
        name: np.asarray(np.from_dlpack(data), np.float32)
        for name, data in adapt(tensors, config=encoder, dtype=DType.float32).items()
    }
    served: Any = architecture.pipeline_model
    packed = pack(weights, encoder, precision)
    names = graph_files(served.packed_graph, encoder, packed, KERNELS, precision)
    compiled, problem = None, ""
    try:
        compiled = next((each for each in names if read(each) is not None), None)
    except (CacheError, OSError) as error:
        problem = str(error)
    return Warmth(
        choice.precision,
        choice.reason,
        compiled or names[0],
        compiled is not None,
        problem,
        precision in unchecked,
        [target.name for target in stand_ins()][names.index(compiled) - 1]
        if compiled in names[1:]
        else "",
        # Blocks that share a layer share its arrays.
        sum({id(each): each.nbytes for each in packed.values()}.values()),
    )


def main(arguments: Sequence[str]) -> int:
    """Prints what is asked for; returns the exit status."""
    start = time.monotonic()
    import max.pipelines  # noqa: F401  builds MAX's extension where it is not built yet

    restore_child_environment()
    _print({"imported_s": round(time.monotonic() - start, 2)})
    if arguments:
        _print(asdict(warmth(Path(arguments[0]))))
    return 0


def _print(content: dict[str, object]) -> None:
    print(json.dumps(content), flush=True)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # MAX's threads may hold up an orderly end
