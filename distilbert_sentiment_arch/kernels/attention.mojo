"""Attention over packed sequences: one pass a head and sequence, no mask and no padding."""

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


@fieldwise_init
struct Heads(ImplicitlyCopyable):
    """Where queries, keys and values are.

    Attributes:
        queries: `(query tokens, query_stride)`; the heads come first in a row.
        query_starts: Where the queries of each sequence start, and where the last ones end.
        keys: `(tokens, stride)`; so are the values.
        starts: Where the keys of each sequence start, and where the last ones end.
        result: `(query tokens, heads * width)`.
        sequences: Sequences.
        heads: Heads.
        width: Columns of a head.
    """

    var queries: Floats
    var query_stride: Int
    var query_starts: Offsets
    var keys: Floats
    var values: Floats
    var stride: Int
    var starts: Offsets
    var result: Floats
    var sequences: Int
    var heads: Int
    var width: Int

    def items(self) -> Int:
        """Pieces of work: pairs of a sequence and a head."""
        return self.sequences * self.heads

    def longest(self) -> Int:
        """Tokens of the longest sequence."""
        var found = 0
        for sequence in range(self.sequences):
            var start = self.starts[unsafe_offset=sequence]
            found = max(found, Int(self.starts[unsafe_offset=sequence + 1] - start))
        return found

    def scratch_size(self) -> Int:
        """Floats that `attend` needs room for."""
        var length = self.longest()
        var key_panels = ceildiv(length, PANEL)
        var value_panels = ceildiv(self.width, PANEL)
        return (key_panels * self.width + value_panels * length + ROWS * key_panels) * PANEL


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
    var keys_of = all.keys.unsafe_offset(start * all.stride + head * width)
    var values_of = all.values.unsafe_offset(start * all.stride + head * width)

    for token in range(length):
        var key = keys_of.unsafe_offset(token * all.stride)
        for d in range(0, width, LINE):
            fetch(key.unsafe_offset(AHEAD * all.stride + d))
            fetch(values_of.unsafe_offset((token + AHEAD) * all.stride + d))
        var column = transposed.unsafe_offset((token // PANEL) * width * PANEL + token % PANEL)
        for d in range(width):
            column[unsafe_offset=d * PANEL] = key[unsafe_offset=d]
        var value = values_of.unsafe_offset(token * all.stride)
        for panel in range(value_panels):
            var row = values.unsafe_offset((panel * length + token) * PANEL)
            var columns = min(PANEL, width - panel * PANEL)
            for c in range(0, columns, VEC):
                row.unsafe_offset(c).unsafe_store(
                    load_columns(value.unsafe_offset(panel * PANEL + c), columns - c)
                )

    var row = Int(all.query_starts[unsafe_offset=sequence])
    var end = Int(all.query_starts[unsafe_offset=sequence + 1])
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
    var stride = ceildiv(length, PANEL) * PANEL
    var queries = all.queries.unsafe_offset(row * all.query_stride + head * width)
    tiles[rows](queries, all.query_stride, transposed, width, scores, stride, length)
    var temper = 1 / sqrt(Float32(width))
    var scales = SIMD[DType.float32, 8](0)
    comptime for r in range(rows):
        scales[r] = 1 / soften(scores.unsafe_offset(r * stride), length, temper)
    var result = all.result.unsafe_offset(row * all.heads * width + head * width)
    tiles[rows](scores, stride, values, length, result, all.heads * width, width)
    comptime for r in range(rows):
        for c in range(0, width, VEC):
            var place = result.unsafe_offset(r * all.heads * width + c)
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
