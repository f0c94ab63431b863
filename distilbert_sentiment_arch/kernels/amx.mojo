"""Intel's matrix unit (AMX): products of 8-bit integers and of bfloat16 numbers, 16 rows at a time.

The compiler that MAX brings knows no AMX target, so that its instructions are given by their bytes
(Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2). Registers of tiles are not
the compiler's to allocate: nothing else uses them.

Tile registers 0 to 3 hold sums, 4 to 7 operands.
"""

from std.collections import Array
from std.ffi import external_call
from std.sys._assembly import inlined_assembly

comptime TILE_ROWS = 16
"""Rows of a tile register."""
comptime TILE_BYTES = 64
"""Bytes in a row of a tile register."""

comptime _ARCH_PRCTL = 158
comptime _ARCH_REQ_XCOMP_PERM = 0x1023
comptime _XFEATURE_XTILEDATA = 18


def permitted() -> Bool:
    """Asks Linux for the use of tile registers in this process; returns whether it allows it.

    Asking again changes nothing. A system without AMX refuses.
    """
    return (
        external_call["syscall", Int64](
            Int64(_ARCH_PRCTL), Int64(_ARCH_REQ_XCOMP_PERM), Int64(_XFEATURE_XTILEDATA)
        )
        == 0
    )


def begin():
    """Makes all tile registers of this core 16 rows of 64 bytes."""
    var settings = Array[UInt8, 64](fill=0)
    settings[0] = 1  # the palette
    for tile in range(8):
        settings[16 + 2 * tile] = TILE_BYTES
        settings[48 + tile] = TILE_ROWS
    # ldtilecfg [rdi]
    inlined_assembly[
        ".byte 0xc4,0xe2,0x78,0x49,0x07",
        NoneType,
        constraints="{rdi},~{memory}",
        has_side_effect=True,
    ](Int(Pointer(to=settings)))
    _ = settings^


@always_inline
def end():
    """Gives the tile registers back, so that the system need not save them."""
    # tilerelease
    inlined_assembly[
        ".byte 0xc4,0xe2,0x78,0x49,0xc0",
        NoneType,
        constraints="~{memory}",
        has_side_effect=True,
    ]()


@always_inline
def clear():
    """Sets the sums to 0."""
    # tilezero tmm0, tmm1, tmm2, tmm3
    inlined_assembly[
        ".byte 0xc4,0xe2,0x7b,0x49,0xc0,0xc4,0xe2,0x7b,0x49,0xc8,"
        "0xc4,0xe2,0x7b,0x49,0xd0,0xc4,0xe2,0x7b,0x49,0xd8",
        NoneType,
        constraints="~{memory}",
        has_side_effect=True,
    ]()


comptime _LOAD_SQUARE = (
    # tileloadd tmm4, [rsi+rcx]; tmm5, [rdx+rcx]; tmm6, [rdi+r8]; tmm7, [rdi+r8+64]
    ".byte 0xc4,0xe2,0x7b,0x4b,0x24,0x0e,0xc4,0xe2,0x7b,0x4b,0x2c,0x0a,"
    "0xc4,0xa2,0x7b,0x4b,0x34,0x07,0xc4,0xa2,0x7b,0x4b,0x7c,0x07,0x40,"
)
comptime _MULTIPLY_SQUARE_INTEGERS = (
    # tdpbusd tmm0, tmm4, tmm6; tmm1, tmm4, tmm7; tmm2, tmm5, tmm6; tmm3, tmm5, tmm7
    "0xc4,0xe2,0x49,0x5e,0xc4,0xc4,0xe2,0x41,0x5e,0xcc,"
    "0xc4,0xe2,0x49,0x5e,0xd5,0xc4,0xe2,0x41,0x5e,0xdd"
)
comptime _MULTIPLY_SQUARE_BFLOAT16 = (
    # tdpbf16ps of the same registers
    "0xc4,0xe2,0x4a,0x5c,0xc4,0xc4,0xe2,0x42,0x5c,0xcc,"
    "0xc4,0xe2,0x4a,0x5c,0xd5,0xc4,0xe2,0x42,0x5c,0xdd"
)


@always_inline
def add_square[integers: Bool](upper: Int, lower: Int, stride: Int, columns: Int, width: Int):
    """Adds 64 bytes of each of 32 rows, times 32 columns, to the sums.

    Parameters:
        integers: Rows are unsigned 8-bit integers and columns signed ones; otherwise, both bfloat16.

    Args:
        upper: Address of the first 16 rows; their sums are in tiles 0 and 1.
        lower: Address of the other 16 rows; their sums are in tiles 2 and 3.
        stride: Bytes from one row to the next.
        columns: Address of 16 rows of the panel, each 4 bytes of each of 32 columns.
        width: Bytes from one row of the panel to the next.
    """
    comptime multiply = _MULTIPLY_SQUARE_INTEGERS if integers else _MULTIPLY_SQUARE_BFLOAT16
    inlined_assembly[
        _LOAD_SQUARE + multiply,
        NoneType,
        constraints="{rsi},{rdx},{rcx},{rdi},{r8},~{memory}",
        has_side_effect=True,
    ](upper, lower, stride, columns, width)


