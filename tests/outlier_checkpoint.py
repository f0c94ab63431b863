"""A checkpoint that is the embedded one in float32, and another in int8."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts.checkpoints import save_safetensors

OUTLIER = np.float32(2.0**9)
"""A power of two, so that nearly all weights stay what they are."""


def write_outlier_checkpoint(directory: Path) -> Path:
    """Writes the embedded checkpoint with a channel of each attention's values made large.

    The layer behind takes the factor back. In int8 a token's numbers share one scale, in which all
    but the large one become 0.
    """
    directory.mkdir(parents=True)
    for path in DEFAULT_DIRECTORY.iterdir():
        if path.suffix == ".json":
            shutil.copyfile(path, directory / path.name)
    tensors = {
        name: tensor.astype(np.float32)
        for name, tensor in load_file(DEFAULT_DIRECTORY / "model.safetensors").items()
    }
    for name, tensor in tensors.items():
        if ".v_lin." in name:
            tensor[0] *= OUTLIER
        elif name.endswith(".out_lin.weight"):
            tensor[:, 0] /= OUTLIER
    # In the embedded one's dtype, so that its compiled graph is taken from the cache.
    save_safetensors(directory / "model.safetensors", tensors, "F16")
    return directory
