"""The safetensors files of a checkpoint: headers, shards and a scan for NaN.

Reads the published layout (https://github.com/huggingface/safetensors#format): eight bytes of
header length, a JSON header, then the tensors. Nothing here trusts the file.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig
from distilbert_sentiment_arch.errors import TensorError
from weight_adapters import distilbert

MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading JSON of another shape than expected may raise."""

_HEADER_LIMIT = 100 * 1024 * 1024  # the format's own limit on the JSON header

# dtype -> (NumPy type of the same width, bits of the exponent: all set means NaN or infinity)
_FLOATS: dict[str, tuple[type[np.unsignedinteger[Any]], int]] = {
    "F64": (np.uint64, 0x7FF0_0000_0000_0000),
    "F32": (np.uint32, 0x7F80_0000),
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
}


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a safetensors file.

    Attributes:
        dtype: As the header spells it, for example ``"F16"``.
        shape: Its axes.
        start: First byte in the file.
        nbytes: Its length.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    nbytes: int


def weight_files(directory: Path) -> tuple[Path, ...]:
    """Returns the safetensors files of a checkpoint: one, or the shards its index names.

    Raises:
        TensorError: There are none, a shard is missing, or the weights are pickled.
    """
    single = directory / "model.safetensors"
    index = directory / "model.safetensors.index.json"
    if single.is_file():
        return (single,)
    if index.is_file():
        return _shards(directory, index)
    pickled = sorted(
        path.name for suffix in ("*.bin", "*.pt", "*.pth") for path in directory.glob(suffix)
    )
    if pickled:
        raise TensorError(
            f"{directory / pickled[0]}: pickled weights can run code when they are read, so they "
            f'are refused. Convert them where you trust them: python -c "from transformers import '
            "AutoModelForSequenceClassification as M; "
            f"M.from_pretrained('{directory}').save_pretrained('{directory}')\""
        )
    raise TensorError(
        f"{directory}: no model.safetensors and no model.safetensors.index.json. A repository that "
        "has pickled weights alone is not served: load it with transformers where you trust it; "
        "save_pretrained() writes safetensors."
    )


def _shards(directory: Path, index: Path) -> tuple[Path, ...]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, *MALFORMED) as error:
        raise TensorError(
            f"{index}: not a safetensors index ({error!r}). Export the checkpoint again."
        ) from None
    for name in names:
        if Path(name).name != name:
            raise TensorError(f"{index}: names {name!r}, which lies outside the checkpoint.")
        if not (directory / name).is_file():
            raise TensorError(
                f"{directory / name}: named by {index.name} and not there. Download it."
            )
    return tuple(directory / name for name in names)


def read_header(path: Path) -> dict[str, TensorEntry]:
    """Reads the names, dtypes, shapes and places of the tensors in one file.

    Raises:
        TensorError: The file is truncated, the header is not what the format says, or a tensor is
            not of a floating dtype.
    """
    try:
        size = path.stat().st_size
        file = path.open("rb")
    except OSError as error:
        raise TensorError(f"{path}: not readable ({error}).") from None
    with file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(_HEADER_LIMIT, size - 8):
            raise _truncated(path, f"its header alone is {length} bytes and the file {size}")
        blob = file.read(length)
    try:
        header = json.loads(blob)
        entries = {
            name: _entry(value, 8 + length)
            for name, value in header.items()
            if name != "__metadata__"
        }
    except MALFORMED as error:
        raise TensorError(f"{path}: not a safetensors file ({error!r}).") from None
    for name, entry in entries.items():
        if entry.start + entry.nbytes > size:
            raise _truncated(
                path, f"tensor '{name}' ends at byte {entry.start + entry.nbytes} of {size}"
            )
        if entry.dtype in _FLOATS:
            width = np.dtype(_FLOATS[entry.dtype][0]).itemsize
            if entry.nbytes != math.prod(entry.shape) * width:
                raise TensorError(
                    f"{path}: tensor '{name}' of shape {list(entry.shape)} and dtype {entry.dtype} "
                    f"takes {entry.nbytes} bytes. Export the checkpoint again."
                )
        elif distilbert.canonical_name(name) is not None:
            raise TensorError(
                f"{path}: tensor '{name}' has dtype {entry.dtype}; supported: "
                f"{', '.join(_FLOATS)}. Save the checkpoint unquantised."
            )
    return entries


def _entry(value: Any, data_start: int) -> TensorEntry:
    start, end = (int(offset) for offset in value["data_offsets"])
    if not 0 <= start <= end:
        raise ValueError(f"data_offsets {start}..{end}")
    return TensorEntry(
        dtype=str(value["dtype"]),
        shape=tuple(int(axis) for axis in value["shape"]),
        start=data_start + start,
        nbytes=end - start,
    )


def _truncated(path: Path, how: str) -> TensorError:
    return TensorError(f"{path}: the file is cut short: {how}. Download it again.")


def check_tensors(files: tuple[Path, ...], config: HFConfig) -> frozenset[str]:
    """Holds the tensors of a checkpoint against its configuration and looks for NaN.

    Reads every byte once (0.1 s for 270 MB from the page cache).

    Returns:
        The dtypes in use, as safetensors spells them.

    Raises:
        TensorError: Damaged, missing, unknown, misshapen, repeated or non-finite tensors.
    """
    headers = {path: read_header(path) for path in files}
    shapes: dict[str, tuple[int, ...]] = {}
    for path, entries in headers.items():
        for name, entry in entries.items():
            if name in shapes:
                raise TensorError(f"{path}: tensor '{name}' stands in two files.")
            shapes[name] = entry.shape
    source = files[0] if len(files) == 1 else files[0].parent
    distilbert.check_shapes(shapes, config, str(source))
    specs = distilbert.tensor_specs(config)
    dtypes: set[str] = set()
    for path, entries in headers.items():
        for name, entry in entries.items():
            canonical = distilbert.canonical_name(name)
            if canonical is None:
                continue
            dtypes.add(entry.dtype)
            if not _is_finite(path, entry):
                raise distilbert.not_finite(str(path), name, specs[canonical].graph_name)
    return frozenset(dtypes)


def _is_finite(path: Path, entry: TensorEntry) -> bool:
    unsigned, exponent = _FLOATS[entry.dtype]
    count = entry.nbytes // np.dtype(unsigned).itemsize
    bits = np.fromfile(path, dtype=unsigned, count=count, offset=entry.start)
    return not bool(((bits & unsigned(exponent)) == exponent).any())
