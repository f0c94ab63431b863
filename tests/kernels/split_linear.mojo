"""Computes linear layers of split weights, for test_split_linear.py.

Arguments: a file, a file for the results, and one that is not read. The file has cases: integers (see
`main`), then x, panels, bias and residual. Memory to work in is filled with NaN before each case.
"""

from file_reader import Reader
from kernels.linear import SPLIT, Linear
from kernels.split_products import new_scratch
from kernels.tile import Floats, floats
from std.sys import argv

comptime GUARD = 64
comptime UNTOUCHED: Float32 = 77


def compute[
    activation: StaticString, has_residual: Bool = False, gated: Bool = False
](mut reader: Reader, mut written: List[UInt8]) raises:
    var rows = reader.integer()
    var depth = reader.integer()
    var columns = reader.integer()
    var panels = reader.integer()
    var width = columns // 2 if gated else columns
    var result = List[Float32](length=rows * width, fill=0)
    for _ in range(GUARD):
        result.append(UNTOUCHED)
    var x = floats(reader.take(4 * rows * depth))
    var weights = reader.take(4 * panels * depth * 64)
    var bias = floats(reader.take(4 * panels * 64))
    var residual = floats(reader.take(4 * rows * width))
    var layer = Linear[SPLIT](
        x, weights, bias, floats(Int(result.unsafe_ptr())), rows, depth, columns
    )
    var scratch = new_scratch(layer.scratch_size() + GUARD)
    for i in range(16, len(scratch)):
        scratch[i] = Float32(0) / Float32(0)
    for i in range(layer.scratch_size(), len(scratch)):
        scratch[i] = UNTOUCHED
    for item in range(layer.items()):
        layer.compute[activation, has_residual, gated](
            item, residual, floats(Int(scratch.unsafe_ptr()))
        )
    for i in range(GUARD):
        if (
            scratch[layer.scratch_size() + i] != UNTOUCHED
            or result[rows * width + i] != UNTOUCHED
        ):
            raise Error("more memory was written than was asked for")
    var bytes = result.unsafe_ptr().unsafe_bitcast[UInt8]()
    for i in range(4 * rows * width):
        written.append(bytes[unsafe_offset=i])
    _ = scratch^


def main() raises:
    var reader = Reader(String(argv()[1]))
    var written = List[UInt8]()
    while reader.place < len(reader.bytes):
        var kind = reader.integer()
        if kind == 0:
            compute["none"](reader, written)
        elif kind == 1:
            compute["gelu"](reader, written)
        elif kind == 2:
            compute["none", True](reader, written)
        else:
            compute["silu", gated=True](reader, written)
    with open(String(argv()[2]), "w") as file:
        file.write_bytes(written)
