"""Self-attention over packed sequences, head by head: without a mask and without padding."""

from extensibility import InputTensor, OutputTensor
from std.math import ceildiv, sqrt
from std.memory import bitcast
from std.sys.intrinsics import PrefetchOptions, prefetch

from .tile import (
    COLUMNS,
    LANES,
    PANEL,
    ROWS,
    VEC,
    VECS,
    Floats,
    Numbers,
    floats,
    load_columns,
    product,
    store_columns,
    total,
)

comptime PREFETCH_DISTANCE = 16
"""How many tokens ahead keys and values are prefetched: a head's keys lie a row of the projection
apart, which is farther than hardware prefetches."""
comptime CACHE_LINE = 16
"""Floats of a cache line."""
comptime prefetch_line = prefetch[PrefetchOptions().for_read().high_locality()]

comptime Offsets = Pointer[Int64, MutUntrackedOrigin]


def offsets(tensor: InputTensor[dtype=DType.int64, rank=1, static_spec=_]) -> Offsets:
    """Returns a pointer to the numbers of a tensor."""
    return Offsets(unsafe_from_address=Int(tensor.unsafe_ptr()))


struct DistanceBiases(ImplicitlyCopyable):
    """Numbers that are added to the scores of a head, by the distance of key and query, or none.

    Attributes:
        address: Of the numbers, `(heads, 2 * reach - 1)`, which softmax's scale is divided out of:
            that of the distance `key - query` is in column `reach - 1 + key - query`. 0: there are
            none.
        reach: One more than the longest distance.
    """

    var address: Int
    var reach: Int

    def __init__(out self):
        self.address = 0
        self.reach = 0

    def __init__(out self, numbers: InputTensor[dtype=DType.float32, rank=2, static_spec=_]):
        self.address = Int(numbers.unsafe_ptr())
        self.reach = (numbers.dim_size(1) + 1) // 2

    @always_inline
    def add(self, head: Int, query: Int, scores: Floats, length: Int):
        """Adds to the scores of a query, which is at position `query` of its sequence."""
        if self.address == 0:
            return
        var row = Floats(unsafe_from_address=self.address).unsafe_offset(
            head * (2 * self.reach - 1) + self.reach - 1 - query
        )
        for c in range(0, length, LANES):
            var place = scores.unsafe_offset(c)
            var left = length - c
            store_columns(
                place,
                load_columns[LANES](place, left) + load_columns[LANES](row.unsafe_offset(c), left),
                left,
            )


struct Attention(ImplicitlyCopyable):
    """Self-attention of all heads over packed sequences.

    Attributes:
        qkv: `(tokens, 3 * heads * head_dim)`: a token's queries of all heads, its keys, its values.
        starts: Where each sequence starts, and where the last one ends.
        result: `(tokens, heads * head_dim)`.
        sequences: Number of sequences.
        heads: Number of heads.
        head_dim: Columns of a head.
        biases: What is added to the scores.
    """

    var qkv: Floats
    var starts: Offsets
    var result: Floats
    var sequences: Int
    var heads: Int
    var head_dim: Int
    var biases: DistanceBiases

    def __init__(
        out self,
        qkv: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        heads: Int,
        biases: DistanceBiases = DistanceBiases(),
    ):
        self = Self(
            floats(qkv),
            offsets(starts),
            floats(result),
            starts.dim_size(0) - 1,
            heads,
            result.dim_size(1) // heads,
            biases,
        )

    def __init__(
        out self,
        qkv: Floats,
        starts: Offsets,
        result: Floats,
        sequences: Int,
        heads: Int,
        head_dim: Int,
        biases: DistanceBiases = DistanceBiases(),
    ):
        self.qkv = qkv
        self.starts = starts
        self.result = result
        self.sequences = sequences
        self.heads = heads
        self.head_dim = head_dim
        self.biases = biases

    def items(self) -> Int:
        """Returns the pieces of work: pairs of a sequence and a head."""
        return self.sequences * self.heads

    def scratch_size(self) -> Int:
        """Returns the floats that `attend` needs room for."""
        var length = longest_sequence(self.starts, self.sequences)
        var key_panels = ceildiv(length, PANEL)
        var value_panels = ceildiv(self.head_dim, PANEL)
        return (key_panels * self.head_dim + value_panels * length + ROWS * key_panels) * PANEL


