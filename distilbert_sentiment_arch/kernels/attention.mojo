"""Attention over packed sequences: one pass a head and sequence, no mask and no padding."""

from extensibility import InputTensor, OutputTensor
from std.math import ceildiv, exp, sqrt
from std.sys.intrinsics import PrefetchOptions, prefetch

from .tile import (
    COLUMNS,
    PANEL,
    ROWS,
    VEC,
    VECS,
    Floats,
    Vector,
    floats,
    load_columns,
    product,
    store_columns,
)

comptime AHEAD = 16
"""How many tokens before its turn one is fetched: its neighbours are a row of the projection apart,
which is farther than hardware looks ahead."""
comptime LINE = 16
"""Floats of a cache line."""
comptime fetch = prefetch[PrefetchOptions().for_read().high_locality()]

comptime Offsets = Pointer[Int64, MutUntrackedOrigin]


struct Heads(ImplicitlyCopyable):
    """Where queries, keys and values are.

    Attributes:
        rows: `(tokens, 3 * heads * width)`: a token's queries of all heads, its keys, its values.
        starts: Where each sequence starts, and where the last one ends.
        result: `(tokens, heads * width)`.
        sequences: Sequences.
        heads: Heads.
        width: Columns of a head.
    """

    var rows: Floats
    var starts: Offsets
    var result: Floats
    var sequences: Int
    var heads: Int
    var width: Int

    def __init__(
        out self,
        rows: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        heads: Int,
    ):
        self = Self(
            floats(Int(rows.unsafe_ptr())),
            Offsets(unsafe_from_address=Int(starts.unsafe_ptr())),
            floats(Int(result.unsafe_ptr())),
            starts.dim_size(0) - 1,
            heads,
            result.dim_size(1) // heads,
        )

    def __init__(
        out self,
        rows: Floats,
        starts: Offsets,
        result: Floats,
        sequences: Int,
        heads: Int,
        width: Int,
    ):
        self.rows = rows
        self.starts = starts
        self.result = result
        self.sequences = sequences
        self.heads = heads
        self.width = width

    def items(self) -> Int:
        """Pieces of work: pairs of a sequence and a head."""
        return self.sequences * self.heads

    def scratch_size(self) -> Int:
        """Floats that `attend` needs room for."""
        var length = longest(self.starts, self.sequences)
        var key_panels = ceildiv(length, PANEL)
        var value_panels = ceildiv(self.width, PANEL)
        return (key_panels * self.width + value_panels * length + ROWS * key_panels) * PANEL


def longest(starts: Offsets, sequences: Int) -> Int:
    """Returns the tokens of the longest sequence."""
    var found = 0
    for sequence in range(sequences):
        var length = starts[unsafe_offset=sequence + 1] - starts[unsafe_offset=sequence]
        found = max(found, Int(length))
    return found


