"""Self-attention of queries and keys that are rotated by their positions, global or local.

Su et al. 2021 (https://arxiv.org/abs/2104.09864). Column d of a head is rotated with column
`d + head_dim / 2`. Keys are rotated on their way into panels, queries a tile's rows at a time.
"""

from std.math import ceildiv, sqrt

from .attention import (
    CACHE_LINE,
    PREFETCH_DISTANCE,
    Offsets,
    exponentials,
    longest_sequence,
    prefetch_line,
    tiles,
)
from .tile import (
    LANES,
    PANEL,
    ROWS,
    VEC,
    VECS,
    Floats,
    Numbers,
    Vector,
    load_columns,
    product,
    store_columns,
    total,
)

comptime LOCAL_ROWS = 32 * ROWS
"""Fewest rows of a local block whose keys and values are laid out together: with those of a published
model, 64 tokens to both sides, they fill a third of a core's cache."""


struct RotaryAttention(ImplicitlyCopyable):
    """Self-attention of all heads over packed sequences, with rotated queries and keys.

    Attributes:
        qkv: `(tokens, 3 * heads * head_dim)`: a token's queries of all heads, its keys, its values.
        starts: Where each sequence starts, and where the last one ends.
        positions: `(positions, head_dim)`: cosines, and sines in the second half.
        result: `(tokens, heads * head_dim)`.
        sequences: Number of sequences.
        heads: Number of heads.
        head_dim: Columns of a head, an even number.
        distance: How far away the tokens are at most that a token reads.
    """

    var qkv: Floats
    var starts: Offsets
    var positions: Floats
    var result: Floats
    var sequences: Int
    var heads: Int
    var head_dim: Int
    var distance: Int

    def __init__(
        out self,
        qkv: Floats,
        starts: Offsets,
        positions: Floats,
        result: Floats,
        sequences: Int,
        heads: Int,
        head_dim: Int,
        distance: Int,
    ):
        self.qkv = qkv
        self.starts = starts
        self.positions = positions
        self.result = result
        self.sequences = sequences
        self.heads = heads
        self.head_dim = head_dim
        self.distance = distance

    def items(self) -> Int:
        """Returns the pieces of work: pairs of a sequence and a head."""
        return self.sequences * self.heads

    def rows_at_once(self, length: Int) -> Int:
        """Returns how many rows of a sequence share keys and values that are laid out together.

        All of them where each token reads each; else few enough that their keys stay in the cache,
        and so many that most keys are laid out twice at most. A multiple of a tile's rows.
        """
        if self.distance >= length:
            return max(1, length)
        return max(LOCAL_ROWS, ceildiv(self.distance, ROWS) * ROWS)

    def most_keys(self, length: Int) -> Int:
        """Returns how many keys are laid out together at most."""
        if self.distance >= length:
            return length
        return min(length, self.rows_at_once(length) + 2 * self.distance)

    def scratch_size(self) -> Int:
        """Returns the floats that `attend` needs room for."""
        # Not that of the longest sequence alone: one that is shorter may be laid out at once.
        var keys = 0
        for sequence in range(self.sequences):
            keys = max(keys, self.most_keys(self.length(sequence)))
        var key_panels = ceildiv(keys, PANEL)
        var value_panels = ceildiv(self.head_dim, PANEL)
        return (
            key_panels * self.head_dim + value_panels * keys + ROWS * key_panels
        ) * PANEL + ROWS * self.head_dim

    def length(self, sequence: Int) -> Int:
        """Returns the number of tokens of a sequence."""
        return Int(
            self.starts[unsafe_offset=sequence + 1] - self.starts[unsafe_offset=sequence]
        )

    def attend(self, item: Int, scratch: Floats):
        """Computes one head of one sequence.

        Args:
            item: Which of them, below `items()`.
            scratch: Room for `scratch_size()` floats.
        """
        var sequence = item // self.heads
        var length = self.length(sequence)
        var size = self.rows_at_once(length)
        for first in range(0, length, size):
            var rows = RotaryRows(self, item % self.heads, sequence, first, size, scratch)
            rows.lay_out()
            rows.compute()