@always_inline
def store_square(upper: Int, lower: Int, stride: Int):
    """Stores the sums of 32 rows and 32 columns: 128 bytes a row, `stride` bytes apart."""
    # tilestored [rdi+rcx], tmm0; [rdi+rcx+64], tmm1; [rdx+rcx], tmm2; [rdx+rcx+64], tmm3
    inlined_assembly[
        ".byte 0xc4,0xe2,0x7a,0x4b,0x04,0x0f,0xc4,0xe2,0x7a,0x4b,0x4c,0x0f,0x40,"
        "0xc4,0xe2,0x7a,0x4b,0x14,0x0a,0xc4,0xe2,0x7a,0x4b,0x5c,0x0a,0x40",
        NoneType,
        constraints="{rdi},{rdx},{rcx},~{memory}",
        has_side_effect=True,
    ](upper, lower, stride)


comptime _MULTIPLY_STRIP_INTEGERS = (
    # tileloadd tmm4, [rsi+rcx]; tmm5, [rdi+r8]; tmm6, [rdi+r8+64]; tmm7, [rdi+r8+128]
    ".byte 0xc4,0xe2,0x7b,0x4b,0x24,0x0e,0xc4,0xa2,0x7b,0x4b,0x2c,0x07,"
    "0xc4,0xa2,0x7b,0x4b,0x74,0x07,0x40,0xc4,0xa2,0x7b,0x4b,0xbc,0x07,0x80,0,0,0,"
    # tdpbusd tmm0, tmm4, tmm5; tmm1, tmm4, tmm6; tmm2, tmm4, tmm7
    "0xc4,0xe2,0x51,0x5e,0xc4,0xc4,0xe2,0x49,0x5e,0xcc,0xc4,0xe2,0x41,0x5e,0xd4,"
    # tileloadd tmm5, [rdi+r8+192]; tdpbusd tmm3, tmm4, tmm5
    "0xc4,0xa2,0x7b,0x4b,0xac,0x07,0xc0,0,0,0,0xc4,0xe2,0x51,0x5e,0xdc"
)
comptime _MULTIPLY_STRIP_BFLOAT16 = (
    # the same with tdpbf16ps
    ".byte 0xc4,0xe2,0x7b,0x4b,0x24,0x0e,0xc4,0xa2,0x7b,0x4b,0x2c,0x07,"
    "0xc4,0xa2,0x7b,0x4b,0x74,0x07,0x40,0xc4,0xa2,0x7b,0x4b,0xbc,0x07,0x80,0,0,0,"
    "0xc4,0xe2,0x52,0x5c,0xc4,0xc4,0xe2,0x4a,0x5c,0xcc,0xc4,0xe2,0x42,0x5c,0xd4,"
    "0xc4,0xa2,0x7b,0x4b,0xac,0x07,0xc0,0,0,0,0xc4,0xe2,0x52,0x5c,0xdc"
)


@always_inline
def add_strip[integers: Bool](rows: Int, stride: Int, columns: Int, width: Int):
    """Adds 64 bytes of each of 16 rows, times 64 columns, to the sums.

    Parameters:
        integers: As for `add_square`.

    Args:
        rows: Address of the rows.
        stride: Bytes from one row to the next.
        columns: Address of 16 rows of the panel, each 4 bytes of each of 64 columns.
        width: Bytes from one row of the panel to the next.
    """
    comptime multiply = _MULTIPLY_STRIP_INTEGERS if integers else _MULTIPLY_STRIP_BFLOAT16
    inlined_assembly[
        multiply,
        NoneType,
        constraints="{rsi},{rcx},{rdi},{r8},~{memory}",
        has_side_effect=True,
    ](rows, stride, columns, width)


@always_inline
def store_strip(rows: Int, stride: Int):
    """Stores the sums of 16 rows and 64 columns: 256 bytes a row, `stride` bytes apart."""
    # tilestored [rdi+rcx], tmm0; [rdi+rcx+64], tmm1; [rdi+rcx+128], tmm2; [rdi+rcx+192], tmm3
    inlined_assembly[
        ".byte 0xc4,0xe2,0x7a,0x4b,0x04,0x0f,0xc4,0xe2,0x7a,0x4b,0x4c,0x0f,0x40,"
        "0xc4,0xe2,0x7a,0x4b,0x94,0x0f,0x80,0,0,0,0xc4,0xe2,0x7a,0x4b,0x9c,0x0f,0xc0,0,0,0",
        NoneType,
        constraints="{rdi},{rcx},~{memory}",
        has_side_effect=True,
    ](rows, stride)