def attend(all: Heads, item: Int, scratch: Floats):
    """Computes one head of one sequence.

    Args:
        all: All heads and sequences.
        item: Which of them, below `all.items()`.
        scratch: Room for `all.scratch_size()` floats.
    """
    var sequence = item // all.heads
    var head = item % all.heads
    var width = all.width
    var start = Int(all.starts[unsafe_offset=sequence])
    var length = Int(all.starts[unsafe_offset=sequence + 1]) - start
    var key_panels = ceildiv(length, PANEL)
    var value_panels = ceildiv(width, PANEL)
    var transposed = scratch  # keys, (key_panels, width, PANEL)
    var values = transposed.unsafe_offset(key_panels * width * PANEL)  # (value_panels, length, PANEL)
    var scores = values.unsafe_offset(value_panels * length * PANEL)  # (ROWS, key_panels * PANEL)
    var dim = all.heads * width
    var stride = 3 * dim
    var keys = all.rows.unsafe_offset(start * stride + dim + head * width)
    var values_of = keys.unsafe_offset(dim)

    for token in range(length):
        var key = keys.unsafe_offset(token * stride)
        for d in range(0, width, LINE):
            fetch(key.unsafe_offset(AHEAD * stride + d))
            fetch(values_of.unsafe_offset((token + AHEAD) * stride + d))
        var column = transposed.unsafe_offset((token // PANEL) * width * PANEL + token % PANEL)
        for d in range(width):
            column[unsafe_offset=d * PANEL] = key[unsafe_offset=d]
        var value = values_of.unsafe_offset(token * stride)
        for panel in range(value_panels):
            var row = values.unsafe_offset((panel * length + token) * PANEL)
            var columns = min(PANEL, width - panel * PANEL)
            for c in range(0, columns, VEC):
                row.unsafe_offset(c).unsafe_store(
                    load_columns(value.unsafe_offset(panel * PANEL + c), columns - c)
                )

    var row = start
    var end = start + length
    while row + ROWS <= end:
        attend_rows[ROWS](all, head, row, length, transposed, values, scores)
        row += ROWS
    comptime for rows in range(1, ROWS):
        if end - row == rows:
            attend_rows[rows](all, head, row, length, transposed, values, scores)


def attend_rows[
    rows: Int
](
    all: Heads,
    head: Int,
    row: Int,
    length: Int,
    transposed: Floats,
    values: Floats,
    scores: Floats,
):
    """Computes the answer to some queries, given the keys and values of their sequence as panels."""
    var width = all.width
    var dim = all.heads * width
    var stride = ceildiv(length, PANEL) * PANEL
    var queries = all.rows.unsafe_offset(row * 3 * dim + head * width)
    tiles[rows](queries, 3 * dim, transposed, width, scores, stride, length)
    var temper = 1 / sqrt(Float32(width))
    var scales = SIMD[DType.float32, 8](0)
    comptime for r in range(rows):
        scales[r] = 1 / soften(scores.unsafe_offset(r * stride), length, temper)
    var result = all.result.unsafe_offset(row * dim + head * width)
    tiles[rows](scores, stride, values, length, result, dim, width)
    comptime for r in range(rows):
        for c in range(0, width, VEC):
            var place = result.unsafe_offset(r * dim + c)
            store_columns(place, load_columns(place, width - c) * scales[r], width - c)


@always_inline
def tiles[
    rows: Int
](
    x: Floats, x_stride: Int, panels: Floats, depth: Int, result: Floats, stride: Int, columns: Int
):
    """Computes `x @ panels`, all columns of it."""
    for column in range(0, columns, COLUMNS):
        var panel = panels.unsafe_offset((column // PANEL) * depth * PANEL + column % PANEL)
        var vectors = min(VECS, ceildiv(columns - column, VEC))
        comptime for vecs in range(1, VECS + 1):
            if vectors == vecs:
                var sums = product[rows, vecs](x, x_stride, panel, depth)
                comptime for r in range(rows):
                    comptime for v in range(vecs):
                        store_columns(
                            result.unsafe_offset(r * stride + column + v * VEC),
                            sums[r * vecs + v],
                            columns - column - v * VEC,
                        )


@always_inline
def soften(scores: Floats, length: Int, temper: Float32) -> Float32:
    """Turns a row of scores into weights that are not normalised yet, and returns their sum.

    The scores are multiplied by `temper` first.
    """
    var highest = Vector(Float32.MIN_FINITE)
    var whole = length // VEC * VEC
    for c in range(0, whole, VEC):
        highest = max(highest, scores.unsafe_offset(c).unsafe_load[width=VEC]())
    var top = highest.reduce_max()
    for c in range(whole, length):
        top = max(top, scores[unsafe_offset=c])
    var total = Vector(0)
    for c in range(0, whole, VEC):
        var weights = exp((scores.unsafe_offset(c).unsafe_load[width=VEC]() - top) * temper)
        scores.unsafe_offset(c).unsafe_store(weights)
        total += weights
    var sum = total.reduce_add()
    for c in range(whole, length):
        var weight = exp((scores[unsafe_offset=c] - top) * temper)
        scores[unsafe_offset=c] = weight
        sum += weight
    return sum
