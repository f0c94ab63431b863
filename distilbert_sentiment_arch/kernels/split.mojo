"""Rows of float32 numbers, each split into two bfloat16 numbers whose sum it nearly is.

A product of two numbers is then that of their high parts, and both products of a high and a low part:
what is left out is below `2**-16` of it. Numbers are split in pairs that stand 16 columns apart, in
`engine/panels.py` (`split_panels`) and here alike, because AMX takes pairs and vectors have 16 lanes.
"""

from std.memory import bitcast

from .float_bits import Bits, is_nan
from .tile import LANES, Floats

comptime STEP = 2 * LANES
"""Columns that are multiplied at once."""
comptime BLOCK_ROWS = 16
"""Rows of a block, as many as a register of AMX has."""
comptime PLANE = BLOCK_ROWS * 64
"""Bytes of the high parts, or of the low ones, of `STEP` columns of a block of rows."""
comptime UPPER = Bits(0xFFFF0000)
"""The half of a float32 number's bits that a bfloat16 number has."""
comptime NAN = Bits(0x7FC00000)
comptime HALF = Bits(0x8000)
"""Half of the last place of a bfloat16 number, where it is the upper half of a float32 number."""


@always_inline
def split_rows(x: Floats, stride: Int, rows: Int, columns: Int, target: Int):
    """Splits some columns of up to 16 rows.

    Args:
        x: The first number.
        stride: Numbers from one row to the next.
        rows: How many rows; the target's others keep what they hold.
        columns: A multiple of `STEP`.
        target: Address of `(columns / STEP, 2, 16, 64 bytes)`: high parts, then low parts.
    """
    for row in range(rows):
        var numbers = x.unsafe_offset(row * stride)
        var place = target + row * 64
        for c in range(0, columns, STEP):
            var left = bitcast[DType.uint32, LANES](
                numbers.unsafe_offset(c).unsafe_load[width=LANES]()
            )
            var right = bitcast[DType.uint32, LANES](
                numbers.unsafe_offset(c + LANES).unsafe_load[width=LANES]()
            )
            var high_left = (left + HALF) & UPPER
            var high_right = (right + HALF) & UPPER
            store_pairs(place, high_left, high_right)
            store_pairs(
                place + PLANE, rounded_rest(left, high_left), rounded_rest(right, high_right)
            )
            place += 2 * PLANE


@always_inline
def rounded_rest(number: Bits, high: Bits) -> Bits:
    """Returns what the high part leaves of a number; the upper halves of its bits count."""
    var rest = bitcast[DType.float32, LANES](number) - bitcast[DType.float32, LANES](high)
    var bits = bitcast[DType.uint32, LANES](rest)
    # Rounding could make a number of NaN's bits.
    return is_nan(bits).select(NAN, bits + HALF)


@always_inline
def store_pairs(address: Int, left: Bits, right: Bits):
    """Stores the upper halves of the bits of two vectors, side by side."""
    Pointer[UInt32, MutUntrackedOrigin](unsafe_from_address=address).unsafe_store(
        (left >> Bits(16)) | (right & UPPER)
    )
