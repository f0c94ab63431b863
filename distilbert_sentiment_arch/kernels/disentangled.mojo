"""Disentangled attention (He et al. 2020, https://arxiv.org/abs/2006.03654) over packed sequences.

A score is the sum of three products: of a query and a key; of the query and a position key, made of
the embedding of their distance; and of the key and a position query, likewise. What is made of
embeddings does not depend on the tokens, so it is packed with the weights, a column for each distance.

Products of a query with all position keys are its scores, shifted by its own place, so they are added
to its row. Products of a key with all position queries are a column of scores: they are computed as
rows, for some keys at a time, and transposed while they are added.
"""

from extensibility import InputTensor
from std.collections import Array
from std.math import ceildiv, sqrt

from .attention import Attention, lay_out, longest_sequence, tiles, weigh_values
from .tile import (
    PANEL,
    ROWS,
    VEC,
    VECS,
    Floats,
    Vector,
    floats,
    product,
    whole_panels,
)

comptime QUERIES = 144
"""Queries whose scores are computed before their softmax: whole tiles and whole vectors of them. With
512 keys, scores and panels then take 640 KB, which a core has for itself."""
comptime KEYS = 48
"""Keys whose products with position queries are transposed at once: whole tiles and vectors, too."""
comptime MARGIN = 32
"""Numbers before and behind a row, which its first and last vector may reach into."""
comptime KEY_STRIDE = QUERIES + 2 * MARGIN

comptime products[position_keys: Bool, position_queries: Bool] = (
    1 + Int(position_keys) + Int(position_queries)
)
"""How many products a score is the sum of."""


