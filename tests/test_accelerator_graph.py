"""The graph for accelerators, built for devices that are not here; nothing is compiled or run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from commands import run_python

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("target", "precision", "said"),
    [
        ("cuda:sm_90", "bfloat16", "ragged attention, and no padding elsewhere: MAX has one for"),
        ("cuda:sm_90", "float32", "MAX's ragged attention rounds float32 to TF32"),
    ],
)
def test_it_is_built_for_a_device_that_is_not_here(
    checkpoint: Callable[..., Path], target: str, precision: str, said: str
) -> None:
    directory = checkpoint(dim=128, hidden_dim=128, n_heads=2, n_layers=1)
    ended = run_python(
        *("-m", "scripts.accelerator_graph", "--model", directory),
        *("--target", target, "--precision", precision, "--trace-only"),
    )
    assert ended.returncode == 0, ended.stderr
    assert said in ended.stdout
