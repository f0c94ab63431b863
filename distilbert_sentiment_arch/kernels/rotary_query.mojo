"""Attention of one query per sequence to keys that are rotated by their positions.

Keys are computed for each token: the product of a query with a key depends on the distance of the
two. Values are not, see `SingleQuery`.
"""

from std.math import ceildiv

from .rotary import rotated
from .single_query import SingleQuery
from .tile import LANES, ROWS, Floats, Numbers, load_columns, total


struct RotaryQuery[values_dtype: DType](ImplicitlyCopyable):
    """Attention of the first token of each sequence, which no position rotates, to the tokens near it.

    Attributes:
        query: Queries, values and results; its keys are not read.
        keys: `(tokens, dim)`, the heads side by side.
        positions: `(positions, head_dim)`: cosines, and sines in the second half.
        distance: How far away the tokens are at most that are read.
    """

    var query: SingleQuery[Self.values_dtype, Self.values_dtype]
    var keys: Floats
    var positions: Floats
    var distance: Int

    def __init__(
        out self,
        query: SingleQuery[Self.values_dtype, Self.values_dtype],
        keys: Floats,
        positions: Floats,
        distance: Int,
    ):
        self.query = query
        self.keys = keys
        self.positions = positions
        self.distance = distance

    def sum_tokens(self, item: Int, scratch: Floats):
        """Computes the softmax weights of a sequence's tokens for some heads, and the weighted sums of x.

        Args:
            item: Which of `SingleQuery.sum_items()`.
            scratch: Room for `SingleQuery.scratch_size()` floats.
        """
        var groups = ceildiv(self.query.heads, ROWS)
        var head = item % groups * ROWS
        comptime for rows in range(1, ROWS + 1):
            if min(ROWS, self.query.heads - head) == rows:
                self.sum_heads[rows](item // groups, head, scratch)

    def sum_heads[rows: Int](self, sequence: Int, head: Int, scores: Floats):
        """Does so for some heads."""
        var head_dim = self.query.head_dim
        var dim = self.query.dim
        var start = Int(self.query.starts[unsafe_offset=sequence])
        var length = Int(self.query.starts[unsafe_offset=sequence + 1]) - start
        length = min(length, self.distance + 1)
        var queries = self.query.queries.unsafe_offset(sequence * dim + head * head_dim)
        for token in range(length):
            var keys = self.keys.unsafe_offset((start + token) * dim + head * head_dim)
            var cosines = self.positions.unsafe_offset(token * head_dim)
            comptime for r in range(rows):
                scores[unsafe_offset=r * length + token] = self.score(
                    queries.unsafe_offset(r * head_dim), keys.unsafe_offset(r * head_dim), cosines
                )
        var sums = self.query.sums.unsafe_offset((sequence * self.query.heads + head) * dim)
        self.query.weigh[rows](start, length, sums, scores)

    @always_inline
    def score(self, query: Floats, key: Floats, cosines: Floats) -> Float32:
        """Returns the product of a query with a key, which is rotated first."""
        var half = self.query.head_dim // 2
        var sums = Numbers(0)
        for c in range(0, half, LANES):
            var columns = half - c
            var left, right = rotated[LANES](
                key.unsafe_offset(c), cosines.unsafe_offset(c), half, columns
            )
            sums = left.fma(load_columns[LANES](query.unsafe_offset(c), columns), sums)
            sums = right.fma(load_columns[LANES](query.unsafe_offset(half + c), columns), sums)
        return total(sums)
