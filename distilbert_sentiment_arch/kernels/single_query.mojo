"""Attention of one query per sequence, which computes no token's key or value.

With the weight matrices K of the keys and V of the values, a score is `query . (K x) = (query K) . x`
and the result is `sum(weight * (V x)) = V sum(weight * x)`: two products per sequence take the place
of two per token. The bias of the keys adds the same number to all scores of a head, which softmax
does not change by; that of the values is added once, since the weights sum up to 1.
"""

from extensibility import InputTensor, OutputTensor
from std.collections import Array
from std.math import ceildiv, sqrt

from .attention import DistanceBiases, Offsets, exponentials, longest_sequence, offsets
from .tile import (
    LANES,
    PANEL,
    ROWS,
    VEC,
    VECS,
    Floats,
    Numbers,
    Vector,
    floats,
    load_columns,
    product,
    store_columns,
    total,
)

comptime CHUNK_NUMBERS = 96 * 384
"""Most numbers of x in a piece of work, which then takes about 40 microseconds: the core that is done
first waits for one piece at most."""


struct Chunks(ImplicitlyCopyable):
    """Rows in chunks of equal size, a multiple of a tile's rows.

    Equal, because a core would wait for the others after a chunk that is nearly empty. Pieces of work
    are numbered panel by panel: those of the first panel's chunks come first.

    Attributes:
        rows: All rows.
        count: Number of chunks.
        size: Rows of a chunk.
    """

    var rows: Int
    var count: Int
    var size: Int

    def __init__(out self, rows: Int, depth: Int):
        var most = max(2 * ROWS, CHUNK_NUMBERS // depth // ROWS * ROWS)
        self.rows = rows
        self.count = max(1, ceildiv(rows, most))
        self.size = ceildiv(ceildiv(rows, self.count), ROWS) * ROWS

    def start(self, item: Int) -> Int:
        """Returns the first row of a piece of work."""
        return item % self.count * self.size

    def end(self, item: Int) -> Int:
        """Returns the row after its last one."""
        return min(self.rows, self.start(item) + self.size)


struct SingleQuery[keys_dtype: DType, values_dtype: DType](ImplicitlyCopyable):
    """Attention of the first token of each sequence to all of its tokens.

    Attributes:
        queries: `(batch, dim)`, the heads side by side.
        x: `(tokens, dim)`, the hidden states that attention reads.
        starts: Where each sequence starts, and where the last one ends.
        keys: Weights of the keys, transposed, as panels `(ceil(dim / 64), dim, 64)`.
        values: Weights of the values, as panels of the same shape.
        bias: Of the values, as long as all panels are wide.
        sums: `(batch, heads, dim)`: each head's query times the weights of its keys, later its
            weighted sum of x.
        result: `(batch, dim)`.
        batch: Number of sequences.
        heads: Number of heads.
        dim: Columns of x.
        head_dim: Columns of a head.
        biases: What is added to the scores.
        chunks: The sequences, in pieces of work.
    """

    var queries: Floats
    var x: Floats
    var starts: Offsets
    var keys: Pointer[Scalar[Self.keys_dtype], MutUntrackedOrigin]
    var values: Pointer[Scalar[Self.values_dtype], MutUntrackedOrigin]
    var bias: Floats
    var sums: Floats
    var result: Floats
    var batch: Int
    var heads: Int
    var dim: Int
    var head_dim: Int
    var biases: DistanceBiases
    var chunks: Chunks

    def __init__(
        out self,
        queries: Floats,
        x: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        keys: InputTensor[dtype=Self.keys_dtype, rank=3, static_spec=_],
        values: InputTensor[dtype=Self.values_dtype, rank=3, static_spec=_],
        bias: Floats,
        sums: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        heads: Int,
        biases: DistanceBiases = DistanceBiases(),
    ):
        self = Self(
            queries,
            floats(x),
            offsets(starts),
            Int(keys.unsafe_ptr()),
            Int(values.unsafe_ptr()),
            bias,
            floats(sums),
            floats(result),
            result.dim_size(0),
            heads,
            result.dim_size(1),
            biases,
        )

    def __init__(
        out self,
        queries: Floats,
        x: Floats,
        starts: Offsets,
        keys: Int,
        values: Int,
        bias: Floats,
        sums: Floats,
        result: Floats,
        batch: Int,
        heads: Int,
        dim: Int,
        biases: DistanceBiases = DistanceBiases(),
    ):
        """Args `keys` and `values` are addresses."""
        self.queries = queries
        self.x = x
        self.starts = starts
        self.keys = Pointer[Scalar[Self.keys_dtype], MutUntrackedOrigin](unsafe_from_address=keys)
        self.values = Pointer[Scalar[Self.values_dtype], MutUntrackedOrigin](
            unsafe_from_address=values
        )
        self.bias = bias
        self.sums = sums
        self.result = result
        self.batch = batch
        self.heads = heads
        self.dim = dim
        self.head_dim = dim // heads
        self.biases = biases
        self.chunks = Chunks(batch, dim)

    def cost(self) -> Int:
        """Returns the multiplications."""
        var tokens = Int(self.starts[unsafe_offset=self.batch])
        return 2 * self.dim * (self.batch * self.dim + tokens * self.heads)

    def panel_items(self) -> Int:
        """Returns the pieces of `fold_queries` and of `project_sums`: pairs of a panel and a chunk of
        sequences."""
        return ceildiv(self.dim, PANEL) * self.chunks.count

    def sum_items(self) -> Int:
        """Returns the pieces of `sum_tokens`: pairs of a sequence and as many heads as a tile has rows.
        """
        return self.batch * ceildiv(self.heads, ROWS)

    def scratch_size(self) -> Int:
        """Returns the floats that `sum_tokens` needs room for."""
        return ROWS * longest_sequence(self.starts, self.batch)

    def fold_queries(self, item: Int):
        """Multiplies each head's query by the weights of its keys, for one piece of the columns."""
        var panel = item // self.chunks.count
        var end = self.chunks.end(item)
        for head in range(self.heads):
            var row = self.chunks.start(item)
            while row + ROWS <= end:
                self.fold_rows[ROWS](panel, head, row)
                row += ROWS
            comptime for rows in range(1, ROWS):
                if end - row == rows:
                    self.fold_rows[rows](panel, head, row)

    @always_inline
    def fold_rows[rows: Int](self, panel: Int, head: Int, row: Int):
        var depth = self.head_dim
        var weights = self.keys.unsafe_offset((panel * self.dim + head * depth) * PANEL)
        var queries = self.queries.unsafe_offset(row * self.dim + head * depth)
        for start in range(0, min(PANEL, self.dim - panel * PANEL), VEC * VECS):
            var sums = product[rows, VECS](queries, self.dim, weights.unsafe_offset(start), depth)
            comptime for r in range(rows):
                var result = self.sums.unsafe_offset(((row + r) * self.heads + head) * self.dim)
                comptime for v in range(VECS):
                    var column = panel * PANEL + start + v * VEC
                    if column < self.dim:
                        store_columns(
                            result.unsafe_offset(column), sums[r * VECS + v], self.dim - column
                        )

    def sum_tokens(self, item: Int, scratch: Floats):
        """Computes the softmax weights of a sequence's tokens for some heads, and the weighted sums of x.

        Args:
            item: Which sequence and heads.
            scratch: Room for `scratch_size()` floats.
        """
        var groups = ceildiv(self.heads, ROWS)
        var head = item % groups * ROWS
        comptime for rows in range(1, ROWS + 1):
            if min(ROWS, self.heads - head) == rows:
                self.sum_heads[rows](item // groups, head, scratch)

    def sum_heads[rows: Int](self, sequence: Int, head: Int, scores: Floats):
        var dim = self.dim
        var start = Int(self.starts[unsafe_offset=sequence])
        var length = Int(self.starts[unsafe_offset=sequence + 1]) - start
        var x = self.x.unsafe_offset(start * dim)
        var sums = self.sums.unsafe_offset((sequence * self.heads + head) * dim)
        for token in range(length):
            var dots = Array[Numbers, rows](fill=Numbers(0))
            for c in range(0, dim, LANES):
                var columns = load_columns[LANES](x.unsafe_offset(token * dim + c), dim - c)
                comptime for r in range(rows):
                    dots[r] = columns.fma(
                        load_columns[LANES](sums.unsafe_offset(r * dim + c), dim - c), dots[r]
                    )
            comptime for r in range(rows):
                scores[unsafe_offset=r * length + token] = total(dots[r])
        comptime for r in range(rows):
            self.biases.add(head + r, 0, scores.unsafe_offset(r * length), length)
        self.weigh[rows](start, length, sums, scores)

    @always_inline
    def weigh[rows: Int](self, start: Int, length: Int, sums: Floats, scores: Floats):
        """Computes the weighted sums of x, given the scores of a sequence's first tokens for some heads.

        Args:
            start: The sequence's first token.
            length: How many tokens there are scores of.
            sums: Where they go, `(rows, dim)`.
            scores: `(rows, length)`; become the softmax weights, not yet divided by their sum.
        """
        var dim = self.dim
        var x = self.x.unsafe_offset(start * dim)
        var scale = 1 / sqrt(Float32(self.head_dim))
        var inverse_sums = Array[Float32, rows](fill=0)
        comptime for r in range(rows):
            inverse_sums[r] = 1 / exponentials(scores.unsafe_offset(r * length), length, scale)
        for c in range(0, dim, VEC):
            var weighted = Array[Vector, rows](fill=Vector(0))
            for token in range(length):
                var columns = load_columns(x.unsafe_offset(token * dim + c), dim - c)
                comptime for r in range(rows):
                    var weight = Vector(scores[unsafe_offset=r * length + token])
                    weighted[r] = weight.fma(columns, weighted[r])
            comptime for r in range(rows):
                store_columns(sums.unsafe_offset(r * dim + c), weighted[r] * inverse_sums[r], dim - c)

    def project_sums(self, item: Int):
        """Multiplies each head's weighted sum of x by the weights of its values, for one panel."""
        var panel = item // self.chunks.count
        var first = panel * PANEL
        var end = min(first + PANEL, self.dim)
        for head in range(first // self.head_dim, ceildiv(end, self.head_dim)):
            var left = max(first, head * self.head_dim) - first
            var right = min(end, (head + 1) * self.head_dim) - first
            for column in range(left // VEC * VEC, right, VEC * VECS):
                comptime for vecs in range(1, VECS + 1):
                    if min(VECS, ceildiv(right - column, VEC)) == vecs:
                        self.project_columns[vecs](item, head, column, left, right)

    def project_columns[vecs: Int](self, item: Int, head: Int, column: Int, left: Int, right: Int):
        """Computes some vectors of a panel from `column` on; the head has the columns from `left` to `right`.
        """
        var end = self.chunks.end(item)
        var row = self.chunks.start(item)
        while row + ROWS <= end:
            self.project_tile[ROWS, vecs](item, head, row, column, left, right)
            row += ROWS
        comptime for rows in range(1, ROWS):
            if end - row == rows:
                self.project_tile[rows, vecs](item, head, row, column, left, right)

    @always_inline
    def project_tile[
        rows: Int, vecs: Int
    ](self, item: Int, head: Int, row: Int, column: Int, left: Int, right: Int):
        var panel = item // self.chunks.count
        var sums = product[rows, vecs](
            self.sums.unsafe_offset((row * self.heads + head) * self.dim),
            self.heads * self.dim,
            self.values.unsafe_offset(panel * self.dim * PANEL + column),
            self.dim,
        )
        comptime for r in range(rows):
            var place = self.result.unsafe_offset((row + r) * self.dim + panel * PANEL)
            comptime for v in range(vecs):
                var first = column + v * VEC
                var value = (
                    sums[r * vecs + v]
                    + self.bias.unsafe_offset(panel * PANEL + first).unsafe_load[width=VEC]()
                )
                if first >= left:
                    store_columns(place.unsafe_offset(first), value, right - first)
                else:
                    for c in range(left, min(right, first + VEC)):
                        place[unsafe_offset=c] = value[c - first]
