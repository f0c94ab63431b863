"""Columns of gated layers: results and their gates side by side, in registers and in biases."""

from .tile import VEC, VECS, Floats, Tile

comptime GATE = 8
"""Columns of a gated layer's panels that become results, before as many that are their gates: each tile
has both, whatever the width of vectors."""
comptime GROUPS = 2 if VEC > GATE else 1
"""Groups of results and gates that are computed together: those of two fill a wide vector."""
comptime Gated = SIMD[DType.float32, GROUPS * GATE]
"""Results, or gates, of neighbouring groups."""
comptime _Group = SIMD[DType.float32, GATE]


@always_inline
def gated_columns[
    rows: Int, row: Int, group: Int, offset: Int = 0
](sums: Tile[rows, VECS]) -> Gated:
    """Returns a row's results of a tile from a group on; with `GATE` as offset, their gates."""
    var first = _columns[rows, row, group * 2 * GATE + offset](sums)
    comptime if GROUPS == 1:
        return rebind[Gated](first)
    else:
        return rebind[Gated](first.join(_columns[rows, row, (group + 1) * 2 * GATE + offset](sums)))


@always_inline
def gated_biases(bias: Floats) -> Gated:
    """Returns the biases of results, or of gates, from the first of a group on."""
    var first = bias.unsafe_load[width=GATE]()
    comptime if GROUPS == 1:
        return rebind[Gated](first)
    else:
        return rebind[Gated](first.join(bias.unsafe_offset(2 * GATE).unsafe_load[width=GATE]()))


@always_inline
def _columns[rows: Int, row: Int, column: Int](sums: Tile[rows, VECS]) -> _Group:
    """Returns `GATE` neighbouring columns of a row of a tile."""
    comptime first = row * VECS + column // VEC
    comptime if VEC > GATE:
        return sums[first].slice[GATE, offset=column % VEC]()
    elif VEC == GATE:
        return rebind[_Group](sums[first])
    else:
        return rebind[_Group](sums[first].join(sums[first + 1]))
