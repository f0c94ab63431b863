"""The bits of float32 numbers as integers."""

from .tile import LANES

comptime Bits = SIMD[DType.uint32, LANES]
comptime INFINITY = Bits(0x7F800000)
comptime ALL_BUT_SIGN = Bits(0x7FFFFFFF)


@always_inline
def is_nan(bits: Bits) -> SIMD[DType.bool, LANES]:
    """Tells which numbers are NaN; a comparison with itself is not false of every NaN in Mojo."""
    return (bits & ALL_BUT_SIGN).gt(INFINITY)
