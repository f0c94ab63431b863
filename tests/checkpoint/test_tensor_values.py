"""Values of tensors, as safetensors' own writer stores them and as bits say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from distilbert_sentiment_arch.checkpoint.tensor_values import TensorEntry, read_floats
from distilbert_sentiment_arch.checkpoint.tensors import read_header
from distilbert_sentiment_arch.errors import TensorError


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "model.safetensors"
    generator = np.random.default_rng(0)
    tensors = {"a": generator.standard_normal((3, 5)), "b": generator.standard_normal(7)}
    tensors = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
    save_file(tensors, path)
    for name, entry in read_header(path).items():
        values = read_floats(path, entry)
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, tensors[name].astype(np.float32))


def test_bfloat16_is_the_upper_half_of_a_float(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(np.array([0x3F80, 0xBF80, 0x4049, 0x0000], "<u2").tobytes())
    values = read_floats(path, TensorEntry("BF16", (2, 2), start=0, nbytes=8))
    assert values.tolist() == [[1.0, -1.0], [3.140625, 0.0]]


def test_a_number_too_large_for_float32_is_infinite(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(np.array([1e300]).tobytes())
    assert read_floats(path, TensorEntry("F64", (1,), start=0, nbytes=8)).tolist() == [np.inf]


def test_a_file_that_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(7))
    with pytest.raises(TensorError, match="cut short"):
        read_floats(path, TensorEntry("F32", (2,), start=0, nbytes=8))
