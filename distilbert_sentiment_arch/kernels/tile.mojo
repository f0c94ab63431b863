"""Products of a few rows with a panel of weights, held in registers.

A panel is 64 neighbouring columns of a matrix, stored row by row: `(depth, 64)`. Its layout is the
same on every machine; how much of it a tile covers depends on the width of the machine's vectors.
"""

from extensibility import InputTensor, OutputTensor
from std.collections import Array
from std.math import ceildiv
from std.sys import simd_width_of

comptime VEC = simd_width_of[DType.float32]()
comptime Vector = SIMD[DType.float32, VEC]
comptime LANES = 16
"""Numbers that are added up side by side where one number comes of a row: as many on every processor,
so that it does not depend on the width of vectors."""
comptime Numbers = SIMD[DType.float32, LANES]
comptime Floats = Pointer[Float32, MutUntrackedOrigin]

comptime PANEL = 64
"""Columns of a panel."""
comptime ROWS = 6
"""Most rows of a tile."""
comptime VECS = 2 if VEC == 8 else 4
"""Most vectors in a row of a tile: 6 rows of them leave registers for the operands, with 16 registers
of 8 floats (AVX2) as with 32 registers of 16 or 4 floats (AVX-512, NEON)."""
comptime COLUMNS = VEC * VECS
"""Columns of a tile."""

comptime Tile[rows: Int, vecs: Int] = Array[Vector, rows * vecs]


@always_inline
def product[
    rows: Int, vecs: Int, dtype: DType
](
    x: Floats, stride: Int, panel: Pointer[Scalar[dtype], MutUntrackedOrigin], depth: Int
) -> Tile[rows, vecs]:
    """Returns `x @ panel` for `rows` rows of x, `stride` numbers apart, and `vecs` vectors of columns."""
    var sums = Tile[rows, vecs](fill=Vector(0))
    for k in range(depth):
        var columns = Array[Vector, vecs](fill=Vector(0))
        comptime for v in range(vecs):
            columns[v] = (
                panel.unsafe_offset(k * PANEL + v * VEC)
                .unsafe_load[width=VEC]()
                .cast[DType.float32]()
            )
        comptime for r in range(rows):
            var value = Vector(x.unsafe_offset(r * stride + k).unsafe_load())
            comptime for v in range(vecs):
                sums[r * vecs + v] = value.fma(columns[v], sums[r * vecs + v])
    return sums^


def floats(address: Int) -> Floats:
    """Returns an address as a pointer to float32 numbers."""
    return Floats(unsafe_from_address=address)


def floats[rank: Int](tensor: InputTensor[dtype=DType.float32, rank=rank, static_spec=_]) -> Floats:
    """Returns a pointer to the numbers of a tensor."""
    return floats(Int(tensor.unsafe_ptr()))


def floats[
    rank: Int
](tensor: OutputTensor[dtype=DType.float32, rank=rank, static_spec=_]) -> Floats:
    """Returns a pointer to the numbers of a tensor."""
    return floats(Int(tensor.unsafe_ptr()))


def whole_panels(columns: Int) -> Int:
    """Returns the columns of as many panels as hold these columns."""
    return ceildiv(columns, PANEL) * PANEL


@always_inline
def load_columns[
    dtype: DType, //, width: Int = VEC
](source: Pointer[Scalar[dtype], MutUntrackedOrigin], columns: Int) -> SIMD[DType.float32, width]:
    """Loads the first columns of a vector; the others are 0."""
    if columns >= width:
        return source.unsafe_load[width=width]().cast[DType.float32]()
    var vector = SIMD[DType.float32, width](0)
    for c in range(columns):
        vector[c] = source.unsafe_offset(c).unsafe_load().cast[DType.float32]()
    return vector


@always_inline
def store_columns(target: Floats, vector: SIMD[DType.float32, _], columns: Int):
    """Stores the first columns of a vector."""
    if columns >= vector.length:
        target.unsafe_store(vector)
    else:
        for c in range(columns):
            target.unsafe_offset(c).unsafe_store(vector[c])


@always_inline
def total(numbers: Numbers) -> Float32:
    """Returns the sum of all lanes, added in one order on every processor: halves, then their halves."""
    var eight = numbers.slice[8]() + numbers.slice[8, offset=8]()
    var four = eight.slice[4]() + eight.slice[4, offset=4]()
    var two = four.slice[2]() + four.slice[2, offset=2]()
    return two[0] + two[1]
