"""Encodes rows and multiplies them, for test_codes.py and test_code_linear.py.

Arguments: a file of cases, a file for the results, and 1 where the matrix unit is to be used. A case
is 5 integers (see `Layout`), the rows, the panels, the vectors, and a residual. Its results are the
codes, the scales and the products.
"""

from file_reader import Reader
from kernels import amx as matrix_unit
from kernels.code_linear import SUMS_SIZE, CodeLinear
from kernels.codes import Codes
from kernels.dot import HAS_VNNI
from kernels.tile import Floats, floats, whole_panels
from std.sys import argv


@fieldwise_init
struct Layout(ImplicitlyCopyable):
    var kind: Int  # index of `run`'s branches
    var rows: Int
    var first: Int  # rows before it are computed by a call of their own
    var depth: Int
    var columns: Int


def append(mut written: List[UInt8], address: Int, size: Int):
    var bytes = Pointer[UInt8, MutUntrackedOrigin](unsafe_from_address=address)
    for i in range(size):
        written.append(bytes[unsafe_offset=i])


def compute[
    dtype: DType, amx: Bool, activation: StaticString, has_residual: Bool = False
](layout: Layout, mut reader: Reader, mut written: List[UInt8]):
    var x = floats(reader.take(4 * layout.rows * layout.depth))
    var scales = List[Float32](length=layout.rows, fill=7)
    var codes = Codes[dtype](0, floats(Int(scales.unsafe_ptr())), layout.depth)
    # What nobody writes is not 0.
    var memory = List[UInt8](length=codes.size(layout.rows), fill=77)
    codes.address = Int(memory.unsafe_ptr())
    for row in range(layout.rows):
        codes.encode(row, x.unsafe_offset(row * layout.depth))
    var wide = whole_panels(layout.columns)
    var panels = reader.take(wide * codes.stride)
    var vectors = floats(reader.take(4 * 3 * wide))
    var residual = floats(reader.take(4 * layout.rows * layout.columns))
    var layer = CodeLinear[dtype](panels, vectors, codes.stride, layout.columns)
    var result = List[Float32](length=layout.rows * layout.columns, fill=7)
    var numbers = floats(Int(result.unsafe_ptr()))
    var sums = List[Float32](length=SUMS_SIZE, fill=7)
    var room = floats(Int(sums.unsafe_ptr()))
    comptime if amx:
        matrix_unit.begin()
    for panel in range(layer.panel_count()):
        layer.compute[amx, activation, has_residual](
            codes, panel, 0, layout.first, numbers, residual, room
        )
        layer.compute[amx, activation, has_residual](
            codes, panel, layout.first, layout.rows, numbers, residual, room
        )
    comptime if amx:
        matrix_unit.end()
    append(written, codes.address, layout.rows * codes.stride)
    append(written, Int(scales.unsafe_ptr()), 4 * layout.rows)
    append(written, Int(numbers), 4 * layout.rows * layout.columns)
    _ = memory^
    _ = scales^
    _ = result^
    _ = sums^


def run[amx: Bool](mut reader: Reader, mut written: List[UInt8]):
    while reader.place < len(reader.bytes):
        var layout = Layout(
            reader.integer(),
            reader.integer(),
            reader.integer(),
            reader.integer(),
            reader.integer(),
        )
        if layout.kind == 0:
            compute[DType.int8, amx, "none"](layout, reader, written)
        elif layout.kind == 1:
            compute[DType.int8, amx, "gelu"](layout, reader, written)
        elif layout.kind == 2:
            compute[DType.int8, amx, "none", True](layout, reader, written)
        else:
            compute[DType.bfloat16, amx, "none"](layout, reader, written)


def main() raises:
    var reader = Reader(String(argv()[1]))
    var written = List[UInt8]()
    if argv()[3] == "0":
        run[False](reader, written)
    else:
        if not matrix_unit.permitted():
            raise Error("the system does not allow the matrix unit")
        comptime if HAS_VNNI:  # as have all processors with a matrix unit
            run[True](reader, written)
    with open(String(argv()[2]), "w") as file:
        file.write_bytes(written)