def longest_sequence(starts: Offsets, sequences: Int) -> Int:
    """Returns the number of tokens of the longest sequence."""
    var longest = 0
    for sequence in range(sequences):
        var length = starts[unsafe_offset=sequence + 1] - starts[unsafe_offset=sequence]
        longest = max(longest, Int(length))
    return longest


def attend(attention: Attention, item: Int, scratch: Floats):
    """Computes one head of one sequence.

    Args:
        attention: All heads and sequences.
        item: Which of them, below `attention.items()`.
        scratch: Room for `attention.scratch_size()` floats.
    """
    var sequence = item // attention.heads
    var head = item % attention.heads
    var head_dim = attention.head_dim
    var start = Int(attention.starts[unsafe_offset=sequence])
    var length = Int(attention.starts[unsafe_offset=sequence + 1]) - start
    var key_panels = ceildiv(length, PANEL)
    var value_panels = ceildiv(head_dim, PANEL)
    var transposed = scratch  # keys, (key_panels, head_dim, PANEL)
    var values = transposed.unsafe_offset(key_panels * head_dim * PANEL)  # (value_panels, length, PANEL)
    var scores = values.unsafe_offset(value_panels * length * PANEL)  # (ROWS, key_panels * PANEL)
    lay_out(attention, head, start, length, transposed, values)

    var row = start
    var end = start + length
    while row + ROWS <= end:
        attend_rows[ROWS](attention, head, row, row - start, length, transposed, values, scores)
        row += ROWS
    comptime for rows in range(1, ROWS):
        if end - row == rows:
            attend_rows[rows](attention, head, row, row - start, length, transposed, values, scores)


