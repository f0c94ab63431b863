"""The kernels compiled for narrower vectors than this machine's, from the same source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from commands import run
from mojo_programs import IS_X86, build
from scipy.special import softmax

from scripts.oracle import encoder as oracle

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_X86, reason="the targets are x86-64"),
]

ROWS, DEPTH, COLUMNS, LENGTH, DIM, HEADS = 13, 201, 70, 67, 36, 2


def numbers(count: int, seed: int) -> npt.NDArray[np.float64]:
    return np.float32(((np.arange(count) * 37 + seed) % 101 - 50) / 50).astype(np.float64)


def expected_layer() -> npt.NDArray[np.float64]:
    x = numbers(ROWS * DEPTH, 1).reshape(ROWS, DEPTH)
    panels = numbers(2 * DEPTH * 64, 2)
    weight = panels.reshape(2, DEPTH, 64).transpose(1, 0, 2).reshape(DEPTH, 128)[:, :COLUMNS]
    bias = numbers(2 * 64, 3)[:COLUMNS]
    activated = oracle.ACTIVATIONS["gelu"](x @ weight + bias)
    centred = activated - activated.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True))
    result: npt.NDArray[np.float64] = scaled * bias + panels[:COLUMNS]
    return result


def expected_attention() -> npt.NDArray[np.float64]:
    rows = numbers(LENGTH * 3 * DIM, 4).reshape(LENGTH, 3, HEADS, DIM // HEADS)
    query, key, value = rows.transpose(1, 2, 0, 3)  # (heads, tokens, width)
    scores = query @ key.transpose(0, 2, 1) / (DIM // HEADS) ** 0.5
    heads = softmax(scores, axis=-1) @ value
    result: npt.NDArray[np.float64] = heads.transpose(1, 0, 2).reshape(LENGTH, DIM)
    return result


def expected_first(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Attention of the first query above to ``x``, with keys and values computed separately."""
    query = numbers(DIM, 4).reshape(HEADS, DIM // HEADS)
    keys = x @ numbers(DIM * 64, 5).reshape(DIM, 64)[:, :DIM].T
    values = x @ numbers(DIM * 64, 6).reshape(DIM, 64)[:, :DIM] + numbers(64, 7)[:DIM]
    keys, values = (each.reshape(LENGTH, HEADS, DIM // HEADS) for each in (keys, values))
    weights = softmax(np.einsum("hw,thw->ht", query, keys) / (DIM // HEADS) ** 0.5, axis=-1)
    result: npt.NDArray[np.float64] = np.einsum("ht,thw->hw", weights, values).ravel()
    return result


def results(directory: Path, target: str) -> list[str]:
    """Returns what widths.mojo prints, compiled for a processor."""
    program = directory / f"widths-{target}"
    build(Path(__file__).with_name("widths.mojo"), program, "--target-cpu", target)
    return run(program).stdout.split()


def test_results_do_not_depend_on_the_vector_width(tmp_path: Path) -> None:
    narrow, wide = results(tmp_path, "x86-64-v2"), results(tmp_path, "x86-64-v3")
    assert (narrow[0], wide[0]) == ("4", "8")
    assert narrow[1:] == wide[1:]  # printed to the last bit
    found = np.array(narrow[1:], dtype=np.float64)
    layer, attention, first = np.split(found, np.cumsum([ROWS * COLUMNS, LENGTH * DIM]))
    np.testing.assert_allclose(layer, expected_layer().ravel(), atol=1e-4)
    np.testing.assert_allclose(attention, expected_attention().ravel(), atol=1e-5)
    np.testing.assert_allclose(first, expected_first(expected_attention()), atol=1e-5)
