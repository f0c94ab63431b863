"""Dot products of four 8-bit integers, or of two bfloat16 numbers, in each of 16 lanes.

An operand is 4 bytes: a word. The integers of a dot product are exact, whatever computes them: the
sums are the same on every processor.
"""

from std.memory import bitcast
from std.sys import llvm_intrinsic
from std.sys.info import CompilationTarget

from .tile import LANES, Numbers

comptime Words = SIMD[DType.int32, LANES]
comptime Columns = SIMD[DType.uint8, 4 * LANES]
"""A word of each of 16 columns."""

comptime HAS_AVX512 = CompilationTarget._has_feature["avx512f"]()
comptime HAS_VNNI = CompilationTarget._has_feature["avx512vnni"]()
comptime HAS_VEX_VNNI = CompilationTarget._has_feature["avxvnni"]() and not HAS_VNNI
comptime HAS_AVX2 = CompilationTarget._has_feature["avx2"]()
comptime HAS_NEON_DOT = CompilationTarget._has_feature["dotprod"]()
comptime HAS_BFLOAT16 = CompilationTarget._has_feature["avx512bf16"]()

comptime OFFSET = 128 if HAS_VNNI or HAS_VEX_VNNI else 0
"""Added to the integers of a row: VNNI multiplies unsigned ones by signed ones. Sums then start at
`-OFFSET` times the sum of their column."""

comptime sum_dtype[dtype: DType] = DType.int32 if dtype == DType.int8 else DType.float32
comptime Sums[dtype: DType] = SIMD[sum_dtype[dtype], LANES]


@always_inline
def add_dot[dtype: DType](sums: Sums[dtype], word: Int32, columns: Columns) -> Sums[dtype]:
    """Returns the sums plus the products of a word of a row and a word of each column.

    Parameters:
        dtype: `int8`, whose rows have `OFFSET` added, or `bfloat16`.

    Args:
        sums: Of 16 columns.
        word: 4 bytes of the row.
        columns: 4 bytes of each column.
    """
    comptime if dtype == DType.int8:
        return rebind[Sums[dtype]](
            _add_integers(rebind[Words](sums), word, bitcast[DType.int8, 4 * LANES](columns))
        )
    else:
        comptime assert dtype == DType.bfloat16, "a dtype that has no dot product"
        return rebind[Sums[dtype]](_add_bfloat16(rebind[Numbers](sums), word, columns))


@always_inline
def _add_integers(sums: Words, word: Int32, columns: SIMD[DType.int8, 4 * LANES]) -> Words:
    comptime if HAS_VNNI:
        return llvm_intrinsic["llvm.x86.avx512.vpdpbusd.512", Words, has_side_effect=False](
            sums, bitcast[DType.uint8, 4 * LANES](Words(word)), columns
        )
    elif HAS_VEX_VNNI or HAS_AVX2:
        comptime half = LANES // 2
        var lower = _add_half(sums.slice[half](), word, columns.slice[4 * half]())
        var upper = _add_half(
            sums.slice[half, offset=half](), word, columns.slice[4 * half, offset=4 * half]()
        )
        return rebind[Words](lower.join(upper))
    elif HAS_NEON_DOT:
        var result = sums
        comptime for quarter in range(4):
            result = result.insert[offset=4 * quarter](
                llvm_intrinsic[
                    "llvm.aarch64.neon.sdot.v4i32.v16i8",
                    SIMD[DType.int32, 4],
                    has_side_effect=False,
                ](
                    sums.slice[4, offset=4 * quarter](),
                    bitcast[DType.int8, 16](SIMD[DType.int32, 4](word)),
                    columns.slice[16, offset=16 * quarter](),
                )
            )
        return result
    else:
        var result = sums
        var words = bitcast[DType.int32, LANES](columns)
        comptime for byte in range(4):
            var left = Int32(24 - 8 * byte)
            result += ((words << Words(left)) >> Words(24)) * Words((word << left) >> 24)
        return result


@always_inline
def _add_half(
    sums: SIMD[DType.int32, 8], word: Int32, columns: SIMD[DType.int8, 32]
) -> SIMD[DType.int32, 8]:
    comptime Half = SIMD[DType.int32, 8]
    var row = bitcast[DType.int8, 32](Half(word))
    comptime if HAS_VEX_VNNI:
        return llvm_intrinsic["llvm.x86.avx512.vpdpbusd.256", Half, has_side_effect=False](
            sums, bitcast[DType.uint8, 32](row), columns
        )
    else:
        # vpmaddubsw saturates at 16 bits, unless both factors stay within 127: the first one
        # without its sign, which the second one takes over, 2 * 127 * 127 fits.
        var signed = llvm_intrinsic[
            "llvm.x86.avx2.psign.b", SIMD[DType.int8, 32], has_side_effect=False
        ](columns, row)
        var pairs = llvm_intrinsic[
            "llvm.x86.avx2.pmadd.ub.sw", SIMD[DType.int16, 16], has_side_effect=False
        ](bitcast[DType.uint8, 32](abs(row)), signed)
        return sums + llvm_intrinsic["llvm.x86.avx2.pmadd.wd", Half, has_side_effect=False](
            pairs, SIMD[DType.int16, 16](1)
        )


@always_inline
def _add_bfloat16(sums: Numbers, word: Int32, columns: Columns) -> Numbers:
    comptime if HAS_BFLOAT16:
        return llvm_intrinsic["llvm.x86.avx512bf16.dpbf16ps.512", Numbers, has_side_effect=False](
            sums,
            bitcast[DType.bfloat16, 2 * LANES](Words(word)),
            bitcast[DType.bfloat16, 2 * LANES](columns),
        )
    else:
        # The upper half of a float32 number is a bfloat16 number.
        comptime upper = Int32(-65536)
        var words = bitcast[DType.int32, LANES](columns)
        var second = bitcast[DType.float32, LANES](Words(word & upper)).fma(
            bitcast[DType.float32, LANES](words & Words(upper)), sums
        )
        return bitcast[DType.float32, LANES](Words(word << 16)).fma(
            bitcast[DType.float32, LANES](words << Words(16)), second
        )
