"""Disentangled attention of the first token of each sequence, which computes no token's value.

Scores are those of `Disentangled`; what follows them is `SingleQuery`'s.
"""

from extensibility import InputTensor, OutputTensor
from std.collections import Array
from std.math import ceildiv, sqrt

from .attention import Offsets
from .disentangled import products
from .single_query import SingleQuery
from .tile import LANES, ROWS, Floats, Numbers, floats, load_columns, total


struct DisentangledQuery[
    position_keys: Bool, position_queries: Bool, values_dtype: DType
](ImplicitlyCopyable):
    """Disentangled attention of the first token of each sequence to all of its tokens.

    Parameters:
        position_keys: As for `Disentangled`.
        position_queries: As for `Disentangled`.
        values_dtype: Of the weights of the values.

    Attributes:
        query: Has the queries, and computes what follows the scores; its weights of keys are not
            read.
        keys: The tokens' keys, `(tokens, dim)`.
        keys_behind: Position keys, `(max_position_embeddings, dim)`: row s is of a key that stands s
            behind the first token.
        queries_before: Position queries, of the same shape: row s is of the first token to a key that
            stands s behind it.
    """

    var query: SingleQuery[Self.values_dtype, Self.values_dtype]
    var keys: Floats
    var keys_behind: Floats
    var queries_before: Floats

    def __init__(
        out self,
        query: SingleQuery[Self.values_dtype, Self.values_dtype],
        keys: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        keys_behind: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        queries_before: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
    ):
        self = Self(query, floats(keys), floats(keys_behind), floats(queries_before))

    def __init__(
        out self,
        query: SingleQuery[Self.values_dtype, Self.values_dtype],
        keys: Floats,
        keys_behind: Floats,
        queries_before: Floats,
    ):
        self.query = query
        self.keys = keys
        self.keys_behind = keys_behind
        self.queries_before = queries_before

    def sum_tokens(self, item: Int, scratch: Floats):
        """Computes the softmax weights of a sequence's tokens for some heads, and the weighted sums of x.

        Args:
            item: Which sequence and heads, below `query.sum_items()`.
            scratch: Room for `query.scratch_size()` floats.
        """
        var groups = ceildiv(self.query.heads, ROWS)
        var head = item % groups * ROWS
        comptime for rows in range(1, ROWS + 1):
            if min(ROWS, self.query.heads - head) == rows:
                self.sum_heads[rows](item // groups, head, scratch)

    def sum_heads[rows: Int](self, sequence: Int, head: Int, scores: Floats):
        var dim = self.query.dim
        var head_dim = self.query.head_dim
        var start = Int(self.query.starts[unsafe_offset=sequence])
        var length = Int(self.query.starts[unsafe_offset=sequence + 1]) - start
        var sums = self.query.sums.unsafe_offset((sequence * self.query.heads + head) * dim)
        # What follows divides by the square root of head_dim alone.
        var further = sqrt(1 / Float32(products[Self.position_keys, Self.position_queries]))
        for token in range(length):
            comptime for r in range(rows):
                var place = (head + r) * head_dim
                var own = self.query.queries.unsafe_offset(sequence * dim + place)
                var key = self.keys.unsafe_offset((start + token) * dim + place)
                var key_behind = self.keys_behind.unsafe_offset(token * dim + place)
                var query_before = self.queries_before.unsafe_offset(token * dim + place)
                var dots = Numbers(0)
                for c in range(0, head_dim, LANES):
                    var queries = load_columns[LANES](own.unsafe_offset(c), head_dim - c)
                    var keys = load_columns[LANES](key.unsafe_offset(c), head_dim - c)
                    comptime if Self.position_keys:
                        var position = load_columns[LANES](
                            key_behind.unsafe_offset(c), head_dim - c
                        )
                        dots = queries.fma(position, dots)
                    comptime if Self.position_queries:
                        queries += load_columns[LANES](
                            query_before.unsafe_offset(c), head_dim - c
                        )
                    dots = queries.fma(keys, dots)
                scores[unsafe_offset=r * length + token] = total(dots) * further
        self.query.weigh[rows](start, length, sums, scores)
