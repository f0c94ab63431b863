"""What the cores share in a pass, beside what the kernels' sources and the sizes of a model say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_up_figures import ENCODER

from distilbert_sentiment_arch.settings.defaults import PACKAGE
from scripts.scaling import structure
from scripts.scaling.structure import PassShape


@pytest.mark.parametrize(
    ("file", "kernel_name", "name"),
    [
        ("tile.mojo", "PANEL", "PANEL"),
        ("tile.mojo", "ROWS", "TILE_ROWS"),
        ("single_query.mojo", "CHUNK_NUMBERS", "CHUNK_NUMBERS"),
        ("bands.mojo", "BAND_NUMBERS", "BAND_NUMBERS"),
        ("bands.mojo", "PIECES_PER_CORE", "PIECES_PER_CORE"),
        ("norm.mojo", "BLOCK", "NORM_ROWS"),
        ("code_blocks.mojo", "LEAST_ROWS_OF_CORE", "LEAST_ROWS_OF_CORE"),
        (
            "code_blocks.mojo",
            "LEAST_ROWS_OF_CORE_BFLOAT16",
            "LEAST_ROWS_OF_CORE_BFLOAT16",
        ),
        ("code_blocks.mojo", "MOST_ROWS_OF_CORE", "MOST_ROWS_OF_CORE"),
        ("code_blocks.mojo", "UNIT", "UNIT"),
        ("code_blocks.mojo", "ROWS_OF_ITEM", "ROWS_OF_ITEM"),
        ("pass_room.mojo", "MOST_ROWS_BY_PANELS", "MOST_ROWS_BY_PANELS"),
    ],
)
def test_sizes_are_those_of_the_kernels(file: str, kernel_name: str, name: str) -> None:
    source = Path(PACKAGE, "kernels", file).read_text()
    (value,) = re.findall(rf"^comptime {kernel_name} = ([\d* ]+)$", source, re.MULTILINE)
    assert eval(value) == getattr(structure, name)


def test_the_work_of_linear_layers_is_all_there() -> None:
    rows, dim, inner = 32 * 128, 384, 1536
    shape = PassShape(ENCODER, "float32", 32, 128)
    block = shape.operations(1)[1]
    linear = rows * dim * (3 * dim + dim + 2 * inner)
    attention = 2 * rows * 128 * dim
    norms = 2 * rows * dim * structure.NORM_COST
    assert sum(phase.work for phase in block) == linear + attention + norms


def test_float32_wakes_the_cores_for_each_block_and_codes_wake_them_once() -> None:
    assert len(PassShape(ENCODER, "float32", 1, 8).operations(2)) == 6
    assert len(PassShape(ENCODER, "int8", 1, 8).operations(2)) == 1


@pytest.mark.parametrize("precision", ["float32", "int8", "bfloat16"])
@pytest.mark.parametrize("cores", [1, 2, 16])
def test_the_work_does_not_depend_on_who_does_it(precision: str, cores: int) -> None:
    def work(number: int) -> int:
        phases = PassShape(ENCODER, precision, 8, 32).operations(number)
        return sum(phase.work for operation in phases for phase in operation)

    # Codes of rows that stay with a core are made inside a piece, and not counted.
    assert work(cores) == pytest.approx(work(1), rel=0.05)


def test_rows_stay_with_a_core_where_there_are_enough_for_all() -> None:
    many, few = (len(PassShape(ENCODER, "int8", 8, 32).operations(cores)[0]) for cores in (2, 32))
    assert many < few / 2
