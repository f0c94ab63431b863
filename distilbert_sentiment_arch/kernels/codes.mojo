"""Rows of numbers as codes: 8-bit integers with a scale a row, or bfloat16 numbers."""

from std.memory import bitcast
from std.utils.numerics import inf, nan

from .dot import OFFSET, Words
from .float_bits import Bits, is_nan
from .tile import LANES, Floats, Numbers, load_columns

comptime ALIGNMENT = 64
"""Bytes of a cache line and of a row of AMX's tiles: rows of codes are a multiple of it long."""
comptime SPARE_ROWS = 32
"""Rows behind the last one that may be read: AMX takes 32 at once."""
comptime HIGHEST = 127
"""Largest integer of a code."""
comptime ROUNDER: Float32 = 12582912.0
"""`1.5 * 2**23`: adding it rounds a number below `2**22` to an integer in the lowest bits, halves to
the even one."""
comptime SMALLEST: Float32 = 1e-30
"""What the largest number of a row counts as where it is smaller."""

comptime code_bytes[dtype: DType] = 1 if dtype == DType.int8 else 2


def row_bytes[dtype: DType](columns: Int) -> Int:
    """Returns the bytes of a row of codes."""
    return (columns * code_bytes[dtype] + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


struct Codes[dtype: DType](ImplicitlyCopyable):
    """Rows as codes.

    int8: with `top` the largest absolute value of a row, its scale is `top / 127` and its integers
    are `x * (127 / top)`, rounded once, halves to even; `OFFSET` is added as they are stored. The
    scale of a row with NaN or infinity is NaN: so are products with it. bfloat16: numbers rounded to
    it, halves to even; there are no scales.

    Both depend on nothing but the row: no bit of an answer depends on what is computed beside it.

    Attributes:
        address: `(rows, row_bytes(columns))`, and `SPARE_ROWS` more; bytes beyond the columns are 0.
        scales: `(rows,)`; not used for bfloat16.
        columns: Numbers in a row.
        stride: Bytes in a row.
    """

    var address: Int
    var scales: Floats
    var columns: Int
    var stride: Int

    def __init__(out self, address: Int, scales: Floats, columns: Int):
        self.address = address
        self.scales = scales
        self.columns = columns
        self.stride = row_bytes[Self.dtype](columns)

    def row(self, index: Int) -> Int:
        """Returns the address of a row."""
        return self.address + index * self.stride

    def after(self, row: Int) -> Self:
        """Returns the rows from one on."""
        return Self(self.row(row), self.scales.unsafe_offset(row), self.columns)

    def size(self, rows: Int) -> Int:
        """Returns the bytes of that many rows and the spare ones."""
        return (rows + SPARE_ROWS) * self.stride

    def encode(self, index: Int, x: Floats):
        """Writes one row.

        Args:
            index: Which row.
            x: Its numbers.
        """
        var target = Pointer[UInt8, MutUntrackedOrigin](unsafe_from_address=self.row(index))
        comptime step = LANES * code_bytes[Self.dtype]
        var written = 0
        comptime if Self.dtype == DType.int8:
            # As integers, the bits of positive numbers are in the order of the numbers; NaN is above.
            var highest = Words(0)
            for c in range(0, self.columns, LANES):
                var bits = bitcast[DType.int32, LANES](
                    load_columns[LANES](x.unsafe_offset(c), self.columns - c)
                )
                highest = max(highest, bits & 0x7FFFFFFF)
            var top = bitcast[DType.float32, 1](highest.reduce_max())
            if top < SMALLEST:
                top = SMALLEST
            elif top == inf[DType.float32]():
                top = nan[DType.float32]()
            self.scales.unsafe_offset(index).unsafe_store(top / Float32(HIGHEST))
            var inverse = Numbers(Float32(HIGHEST) / top)
            for c in range(0, self.columns, LANES):
                var numbers = load_columns[LANES](x.unsafe_offset(c), self.columns - c)
                var codes = bitcast[DType.int32, LANES](
                    numbers.fma(inverse, Numbers(ROUNDER + Float32(OFFSET)))
                ).cast[DType.uint8]()
                target.unsafe_offset(written).unsafe_store(codes)
                written += step
        else:
            for c in range(0, self.columns, LANES):
                var numbers = load_columns[LANES](x.unsafe_offset(c), self.columns - c)
                target.unsafe_offset(written).unsafe_store(
                    bitcast[DType.uint8, step](to_bfloat16(numbers))
                )
                written += step
        while written < self.stride:
            target.unsafe_offset(written).unsafe_store(SIMD[DType.uint8, step](0))
            written += step

    def copy_row(self, index: Int, source: Self, source_index: Int):
        """Copies one row of other codes of the same width."""
        var x = Pointer[UInt8, MutUntrackedOrigin](unsafe_from_address=source.row(source_index))
        var target = Pointer[UInt8, MutUntrackedOrigin](unsafe_from_address=self.row(index))
        for byte in range(0, self.stride, ALIGNMENT):
            target.unsafe_offset(byte).unsafe_store(x.unsafe_offset(byte).unsafe_load[width=ALIGNMENT]())
        comptime if Self.dtype == DType.int8:
            self.scales[unsafe_offset=index] = source.scales[unsafe_offset=source_index]


@always_inline
def to_bfloat16(numbers: Numbers) -> SIMD[DType.uint16, LANES]:
    """Returns the bits of numbers rounded to bfloat16, halves to the even neighbour; NaN stays NaN.

    The standard library's cast takes ten times as long.
    """
    var bits = bitcast[DType.uint32, LANES](numbers)
    var odd = (bits >> Bits(16)) & Bits(1)
    # Rounding could make infinity or a number of NaN's bits: one of its fraction is set instead.
    var rounded = is_nan(bits).select(bits | Bits(0x00400000), bits + Bits(0x7FFF) + odd)
    return (rounded >> Bits(16)).cast[DType.uint16]()