comptime _MULTIPLY_SPLIT = (
    # tileloadd tmm4, [rsi+rcx]; tmm5, [rsi+rcx+1024]; for each n of 4, with m = 2048 n:
    #   tileloadd tmm6, [rdi+rcx+m]; tdpbf16ps tmmn, tmm4, tmm6; tmmn, tmm5, tmm6
    #   tileloadd tmm7, [rdi+rcx+m+1024]; tdpbf16ps tmmn, tmm4, tmm7
    ".byte 0xc4,0xe2,0x7b,0x4b,0x24,0x0e,0xc4,0xe2,0x7b,0x4b,0xac,0x0e,0,0x04,0,0,"
    "0xc4,0xe2,0x7b,0x4b,0x34,0x0f,0xc4,0xe2,0x4a,0x5c,0xc4,0xc4,0xe2,0x4a,0x5c,0xc5,"
    "0xc4,0xe2,0x7b,0x4b,0xbc,0x0f,0,0x04,0,0,0xc4,0xe2,0x42,0x5c,0xc4,"
    "0xc4,0xe2,0x7b,0x4b,0xb4,0x0f,0,0x08,0,0,0xc4,0xe2,0x4a,0x5c,0xcc,"
    "0xc4,0xe2,0x4a,0x5c,0xcd,0xc4,0xe2,0x7b,0x4b,0xbc,0x0f,0,0x0c,0,0,"
    "0xc4,0xe2,0x42,0x5c,0xcc,0xc4,0xe2,0x7b,0x4b,0xb4,0x0f,0,0x10,0,0,"
    "0xc4,0xe2,0x4a,0x5c,0xd4,0xc4,0xe2,0x4a,0x5c,0xd5,"
    "0xc4,0xe2,0x7b,0x4b,0xbc,0x0f,0,0x14,0,0,0xc4,0xe2,0x42,0x5c,0xd4,"
    "0xc4,0xe2,0x7b,0x4b,0xb4,0x0f,0,0x18,0,0,0xc4,0xe2,0x4a,0x5c,0xdc,"
    "0xc4,0xe2,0x4a,0x5c,0xdd,0xc4,0xe2,0x7b,0x4b,0xbc,0x0f,0,0x1c,0,0,"
    "0xc4,0xe2,0x42,0x5c,0xdc"
)


@always_inline
def add_split(rows: Int, columns: Int):
    """Adds 32 numbers of each of 16 rows, times 64 columns, to the sums, see `split.mojo`.

    All operands are whole tiles of 16 rows of 64 bytes, one behind the other.

    Args:
        rows: Address of the high parts of the rows, and of the low ones behind them.
        columns: Address of the high parts of 16 columns, of the low ones, of the next 16 columns.
    """
    inlined_assembly[
        _MULTIPLY_SPLIT,
        NoneType,
        constraints="{rsi},{rdi},{rcx},~{memory}",
        has_side_effect=True,
    ](rows, columns, TILE_BYTES)


@always_inline
def load_sums(tiles: Int):
    """Loads the sums, four tiles one behind the other."""
    # tileloadd tmm0, [rdi+rcx]; tmm1, [rdi+rcx+1024]; tmm2, [rdi+rcx+2048]; tmm3, [rdi+rcx+3072]
    inlined_assembly[
        ".byte 0xc4,0xe2,0x7b,0x4b,0x04,0x0f,0xc4,0xe2,0x7b,0x4b,0x8c,0x0f,0,0x04,0,0,"
        "0xc4,0xe2,0x7b,0x4b,0x94,0x0f,0,0x08,0,0,0xc4,0xe2,0x7b,0x4b,0x9c,0x0f,0,0x0c,0,0",
        NoneType,
        constraints="{rdi},{rcx},~{memory}",
        has_side_effect=True,
    ](tiles, TILE_BYTES)


@always_inline
def store_sums(tiles: Int):
    """Stores the sums, four tiles one behind the other."""
    # tilestored [rdi+rcx], tmm0; [rdi+rcx+1024], tmm1; [rdi+rcx+2048], tmm2; [rdi+rcx+3072], tmm3
    inlined_assembly[
        ".byte 0xc4,0xe2,0x7a,0x4b,0x04,0x0f,0xc4,0xe2,0x7a,0x4b,0x8c,0x0f,0,0x04,0,0,"
        "0xc4,0xe2,0x7a,0x4b,0x94,0x0f,0,0x08,0,0,0xc4,0xe2,0x7a,0x4b,0x9c,0x0f,0,0x0c,0,0",
        NoneType,
        constraints="{rdi},{rcx},~{memory}",
        has_side_effect=True,
    ](tiles, TILE_BYTES)
