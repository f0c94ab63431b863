"""What the arithmetic of an accelerator makes of a checkpoint's logits, computed without one.

    .venv/bin/python -m scripts.accelerator_bounds [--model DIRECTORY|HUB_ID]

NumPy computes the sentences of the self-check with each factor of each product rounded as an
accelerator rounds it, and prints how far the logits are from those of float32, as a share of their
spread (``engine/self_check.py``). Models whose attention NumPy does not compute are refused.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import numpy.typing as npt
from max.dtype import DType
from max.graph.weights import load_weights

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.engine.code_weights import no_codes
from distilbert_sentiment_arch.engine.graph_weights import convert
from distilbert_sentiment_arch.engine.numpy_encoder import Floats, NumpyEncoder, grouped
from distilbert_sentiment_arch.engine.self_check import compare
from distilbert_sentiment_arch.families.registry import FAMILIES

TF32_BITS = 13
"""Of float32's 23 bits behind the point, those that TF32 has not."""


def truncated(matrix: Floats) -> Floats:
    """Returns a matrix in TF32 as a tensor core reads it that ignores the other bits: the worst."""
    bits: npt.NDArray[np.uint32] = np.ascontiguousarray(matrix).view(np.uint32)
    return (bits & np.uint32(0xFFFFFFFF << TF32_BITS & 0xFFFFFFFF)).view(np.float32)


def in_bfloat16(matrix: Floats) -> Floats:
    """Returns a matrix rounded to bfloat16, to the nearest number."""
    bits: npt.NDArray[np.uint32] = np.ascontiguousarray(matrix, np.float32).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (rounded & np.uint32(0xFFFF0000)).view(np.float32)


class Tf32(NumpyEncoder):
    """MAX's own products of float32 on NVIDIA's GPUs."""

    def product(self, left: Floats, right: Floats) -> Floats:
        """Returns the product of both in TF32."""
        return super().product(truncated(left), truncated(right))


class SplitTf32(Tf32):
    """The products of ``engine/float32_products.py`` there."""

    def product(self, left: Floats, right: Floats) -> Floats:
        """Returns three products, each in TF32."""
        high, other_high = in_bfloat16(left), in_bfloat16(right)
        low, other_low = left - high, right - other_high
        multiply = super().product
        return multiply(high, other_high) + (multiply(high, other_low) + multiply(low, other_high))


class Bfloat16(NumpyEncoder):
    """Products of bfloat16, added up in float32 and rounded to bfloat16."""

    def product(self, left: Floats, right: Floats) -> Floats:
        """Returns the product of both in bfloat16."""
        return in_bfloat16(super().product(in_bfloat16(left), in_bfloat16(right)))


ARITHMETICS: dict[str, type[NumpyEncoder]] = {
    "float32 as three products in TF32": SplitTf32,
    "TF32": Tf32,
    "bfloat16": Bfloat16,
}


def main() -> int:
    """Prints a row of a table for each arithmetic.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", help="default: the embedded checkpoint")
    checkpoint = find_checkpoint(parser.parse_args().model, FAMILIES).checkpoint
    config, family = checkpoint.config.encoder, checkpoint.config.family
    refused = no_codes(config)
    if refused:
        print(f"NumPy does not compute this model: {refused}", file=sys.stderr)
        return 1
    state = dict(load_weights(list(checkpoint.weight_files)).items())
    specs = family.tensor_specs(config)
    converted = convert(state, specs, family.architecture, DType.float32, family.dropped)
    weights = {name: np.asarray(np.from_dlpack(data)) for name, data in converted.items()}
    sequences = _tokens(str(checkpoint.directory), config.max_position_embeddings)

    def logits(arithmetic: type[NumpyEncoder]) -> Floats:
        encoder = arithmetic(weights, config)
        return np.concatenate([encoder.logits(group) for group in grouped(sequences)])

    expected = logits(NumpyEncoder)
    spread = float(expected.std(axis=0).mean())
    print("| arithmetic | largest difference | mean difference | labels |\n|---|---|---|---|")
    for name, arithmetic in ARITHMETICS.items():
        computed = logits(arithmetic)
        difference = np.abs(computed - expected) / spread
        figures = compare(expected, computed).figures.partition(" labels")[0]
        print(f"| {name} | {difference.max():.1e} | {difference.mean():.1e} | {figures} |")
    return 0


def _tokens(directory: str, most: int) -> list[TokenSequence]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{directory}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    found = [np.array(tokenizer.encode(each).ids[:most], np.int64) for each in SENTENCES]
    return sorted((single_segment(each) for each in found), key=len)


if __name__ == "__main__":
    sys.exit(main())