struct Disentangled[position_keys: Bool, position_queries: Bool](ImplicitlyCopyable):
    """Disentangled self-attention of all heads over packed sequences.

    Parameters:
        position_keys: Whether queries meet position keys; where not, `keys` is not read.
        position_queries: Whether keys meet position queries; where not, `queries` is not read.

    Attributes:
        attention: Queries, keys, values and the result.
        keys: Position keys, for each head as panels `(panels, head_dim, PANEL)`. Column
            `middle + s` is of a key that stands s behind its query.
        queries: Position queries, likewise. Column `middle + s` is of a query that stands s behind
            its key.
        panels: Of a head.
        middle: The column of the distance 0.
    """

    var attention: Attention
    var keys: Floats
    var queries: Floats
    var panels: Int
    var middle: Int

    def __init__(
        out self,
        attention: Attention,
        keys: InputTensor[dtype=DType.float32, rank=3, static_spec=_],
        queries: InputTensor[dtype=DType.float32, rank=3, static_spec=_],
    ):
        var panels = keys.dim_size(0) // attention.heads
        self = Self(attention, floats(keys), floats(queries), panels)

    def __init__(out self, attention: Attention, keys: Floats, queries: Floats, panels: Int):
        self.attention = attention
        self.keys = keys
        self.queries = queries
        self.panels = panels
        self.middle = panels * PANEL // 2

    def scratch_size(self) -> Int:
        """Returns the floats that `attend` needs room for."""
        var length = longest_sequence(self.attention.starts, self.attention.sequences)
        var head_dim = self.attention.head_dim
        var panels = whole_panels(length) * head_dim + length * whole_panels(head_dim)
        return panels + score_rows(length) * score_stride(length) + KEYS * KEY_STRIDE

    def attend(self, item: Int, scratch: Floats):
        """Computes one head of one sequence.

        Args:
            item: Which of them, below `attention.items()`.
            scratch: Room for `scratch_size()` floats.
        """
        var attention = self.attention
        var head = item % attention.heads
        var head_dim = attention.head_dim
        var start = Int(attention.starts[unsafe_offset=item // attention.heads])
        var length = Int(attention.starts[unsafe_offset=item // attention.heads + 1]) - start
        var transposed = scratch
        var values = transposed.unsafe_offset(whole_panels(length) * head_dim)
        var room = values.unsafe_offset(length * whole_panels(head_dim))
        var stride = score_stride(length)
        var key_room = room.unsafe_offset(score_rows(length) * stride)
        var scores = room.unsafe_offset(MARGIN)
        comptime terms = products[Self.position_keys, Self.position_queries]
        var scale = 1 / sqrt(Float32(terms * head_dim))
        lay_out(attention, head, start, length, transposed, values)

        for first in range(0, length, QUERIES):
            var count = min(QUERIES, length - first)

            def score[rows: Int](row: Int) {imm}:
                self.score_rows[rows](
                    head, start, first + row, length, transposed, scores.unsafe_offset(row * stride)
                )

            def weigh[rows: Int](row: Int) {imm}:
                weigh_values[rows](
                    attention,
                    head,
                    start + first + row,
                    length,
                    values,
                    scores.unsafe_offset(row * stride),
                    stride,
                    scale,
                )

            in_tiles(count, score)
            comptime if Self.position_queries:
                for key in range(0, length, KEYS):
                    self.add_keys(head, start, first, count, key, length, scores, key_room)
            in_tiles(count, weigh)

    def score_rows[
        rows: Int
    ](
        self,
        head: Int,
        start: Int,
        row: Int,
        length: Int,
        transposed: Floats,
        scores: Floats,
    ):
        """Computes the products of some queries with all keys and with their position keys."""
        var head_dim = self.attention.head_dim
        var dim = self.attention.heads * head_dim
        var stride = score_stride(length)
        var x = self.attention.qkv.unsafe_offset((start + row) * 3 * dim + head * head_dim)
        tiles[rows](x, 3 * dim, transposed, head_dim, scores, stride, length)
        comptime if Self.position_keys:
            shifted_products[rows, True](
                x,
                3 * dim,
                self.keys.unsafe_offset(head * self.panels * PANEL * head_dim),
                head_dim,
                self.middle - row,
                length,
                scores,
                stride,
            )

    def add_keys(
        self,
        head: Int,
        start: Int,
        first: Int,
        count: Int,
        key: Int,
        length: Int,
        scores: Floats,
        room: Floats,
    ):
        """Adds the products of up to `KEYS` keys, from `key` on, with their position queries.

        Args:
            head: The head.
            start: The sequence's first token.
            first: The first of the queries whose scores these are.
            count: Number of these queries.
            key: The first of the keys.
            length: The sequence's tokens.
            scores: `(count, score_stride(length))`.
            room: For the products, `(KEYS, KEY_STRIDE)`.
        """
        var head_dim = self.attention.head_dim
        var dim = self.attention.heads * head_dim
        var panels = self.queries.unsafe_offset(head * self.panels * PANEL * head_dim)
        var keys = self.attention.qkv.unsafe_offset((start + key) * 3 * dim + dim + head * head_dim)
        var found = room.unsafe_offset(MARGIN)
        var key_count = min(KEYS, length - key)

        def multiply[rows: Int](row: Int) {imm}:
            shifted_products[rows, False](
                keys.unsafe_offset(row * 3 * dim),
                3 * dim,
                panels,
                head_dim,
                self.middle + first - key - row,
                count,
                found.unsafe_offset(row * KEY_STRIDE),
                KEY_STRIDE,
            )

        in_tiles(key_count, multiply)
        var stride = score_stride(length)
        for i in range(0, count, VEC):
            for j in range(0, key_count, VEC):
                add_transposed(
                    found.unsafe_offset(j * KEY_STRIDE + i),
                    scores.unsafe_offset(i * stride + key + j),
                    stride,
                )


def score_rows(length: Int) -> Int:
    """Returns the rows of scores that there has to be room for: whole vectors of them."""
    return min(QUERIES, ceildiv(length, VEC) * VEC)


def score_stride(length: Int) -> Int:
    """Returns how many numbers apart rows of scores are."""
    return whole_panels(length) + 2 * MARGIN


@always_inline
def in_tiles[Compute: def[rows: Int](Int) -> None](count: Int, compute: Compute):
    """Computes rows in tiles.

    Args:
        count: Number of rows.
        compute: Computes `rows` of them from a row on.
    """
    var row = 0
    while row + ROWS <= count:
        compute[ROWS](row)
        row += ROWS
    comptime for rows in range(1, ROWS):
        if count - row == rows:
            compute[rows](row)


@always_inline
def shifted_products[
    rows: Int, adds: Bool
](
    x: Floats,
    x_stride: Int,
    panels: Floats,
    depth: Int,
    column: Int,
    columns: Int,
    result: Floats,
    stride: Int,
):
    """Computes `columns` columns of `x @ panels`, from a column on that is one less in each next row.

    Numbers before and behind a row of the result, fewer than `MARGIN`, are written, too.

    Parameters:
        rows: Rows of x.
        adds: The products are added to the result.

    Args:
        x: `(rows, depth)`.
        x_stride: How many numbers apart its rows are.
        panels: `(panels, depth, PANEL)`.
        depth: Numbers in a product.
        column: The first column of the first row.
        columns: Number of columns.
        result: `(rows, columns)`.
        stride: How many numbers apart its rows are.
    """
    var place = (column - rows + 1) // VEC * VEC
    while place < column + columns:
        var panel = panels.unsafe_offset((place // PANEL) * depth * PANEL + place % PANEL)
        var vectors = min((PANEL - place % PANEL) // VEC, ceildiv(column + columns - place, VEC))
        vectors = min(VECS, vectors)
        var target = result.unsafe_offset(place - column)
        comptime for vecs in range(1, VECS + 1):
            if vectors == vecs:
                var sums = product[rows, vecs](x, x_stride, panel, depth)
                comptime for r in range(rows):
                    comptime for v in range(vecs):
                        var numbers = target.unsafe_offset(r * (stride + 1) + v * VEC)
                        var sum = sums[r * vecs + v]
                        comptime if adds:
                            sum += numbers.unsafe_load[width=VEC]()
                        numbers.unsafe_store(sum)
        place += vectors * VEC


@always_inline
def add_transposed(source: Floats, target: Floats, stride: Int):
    """Adds the transpose of a square of `VEC` rows, `KEY_STRIDE` numbers apart, to another.

    Interleaving row r with row r + VEC / 2, for all of the first half, transposes in as many steps as
    a row can be halved.

    Args:
        source: The first square.
        target: The other one.
        stride: How many numbers apart the rows of the other one are.
    """
    comptime half = VEC // 2
    var rows = Array[Vector, VEC](fill=Vector(0))
    comptime for r in range(VEC):
        rows[r] = source.unsafe_offset(r * KEY_STRIDE).unsafe_load[width=VEC]()
    comptime for step in range(STEPS):
        var halves = rows.copy()
        comptime for r in range(half):
            var both = halves[r].interleave(halves[r + half])
            rows[2 * r] = both.slice[VEC]()
            rows[2 * r + 1] = both.slice[VEC, offset=VEC]()
    comptime for r in range(VEC):
        var numbers = target.unsafe_offset(r * stride)
        numbers.unsafe_store(numbers.unsafe_load[width=VEC]() + rows[r])


comptime STEPS = 4 if VEC == 16 else (3 if VEC == 8 else 2)
"""How often a vector can be halved."""
