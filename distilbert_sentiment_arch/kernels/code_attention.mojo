"""Self-attention of one head in bfloat16: both of its products are linear layers over codes."""

from std.math import ceildiv, sqrt
from std.memory import bitcast

from .attention import Attention, exponential, highest_score, longest_sequence
from .code_linear import PANEL_ROW, SUMS_SIZE, WORD, CodeLinear
from .codes import ALIGNMENT, SPARE_ROWS, Codes, row_bytes, to_bfloat16
from .tile import (
    LANES,
    PANEL,
    Floats,
    Numbers,
    floats,
    load_columns,
    store_columns,
    total,
    whole_panels,
)

comptime ROWS = 32
"""Queries that are computed at once."""
comptime BF16 = DType.bfloat16


def code_attention_scratch(attention: Attention) -> Int:
    """Returns the floats that `attend_in_bfloat16` needs room for."""
    var length = longest_sequence(attention.starts, attention.sequences)
    return HeadRoom(floats(0), length, attention.head_dim).size


struct HeadRoom(ImplicitlyCopyable):
    """The memory for one head of one sequence.

    Attributes:
        sums: Room for the matrix unit.
        zeros: Biases.
        keys: Address of the keys as panels: a column a token.
        values: Address of the values as panels: a row a pair of tokens.
        queries: Codes of some queries.
        scores: Of these, `(ROWS, length)`.
        weights: Codes of the exponentials of these.
        mixed: Sums of values, `(ROWS, head_dim)`.
        size: Floats in all of it.
    """

    var sums: Floats
    var zeros: Floats
    var keys: Int
    var values: Int
    var queries: Codes[BF16]
    var scores: Floats
    var weights: Codes[BF16]
    var mixed: Floats
    var size: Int

    def __init__(out self, scratch: Floats, length: Int, head_dim: Int):
        var used = 0

        def take(count: Int) {mut used, imm scratch} -> Floats:
            var place = scratch.unsafe_offset(used)
            used += whole_panels(count)
            return place

        var key_bytes = row_bytes[BF16](head_dim)
        var value_bytes = row_bytes[BF16](length)
        self.sums = take(SUMS_SIZE)
        self.zeros = take(2 * whole_panels(max(length, head_dim)))
        self.keys = Int(take(whole_panels(length) * key_bytes // 4))
        self.values = Int(take(whole_panels(head_dim) * value_bytes // 4))
        var queries = take((ROWS + SPARE_ROWS) * key_bytes // 4)
        self.queries = Codes[BF16](Int(queries), self.zeros, head_dim)
        self.scores = take(ROWS * length)
        var weights = take((ROWS + SPARE_ROWS) * value_bytes // 4)
        self.weights = Codes[BF16](Int(weights), self.zeros, length)
        self.mixed = take(ROWS * head_dim)
        self.size = used


def attend_in_bfloat16[amx: Bool](attention: Attention, item: Int, scratch: Floats):
    """Computes one head of one sequence.

    Queries, keys, values and the exponentials of the scores are rounded to bfloat16; sums, softmax
    and its divisor are in float32.

    Parameters:
        amx: Compute with the matrix unit; the caller has begun its use.

    Args:
        attention: All heads and sequences.
        item: Which of them, below `attention.items()`.
        scratch: Room for `code_attention_scratch(attention)` floats, aligned to a cache line.
    """
    var sequence = item // attention.heads
    var head = item % attention.heads
    var head_dim = attention.head_dim
    var start = Int(attention.starts[unsafe_offset=sequence])
    var length = Int(attention.starts[unsafe_offset=sequence + 1]) - start
    var dim = attention.heads * head_dim
    var stride = 3 * dim
    var room = HeadRoom(scratch, length, head_dim)
    var queries = attention.qkv.unsafe_offset(start * stride + head * head_dim)
    for c in range(0, 2 * whole_panels(max(length, head_dim)), LANES):
        room.zeros.unsafe_offset(c).unsafe_store(Numbers(0))
    pack_keys(queries.unsafe_offset(dim), stride, length, head_dim, room.keys)
    pack_values(queries.unsafe_offset(2 * dim), stride, length, head_dim, room.values)
    var scoring = CodeLinear[BF16](room.keys, room.zeros, room.queries.stride, length)
    var mixing = CodeLinear[BF16](room.values, room.zeros, room.weights.stride, head_dim)
    # One vector of zeros is all that a layer reads for bfloat16, wherever it expects biases.
    scoring.bias = room.zeros
    mixing.bias = room.zeros
    var scale = 1 / sqrt(Float32(head_dim))
    for first in range(0, length, ROWS):
        var rows = min(ROWS, length - first)
        for r in range(rows):
            room.queries.encode(r, queries.unsafe_offset((first + r) * stride))
        for panel in range(scoring.panel_count()):
            scoring.compute[amx, "none"](
                room.queries, panel, 0, rows, room.scores, room.scores, room.sums
            )
        var inverse_sums = SIMD[DType.float32, ROWS](0)
        for r in range(rows):
            var scores = room.scores.unsafe_offset(r * length)
            inverse_sums[r] = 1 / exponential_codes(scores, length, scale, room.weights.row(r))
        for panel in range(mixing.panel_count()):
            mixing.compute[amx, "none"](
                room.weights, panel, 0, rows, room.mixed, room.mixed, room.sums
            )
        for r in range(rows):
            var result = attention.result.unsafe_offset((start + first + r) * dim + head * head_dim)
            for c in range(0, head_dim, LANES):
                var mixed = load_columns[LANES](
                    room.mixed.unsafe_offset(r * head_dim + c), head_dim - c
                )
                store_columns(result.unsafe_offset(c), mixed * inverse_sums[r], head_dim - c)


@always_inline
def exponential_codes(scores: Floats, length: Int, scale: Float32, target: Int) -> Float32:
    """Writes `exp((score - highest score) * scale)` in bfloat16, and returns the sum of these."""
    var top = highest_score(scores, length)
    var whole = length // LANES * LANES
    var codes = Pointer[UInt16, MutUntrackedOrigin](unsafe_from_address=target)
    var sums = Numbers(0)
    for c in range(0, whole, LANES):
        var weights = exponential(scores.unsafe_offset(c).unsafe_load[width=LANES](), top, scale)
        codes.unsafe_offset(c).unsafe_store(to_bfloat16(weights))
        sums += weights
    for c in range(whole, row_bytes[BF16](length) // 2, LANES):
        var weights = Numbers(0)
        if c < length:
            weights = exponential(
                load_columns[LANES](scores.unsafe_offset(c), length - c), top, scale
            )
            for lane in range(length - c, LANES):
                weights[lane] = 0
        codes.unsafe_offset(c).unsafe_store(to_bfloat16(weights))
        sums += weights
    return total(sums)


def pack_keys(keys: Floats, stride: Int, length: Int, head_dim: Int, panels: Int):
    """Writes keys as panels: two neighbouring numbers of a token are a word of its column."""
    var depth = row_bytes[BF16](head_dim)
    for token in range(length):
        var key = keys.unsafe_offset(token * stride)
        var column = panels + token // PANEL * depth * PANEL + token % PANEL * WORD
        for first in range(0, depth // 2, LANES):
            var width = head_dim - first
            var words = bitcast[DType.int32, LANES // 2](
                to_bfloat16(load_columns[LANES](key.unsafe_offset(first), width))
            )
            comptime for pair in range(LANES // 2):
                Pointer[Int32, MutUntrackedOrigin](
                    unsafe_from_address=column + (first // 2 + pair) * PANEL_ROW
                ).unsafe_store(words[pair])


def pack_values(values: Floats, stride: Int, length: Int, head_dim: Int, panels: Int):
    """Writes values as panels: the numbers of two neighbouring tokens are a word of a column."""
    var depth = row_bytes[BF16](length)
    for first in range(0, whole_panels(head_dim), LANES):
        var width = head_dim - first
        var column = panels + first // PANEL * depth * PANEL + first % PANEL * WORD
        for token in range(0, depth // 2, 2):
            var words = SIMD[DType.uint32, LANES](0)
            if token < length:
                words = even_bits(values.unsafe_offset(token * stride + first), width)
            if token + 1 < length:
                var odd = even_bits(values.unsafe_offset((token + 1) * stride + first), width)
                words |= odd << SIMD[DType.uint32, LANES](16)
            Pointer[UInt32, MutUntrackedOrigin](
                unsafe_from_address=column + token // 2 * PANEL_ROW
            ).unsafe_store(words)


@always_inline
def even_bits(numbers: Floats, columns: Int) -> SIMD[DType.uint32, LANES]:
    """Returns numbers rounded to bfloat16, in the lower half of each lane; 0 beyond the columns."""
    return to_bfloat16(load_columns[LANES](numbers, columns)).cast[DType.uint32]()
