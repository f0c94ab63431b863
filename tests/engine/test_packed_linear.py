"""Weights of the layers over packed tokens; families/test_graphs.py checks the layers' results."""

from __future__ import annotations

import numpy as np
import pytest
from max.dtype import DType

from distilbert_sentiment_arch.engine.packed_linear import Linear


@pytest.mark.parametrize(
    ("dtype", "read_as"), [(np.float32, DType.float32), (np.float16, DType.float16)]
)
def test_weights_are_read_in_their_dtype(dtype: type[np.floating], read_as: DType) -> None:
    weights = {"head.panels": np.zeros((1, 4, 64), dtype), "head.bias": np.zeros(64, np.float32)}
    assert Linear(weights, "head", 2).panels.dtype == read_as
