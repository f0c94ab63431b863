"""Command ``max-sentiment quantize``: a checkpoint quantised ahead, in a directory of its own."""

from __future__ import annotations

from pathlib import Path

from distilbert_sentiment_arch.checkpoint.quantized_checkpoint import write_quantized
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.engine.code_weights import no_codes
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.registry import FAMILIES


def quantize(model: str, revision: str | None, output: str) -> int:
    """Writes a quantised checkpoint and prints its size.

    Args:
        model: A directory or a hub id.
        revision: Revision of a hub id.
        output: The directory to make.

    Returns:
        The exit status, 0.

    Raises:
        CheckpointError: The checkpoint cannot be served, there are no kernels for it in int8, or
            the directory cannot be written.
    """
    found = find_checkpoint(model, FAMILIES, revision)
    reason = no_codes(found.checkpoint.config.encoder)
    if reason:
        raise ConfigError(f"{found.checkpoint.directory}: {reason}. Serve it as it is.")
    sizes = write_quantized(found.checkpoint, Path(output), FAMILIES)
    print(
        f"{output}: {sizes.quantized / 1e6:.1f} MB of weights, "
        f"{sizes.quantized / sizes.float32:.1%} of their size in float32"
    )
    return 0