def lay_out(
    attention: Attention, head: Int, start: Int, length: Int, transposed: Floats, values: Floats
):
    """Copies a head's keys and values of one sequence into panels.

    Args:
        attention: All heads and sequences.
        head: The head.
        start: The sequence's first token.
        length: Its tokens.
        transposed: Takes the keys, `(ceil(length / PANEL), head_dim, PANEL)`.
        values: Takes the values, `(ceil(head_dim / PANEL), length, PANEL)`.
    """
    var head_dim = attention.head_dim
    var value_panels = ceildiv(head_dim, PANEL)
    var dim = attention.heads * head_dim
    var stride = 3 * dim
    var keys = attention.qkv.unsafe_offset(start * stride + dim + head * head_dim)
    var source_values = keys.unsafe_offset(dim)
    for token in range(length):
        var key = keys.unsafe_offset(token * stride)
        for d in range(0, head_dim, CACHE_LINE):
            prefetch_line(key.unsafe_offset(PREFETCH_DISTANCE * stride + d))
            prefetch_line(source_values.unsafe_offset((token + PREFETCH_DISTANCE) * stride + d))
        var column = transposed.unsafe_offset((token // PANEL) * head_dim * PANEL + token % PANEL)
        for d in range(head_dim):
            column[unsafe_offset=d * PANEL] = key[unsafe_offset=d]
        var value = source_values.unsafe_offset(token * stride)
        for panel in range(value_panels):
            var row = values.unsafe_offset((panel * length + token) * PANEL)
            var columns = min(PANEL, head_dim - panel * PANEL)
            for c in range(0, columns, VEC):
                row.unsafe_offset(c).unsafe_store(
                    load_columns(value.unsafe_offset(panel * PANEL + c), columns - c)
                )


def attend_rows[
    rows: Int
](
    attention: Attention,
    head: Int,
    row: Int,
    position: Int,
    length: Int,
    transposed: Floats,
    values: Floats,
    scores: Floats,
):
    """Computes some rows of a head, given the keys and values of their sequence as panels.

    The first of them is row `row` of all, and at `position` in its sequence.
    """
    var head_dim = attention.head_dim
    var dim = attention.heads * head_dim
    var stride = ceildiv(length, PANEL) * PANEL
    var queries = attention.qkv.unsafe_offset(row * 3 * dim + head * head_dim)
    tiles[rows](queries, 3 * dim, transposed, head_dim, scores, stride, length)
    comptime for r in range(rows):
        attention.biases.add(head, position + r, scores.unsafe_offset(r * stride), length)
    var scale = 1 / sqrt(Float32(head_dim))
    weigh_values[rows](attention, head, row, length, values, scores, stride, scale)


def weigh_values[
    rows: Int
](
    attention: Attention,
    head: Int,
    row: Int,
    length: Int,
    values: Floats,
    scores: Floats,
    stride: Int,
    scale: Float32,
):
    """Computes some rows of a head, given their scores, `stride` numbers apart, without `scale`.

    Softmax divides by its sum last, after the product with the values, where there is less to divide.
    """
    var head_dim = attention.head_dim
    var dim = attention.heads * head_dim
    var inverse_sums = SIMD[DType.float32, 8](0)
    comptime for r in range(rows):
        inverse_sums[r] = 1 / exponentials(scores.unsafe_offset(r * stride), length, scale)
    var result = attention.result.unsafe_offset(row * dim + head * head_dim)
    tiles[rows](scores, stride, values, length, result, dim, head_dim)
    comptime for r in range(rows):
        for c in range(0, head_dim, VEC):
            var place = result.unsafe_offset(r * dim + c)
            store_columns(place, load_columns(place, head_dim - c) * inverse_sums[r], head_dim - c)


@always_inline
def tiles[
    rows: Int
](
    x: Floats, x_stride: Int, panels: Floats, depth: Int, result: Floats, stride: Int, columns: Int
):
    """Computes all columns of `x @ panels`."""
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
def exponentials(scores: Floats, length: Int, scale: Float32) -> Float32:
    """Replaces scores by `exp((score - highest score) * scale)`, and returns the sum of these.

    The quotient of the two is the softmax of `scores * scale`.
    """
    var top = highest_score(scores, length)
    var whole = length // LANES * LANES
    var sums = Numbers(0)
    for c in range(0, whole, LANES):
        var weights = exponential(scores.unsafe_offset(c).unsafe_load[width=LANES](), top, scale)
        scores.unsafe_offset(c).unsafe_store(weights)
        sums += weights
    if whole < length:
        var rest = scores.unsafe_offset(whole)
        var weights = exponential(load_columns[LANES](rest, length - whole), top, scale)
        for lane in range(length - whole, LANES):
            weights[lane] = 0
        store_columns(rest, weights, length - whole)
        sums += weights
    return total(sums)


@always_inline
def highest_score(scores: Floats, length: Int) -> Float32:
    """Returns the highest of some scores."""
    var highest = Numbers(Float32.MIN_FINITE)
    var whole = length // LANES * LANES
    for c in range(0, whole, LANES):
        highest = max(highest, scores.unsafe_offset(c).unsafe_load[width=LANES]())
    var top = highest.reduce_max()
    for c in range(whole, length):
        top = max(top, scores[unsafe_offset=c])
    return top


@always_inline
def exponential(score: Numbers, top: Float32, scale: Float32) -> Numbers:
    """Returns `exp((score - top) * scale)` of scores that are not above `top`; NaN of NaN.

    It is `2**whole * 2**part`, with `part` within 0.5 of 0 and its power a polynomial: the result is
    within 1e-7 of its size where the exponent is small, and 1e-38 where it would be less.
    """
    comptime rounder: Float32 = 12582912.0
    var exponent = (score - top) * (scale * 1.4426950408889634)
    exponent = exponent.lt(Numbers(-126)).select(Numbers(-126), exponent)
    var shifted = exponent + Numbers(rounder)
    var part = exponent - (shifted - Numbers(rounder))
    var power = Numbers(1.5353334e-04)
    power = power.fma(part, Numbers(1.3398870e-03))
    power = power.fma(part, Numbers(9.6184378e-03))
    power = power.fma(part, Numbers(5.5503324e-02))
    power = power.fma(part, Numbers(2.4022648e-01))
    power = power.fma(part, Numbers(6.9314718e-01))
    power = power.fma(part, Numbers(1))
    comptime Bits = SIMD[DType.int32, LANES]
    return bitcast[DType.float32, LANES](
        bitcast[DType.int32, LANES](power) + (bitcast[DType.int32, LANES](shifted) << Bits(23))
    )