struct RotaryRows(ImplicitlyCopyable):
    """Neighbouring rows of one head of one sequence, and the keys and values that they read.

    Tokens are counted from the first one of the sequence, keys from the first one that is read.

    Attributes:
        attention: All heads and sequences.
        head: Which head.
        start: Where the sequence starts.
        first: The first row.
        end: The row after the last one.
        first_key: The first token that a row reads.
        keys: How many tokens the rows read.
        transposed: Rotated keys, `(key_panels, head_dim, PANEL)`.
        values: `(value_panels, keys, PANEL)`.
        scores: `(ROWS, key_panels * PANEL)`.
        queries: Rotated queries of a tile, `(ROWS, head_dim)`.
    """

    var attention: RotaryAttention
    var head: Int
    var start: Int
    var first: Int
    var end: Int
    var first_key: Int
    var keys: Int
    var transposed: Floats
    var values: Floats
    var scores: Floats
    var queries: Floats

    def __init__(
        out self,
        attention: RotaryAttention,
        head: Int,
        sequence: Int,
        first: Int,
        rows: Int,
        scratch: Floats,
    ):
        var length = attention.length(sequence)
        var head_dim = attention.head_dim
        self.attention = attention
        self.head = head
        self.start = Int(attention.starts[unsafe_offset=sequence])
        self.first = first
        self.end = min(first + rows, length)
        self.first_key = max(0, first - attention.distance)
        self.keys = min(length, self.end + attention.distance) - self.first_key
        var key_panels = ceildiv(self.keys, PANEL)
        var value_panels = ceildiv(head_dim, PANEL)
        self.transposed = scratch
        self.values = self.transposed.unsafe_offset(key_panels * head_dim * PANEL)
        self.scores = self.values.unsafe_offset(value_panels * self.keys * PANEL)
        self.queries = self.scores.unsafe_offset(ROWS * key_panels * PANEL)

    def lay_out(self):
        """Copies keys, rotated, and values into panels."""
        var head_dim = self.attention.head_dim
        var dim = self.attention.heads * head_dim
        var row = (self.start + self.first_key) * 3 * dim + dim + self.head * head_dim
        for key in range(self.keys):
            var source = self.attention.qkv.unsafe_offset(row + key * 3 * dim)
            for d in range(0, head_dim, CACHE_LINE):
                prefetch_line(source.unsafe_offset(PREFETCH_DISTANCE * 3 * dim + d))
                prefetch_line(source.unsafe_offset(PREFETCH_DISTANCE * 3 * dim + dim + d))
            var column = self.transposed.unsafe_offset(
                (key // PANEL) * head_dim * PANEL + key % PANEL
            )
            self.rotate[PANEL](source, self.first_key + key, column)
            var value = source.unsafe_offset(dim)
            for c in range(0, head_dim, VEC):
                var place = ((c // PANEL) * self.keys + key) * PANEL + c % PANEL
                self.values.unsafe_offset(place).unsafe_store(
                    load_columns(value.unsafe_offset(c), head_dim - c)
                )

    @always_inline
    def rotate[step: Int](self, source: Floats, token: Int, target: Floats):
        """Rotates a head of a token; its columns are `step` numbers apart in `target`."""
        var half = self.attention.head_dim // 2
        var cosines = self.attention.positions.unsafe_offset(token * 2 * half)
        for c in range(0, half, VEC):
            var width = half - c
            var left, right = rotated[VEC](source.unsafe_offset(c), cosines.unsafe_offset(c), half, width)
            comptime if step == 1:
                store_columns(target.unsafe_offset(c), left, width)
                store_columns(target.unsafe_offset(half + c), right, width)
            else:
                if width >= VEC:
                    comptime for lane in range(VEC):
                        target[unsafe_offset=(c + lane) * step] = left[lane]
                        target[unsafe_offset=(half + c + lane) * step] = right[lane]
                else:
                    for lane in range(width):
                        target[unsafe_offset=(c + lane) * step] = left[lane]
                        target[unsafe_offset=(half + c + lane) * step] = right[lane]

    def compute(self):
        """Computes the rows."""
        var row = self.first
        while row + ROWS <= self.end:
            self.tile[ROWS](row)
            row += ROWS
        comptime for rows in range(1, ROWS):
            if self.end - row == rows:
                self.tile[rows](row)

    def tile[rows: Int](self, row: Int):
        """Computes some rows from `row` on.

        Of the columns that any of them reads, a row's weights of those that it does not are 0. Softmax
        divides by its sum last, after the product with the values, where there is less to divide.
        """
        var head_dim = self.attention.head_dim
        var distance = self.attention.distance
        var dim = self.attention.heads * head_dim
        var stride = ceildiv(self.keys, PANEL) * PANEL
        var left = max(0, row - distance - self.first_key)
        var right = min(self.keys, row + rows + distance - self.first_key)
        var column = left // VEC * VEC
        var scores = self.scores.unsafe_offset(left - column)
        self.multiply[rows](row, column, right, stride)
        var scale = 1 / sqrt(Float32(head_dim))
        var inverse_sums = SIMD[DType.float32, 8](0)
        comptime for r in range(rows):
            var weights = scores.unsafe_offset(r * stride)
            var first = max(0, row + r - distance - self.first_key - left)
            var end = min(right, row + r + distance + 1 - self.first_key) - left
            inverse_sums[r] = 1 / exponentials(weights.unsafe_offset(first), end - first, scale)
            for c in range(first):
                weights[unsafe_offset=c] = 0
            for c in range(end, right - left):
                weights[unsafe_offset=c] = 0
        var result = self.attention.result.unsafe_offset(
            (self.start + row) * dim + self.head * head_dim
        )
        for c in range(0, head_dim, PANEL):
            var values = self.values.unsafe_offset(c * self.keys + left * PANEL)
            var width = min(PANEL, head_dim - c)
            tiles[rows](
                scores, stride, values, right - left, result.unsafe_offset(c), dim, width
            )
        comptime for r in range(rows):
            for c in range(0, head_dim, VEC):
                var place = result.unsafe_offset(r * dim + c)
                store_columns(
                    place, load_columns(place, head_dim - c) * inverse_sums[r], head_dim - c
                )

    @always_inline
    def multiply[rows: Int](self, row: Int, first: Int, end: Int, stride: Int):
        """Computes the scores of the keys from `first` on, a multiple of a vector's columns."""
        var head_dim = self.attention.head_dim
        var dim = self.attention.heads * head_dim
        comptime for r in range(rows):
            var source = (self.start + row + r) * 3 * dim + self.head * head_dim
            self.rotate[1](
                self.attention.qkv.unsafe_offset(source),
                row + r,
                self.queries.unsafe_offset(r * head_dim),
            )
        var column = first
        while column < end:
            var panel = self.transposed.unsafe_offset(
                (column // PANEL) * head_dim * PANEL + column % PANEL
            )
            var vectors = min(VECS, (PANEL - column % PANEL) // VEC, ceildiv(end - column, VEC))
            comptime for vecs in range(1, VECS + 1):
                if vectors == vecs:
                    var sums = product[rows, vecs](self.queries, head_dim, panel, head_dim)
                    comptime for r in range(rows):
                        var scores = self.scores.unsafe_offset(r * stride + column - first)
                        comptime for v in range(vecs):
                            scores.unsafe_offset(v * VEC).unsafe_store(sums[r * vecs + v])
            column += vectors * VEC


@always_inline
def rotated[
    width: Int
](source: Floats, cosines: Floats, half: Int, columns: Int) -> Tuple[
    SIMD[DType.float32, width], SIMD[DType.float32, width]
]:
    """Returns columns of a head and those `half` columns behind them, rotated.

    Args:
        source: The first of them.
        cosines: Theirs; the sines are `half` numbers behind them.
        half: Half the columns of a head.
        columns: How many are left of the first half; the others become 0.
    """
    var left = load_columns[width](source, columns)
    var right = load_columns[width](source.unsafe_offset(half), columns)
    var cosine = load_columns[width](cosines, columns)
    var sine = load_columns[width](cosines.unsafe_offset(half), columns)
    return (left.fma(cosine, -(right * sine)), right.fma(cosine, left * sine))
