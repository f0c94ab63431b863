"""Values of the tensors in a safetensors file, read one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.files import open_regular, read_exactly
from distilbert_sentiment_arch.errors import TensorError


@dataclass(frozen=True)
class DtypeAndShape:
    """What is known of a tensor without its values.

    Attributes:
        dtype: Spelled as in safetensors, for example ``"F16"``.
        shape: Sizes of its axes.
    """

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class TensorEntry(DtypeAndShape):
    """One tensor of a safetensors file.

    Attributes:
        start: Offset of its first byte in the file.
        nbytes: Its size in bytes.
    """

    start: int
    nbytes: int


_PLAIN = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def read_floats(path: Path, entry: TensorEntry) -> npt.NDArray[np.float32]:
    """Returns the values of a tensor of a floating dtype, in float32.

    Raises:
        TensorError: The file is shorter than its header says.
    """
    with open_regular(path, TensorError) as (file, size):
        file.seek(entry.start)
        content = read_exactly(file, entry.nbytes)
    if len(content) != entry.nbytes:
        raise TensorError(
            f"{path}: the file is cut short: a tensor ends beyond byte {size}. Download it again."
        )
    if entry.dtype == "BF16":  # the upper half of a float32
        values = (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        with np.errstate(over="ignore"):  # infinity is found by whoever reads it
            values = np.frombuffer(content, _PLAIN[entry.dtype]).astype(np.float32)
    return values.reshape(entry.shape)
